//! The command line as clap types, and which verb runs what.

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

use super::{
    CommandError, Context, Outcome, bundle, check, commit, completions, context, deinit, demo, doctor, explain, gate,
    hooks, init, learn, man, phase, policy, prime, profile, redact, report, route, session, task, upgrade, version,
    welcome,
};

/// About, then examples, then the reference.
const TEMPLATE: &str = "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// A Git-native workflow engine: agents work in phases, humans hold the gates, git proves it
#[derive(Debug, Parser)]
#[command(
    name = "agentops",
    version,
    before_long_help = "Examples:
  agentops explain five-laws
  agentops explain AO-L3
  agentops help explain"
)]
pub struct Cli {
    /// Flags of every command.
    #[command(flatten)]
    pub options: Options,
    /// What to do; nothing: the first steps are shown.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Options {
    // Not global: clap would forget those before a command where another stands behind it. Git wants it in front, too.
    /// Work in DIR instead of the current folder; stands before the command, each further one meant from the one before
    #[arg(short = 'C', value_name = "DIR", action = ArgAction::Append)]
    pub directories: Vec<PathBuf>,
    /// Print one JSON document on standard output, for errors too
    #[arg(long, global = true)]
    pub json: bool,
    /// Colour the output
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub color: ColorWhen,
    /// Print only data, warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Never ask; fail where an answer would be needed
    #[arg(long, global = true)]
    pub no_input: bool,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Everywhere but in JSON
    Always,
    /// Nowhere
    Never,
}

impl ColorWhen {
    /// Reads a value of `--color`.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        Self::from_str(name, false).ok()
    }
}

/// The flag of every command that writes: flattened into its arguments.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Writing {
    /// Say what would be written, and write nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "the text of each command stands at its arguments, where help reads it")]
pub enum Command {
    Init(init::Arguments),
    #[command(subcommand)]
    Task(task::Verb),
    Prime(prime::Arguments),
    Route(route::Arguments),
    #[command(subcommand)]
    Phase(phase::Verb),
    #[command(subcommand)]
    Gate(gate::Verb),
    #[command(subcommand)]
    Profile(profile::Verb),
    #[command(subcommand)]
    Policy(policy::Verb),
    Upgrade(upgrade::Arguments),
    Redact(redact::Arguments),
    Check(check::Arguments),
    #[command(subcommand)]
    Verify(super::verify::Verb),
    Commit(commit::Arguments),
    #[command(subcommand)]
    Hooks(hooks::Verb),
    #[command(subcommand)]
    Session(session::Verb),
    #[command(subcommand)]
    Learn(learn::Verb),
    #[command(subcommand)]
    Bundle(bundle::Verb),
    Context(context::Arguments),
    #[command(subcommand)]
    Report(report::Verb),
    Doctor(doctor::Arguments),
    Demo(demo::Arguments),
    Deinit(deinit::Arguments),
    Explain(explain::Arguments),
    Completions(completions::Arguments),
    Man(man::Arguments),
    Version(version::Arguments),
}

/// The whole tree of commands, as help, completions and manual pages show it.
pub fn tree() -> clap::Command {
    with_template(Cli::command())
}

fn with_template(command: clap::Command) -> clap::Command {
    command.help_template(TEMPLATE).mut_subcommands(with_template)
}

/// Runs the verb that was asked for.
pub(super) fn run(command: Option<Command>, context: &mut Context) -> Result<Outcome, CommandError> {
    match command {
        None => welcome::run(context),
        Some(Command::Init(arguments)) => init::run(arguments, context),
        Some(Command::Task(verb)) => task::run(verb, context),
        Some(Command::Prime(arguments)) => prime::run(arguments, context),
        Some(Command::Route(arguments)) => route::run(arguments, context),
        Some(Command::Phase(verb)) => phase::run(verb, context),
        Some(Command::Gate(verb)) => gate::run(verb, context),
        Some(Command::Profile(verb)) => profile::run(verb, context),
        Some(Command::Policy(verb)) => policy::run(verb, context),
        Some(Command::Upgrade(arguments)) => upgrade::run(arguments, context),
        Some(Command::Redact(arguments)) => redact::run(arguments, context),
        Some(Command::Check(arguments)) => check::run(arguments, context),
        Some(Command::Verify(verb)) => super::verify::run(verb, context),
        Some(Command::Commit(arguments)) => commit::run(arguments, context),
        Some(Command::Hooks(verb)) => hooks::run(verb, context),
        Some(Command::Session(verb)) => session::run(verb, context),
        Some(Command::Learn(verb)) => learn::run(verb, context),
        Some(Command::Bundle(verb)) => bundle::run(verb, context),
        Some(Command::Context(arguments)) => context::run(arguments, context),
        Some(Command::Report(verb)) => report::run(verb, context),
        Some(Command::Doctor(arguments)) => doctor::run(arguments, context),
        Some(Command::Demo(arguments)) => demo::run(arguments, context),
        Some(Command::Deinit(arguments)) => deinit::run(&arguments, context),
        Some(Command::Explain(arguments)) => explain::run(arguments, context),
        Some(Command::Completions(arguments)) => completions::run(arguments, context),
        Some(Command::Man(arguments)) => man::run(arguments, context),
        Some(Command::Version(arguments)) => version::run(arguments, context),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command with its path, the program itself first; `help` excepted.
    fn walk(command: &clap::Command, path: &str, out: &mut Vec<(String, clap::Command)>) {
        out.push((path.to_owned(), command.clone()));
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            walk(sub, &format!("{path} {}", sub.get_name()), out);
        }
    }

    /// The words of an example line, with double quotes around what holds spaces; comments and redirections are cut
    /// off.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" #").flat_map(|part| part.split(" >")).next().unwrap_or_default();
        let words = line.split('"').enumerate().flat_map(|(index, part)| {
            if index % 2 == 1 { vec![part.to_owned()] } else { part.split_whitespace().map(str::to_owned).collect() }
        });
        words.collect()
    }

    #[test]
    fn the_tree_is_sound() {
        tree().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does_and_shows_examples_that_parse() {
        let mut commands = Vec::new();
        walk(&tree(), "agentops", &mut commands);
        for (path, command) in commands {
            assert!(command.get_about().is_some(), "`{path}` does not say what it does");
            let help = command.get_before_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                help.lines().all(|line| line.chars().count() <= 100),
                "`{path}` has a line that is broken when shown"
            );
            let joined = help.replace("\\\n", " ");
            let examples: Vec<_> = joined.lines().filter(|line| line.starts_with("  agentops")).collect();
            assert!(help.starts_with("Examples:\n") && !examples.is_empty(), "`{path}` shows no examples");
            for example in examples {
                let result = tree().try_get_matches_from(words(example));
                if let Err(error) = result {
                    assert!(!error.use_stderr(), "`{path}` shows an example that does not parse: {error}");
                }
            }
        }
    }

    #[test]
    fn examples_split_as_a_shell_would() {
        assert_eq!(words("  a b \"c d\" > f # e"), ["a", "b", "c d"]);
    }
}
