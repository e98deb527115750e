//! `agentops check`: the judge. Reads git objects, runs nothing, and writes nothing but the report that it is asked for.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::out_file;
use super::{CommandError, Context, ErrorKind, Outcome, secrets_history};
use crate::engine::judging::landing::{self, Landing};
use crate::engine::judging::replay;
use crate::engine::judging::root;
use crate::engine::judging::staged;
use crate::model::layout;
use crate::model::report::Report;
use crate::ui::formats;
use crate::ui::{Mode, ReportBody, Settings, Ui};

/// The longest message that is read.
const LONGEST_MESSAGE: u64 = 1024 * 1024;

/// Judge what is staged, a message, what is to land on a base, or all history
#[derive(Debug, Args)]
#[command(before_long_help = "Examples:
  agentops check                       # what is staged
  agentops check --base origin/main    # what lands on main, as CI judges it
  agentops check --all                 # every commit on the first-parent line
  agentops check --message message.txt
  agentops check --print-root          # the digest to pin with --root
  agentops check --secrets-history     # keys and passwords in every file of history
  agentops check --base origin/main --format github
  agentops check --base origin/main --format sarif --out agentops.sarif

`--format` is for who reads the verdict: `sarif` for code scanning, `github` for the log of a GitHub
job (annotations, and a table in its summary), `gitlab` for Code Quality, `junit` for whoever shows
tests. With `--out` the file gets that, and standard output is for people.

Exit codes: 0 all laws hold, 3 one is violated, 1 nothing was judged, 6 the merge has conflicts.")]
pub struct Arguments {
    /// Judge what is staged against HEAD; so does `check` alone
    #[arg(long, group = "mode")]
    staged: bool,
    /// Judge a commit message, for what is staged; `-` reads standard input
    #[arg(long, value_name = "FILE", group = "mode")]
    message: Option<String>,
    /// Judge what lands on REV, whose laws rule: all that is not reachable from it
    #[arg(long, value_name = "REV", group = "mode")]
    base: Option<String>,
    /// Replay the first-parent line, each commit under the laws of the one before
    #[arg(long, group = "mode")]
    all: bool,
    /// Print the digest of the governed files at REV or HEAD, for --root
    #[arg(long, value_name = "REV", group = "mode", num_args = 0..=1, default_missing_value = "HEAD")]
    print_root: Option<String>,
    /// Search every file that any branch or tag holds, or held, for secrets; before adoption too
    #[arg(long, group = "mode")]
    secrets_history: bool,
    /// Write what --secrets-history finds to FILE, as secrets that are known
    #[arg(
        long,
        value_name = "FILE",
        requires = "secrets_history",
        num_args = 0..=1,
        default_missing_value = layout::SECRETS_BASELINE,
        value_parser = out_file::named(),
    )]
    write_baseline: Option<PathBuf>,
    /// What is to land, or where the replay ends; HEAD if not given
    #[arg(long, value_name = "REV", conflicts_with_all = ["staged", "message", "print_root"])]
    tip: Option<String>,
    /// The branch that is to move to what is judged; without it a merge into a protected one is assumed
    #[arg(long, value_name = "BRANCH", conflicts_with_all = ["staged", "all", "print_root", "secrets_history"])]
    onto: Option<String>,
    /// The digest of the governed files at which trust starts
    #[arg(long, value_name = "DIGEST", conflicts_with_all = ["staged", "message", "print_root", "secrets_history"])]
    root: Option<String>,
    /// Nothing to judge is no failure
    #[arg(long)]
    allow_empty: bool,
    /// How the verdict is printed
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    format: Format,
    /// Write the verdict in that format to FILE, over what is there; standard output is for people, or is FILE `-`
    #[arg(long, value_name = "FILE", conflicts_with_all = ["print_root", "secrets_history"])]
    out: Option<PathBuf>,
    /// Report only: exit 0 for violations too
    #[arg(long)]
    exit_zero: bool,
}

/// How a verdict is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Human,
    /// One JSON document, as --json
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub, and a table in $GITHUB_STEP_SUMMARY
    Github,
    /// GitLab's Code Quality report
    Gitlab,
    /// JUnit XML: each law is a test
    Junit,
}

impl From<Format> for formats::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Human => Self::Human,
            Format::Json => Self::Json,
            Format::Sarif => Self::Sarif,
            Format::Github => Self::Github,
            Format::Gitlab => Self::Gitlab,
            Format::Junit => Self::Junit,
        }
    }
}

#[derive(Serialize)]
struct RootBody {
    root: String,
}

/// Judges, and prints the verdict.
pub(super) fn run(mut arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    arguments.out = arguments.out.filter(|file| file != Path::new("-"));
    let is_foreign = !matches!(arguments.format, Format::Human | Format::Json);
    if is_foreign && arguments.out.is_none() && context.ui.mode() == Mode::Json {
        return Err(CommandError::usage("`--json` and `--format` ask for different documents on standard output")
            .hint("leave one out, or write the other to a file with `--out FILE`"));
    }
    if arguments.format == Format::Json && arguments.out.is_none() && context.ui.mode() == Mode::Human {
        context.ui = Ui::new(Settings { mode: Mode::Json, ..context.ui.settings() });
    }
    if is_foreign && (arguments.print_root.is_some() || arguments.secrets_history) {
        let mode = if arguments.secrets_history { "--secrets-history" } else { "--print-root" };
        return Err(CommandError::usage(format!("`{mode}` prints no verdict of the laws"))
            .hint("leave `--format` out, or `--format json`"));
    }
    if let Some(rev) = &arguments.print_root {
        let body = RootBody { root: root::root_digest(&context.site(None)?, rev)?.hex() };
        context.ui.show(&body, |page| page.text(&body.root));
        return Ok(Outcome::Done);
    }
    if arguments.secrets_history {
        let Arguments { tip, write_baseline, exit_zero, .. } = &arguments;
        return secrets_history::run(tip.as_deref(), write_baseline.as_deref(), *exit_zero, context);
    }
    if arguments.tip.is_some() && arguments.base.is_none() && !arguments.all {
        return Err(CommandError::usage("`--tip` needs a base to land on").hint("agentops check --base REV --tip REV"));
    }
    if arguments.root.is_some() && arguments.base.is_none() && !arguments.all {
        return Err(CommandError::usage("`--root` pins where the judged history starts")
            .hint("agentops check --all --root DIGEST"));
    }
    let report = judge(&arguments, context)?;
    let body = ReportBody::of(&report);
    if is_foreign || arguments.out.is_some() {
        let text = formats::verdict(&report, arguments.format.into())
            .map_err(|error| CommandError::failed("the verdict cannot be printed").because(error))?;
        match &arguments.out {
            Some(file) => out_file::write_over(&context.path(file), text.as_bytes(), "verdict")?,
            None => context.ui.foreign(&text),
        }
    }
    if !is_foreign || arguments.out.is_some() {
        context.ui.show(&body, |page| body.fill(page));
    }
    if arguments.format == Format::Github {
        summarise(&report, context);
    }
    if report.passes() {
        return Ok(Outcome::Done);
    }
    if let Some(law) = body.broken_laws().first() {
        context.ui.hint(format!("agentops explain {law}"));
    }
    Ok(if arguments.exit_zero { Outcome::Done } else { Outcome::Ended(ErrorKind::Law) })
}

fn judge(arguments: &Arguments, context: &Context) -> Result<Report, CommandError> {
    let site = context.site(None)?;
    if let Some(base) = &arguments.base {
        let request = Landing {
            base: base.clone(),
            tip: arguments.tip.clone(),
            allow_empty: arguments.allow_empty,
            root: arguments.root.clone(),
            onto: arguments.onto.clone(),
            protected: false,
        };
        return Ok(landing::landing(&site, &request)?);
    }
    if arguments.all {
        return Ok(replay::all(&site, arguments.tip.as_deref(), arguments.root.as_deref())?);
    }
    if let Some(file) = &arguments.message {
        let text = read_message(file, context)?;
        return Ok(staged::message(&site, &text, arguments.onto.as_deref())?);
    }
    if !arguments.allow_empty && staged::nothing_staged(&site)? {
        return Err(CommandError::failed("nothing was judged: nothing is staged").hint(
            "`git add` something, or judge what is committed: `agentops check --base REV`, `agentops check --all`",
        ));
    }
    Ok(staged::staged(&site)?)
}

/// Appends the verdict to the summary of a GitHub job's step, where there is one. What goes wrong there changes no verdict.
fn summarise(report: &Report, context: &Context) {
    let Some(place) = context.env.github_step_summary() else { return };
    let there = fs::metadata(&place).map_or(0, |metadata| metadata.len());
    let gap = if there > 0 { "\n" } else { "" };
    let taken = usize::try_from(there).unwrap_or(usize::MAX).saturating_add(gap.len());
    let text = formats::summary(report, formats::LARGEST_SUMMARY.saturating_sub(taken));
    let written = if text.is_empty() {
        Err(io::Error::other("what is there leaves no room below 1 MiB, which is all that GitHub takes"))
    } else {
        let file = fs::OpenOptions::new().append(true).create(true).open(&place);
        file.and_then(|mut file| file.write_all(format!("{gap}{text}").as_bytes()))
    };
    if let Err(error) = written {
        context.ui.warning(format!("the step summary `{}` was not written: {error}", place.display()));
    }
}

fn read_message(file: &str, context: &Context) -> Result<String, CommandError> {
    let failed = |error: io::Error| {
        let name = if file == "-" { "standard input".to_owned() } else { format!("`{file}`") };
        CommandError::failed(format!("cannot read the message from {name}")).because(error)
    };
    let mut bytes = Vec::new();
    let read = if file == "-" {
        io::stdin().lock().take(LONGEST_MESSAGE + 1).read_to_end(&mut bytes)
    } else {
        fs::File::open(context.path(Path::new(file)))
            .and_then(|file| file.take(LONGEST_MESSAGE + 1).read_to_end(&mut bytes))
    };
    read.map_err(failed)?;
    if bytes.len() as u64 > LONGEST_MESSAGE {
        return Err(failed(io::Error::other("it is longer than 1 MiB")));
    }
    String::from_utf8(bytes).map_err(|_| failed(io::Error::other("it is not UTF-8")))
}
