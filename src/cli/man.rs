//! `agentops man`.

use std::fs;
use std::io;
use std::path::PathBuf;

use clap_mangen::Man;
use serde::Serialize;

use super::{CommandError, Context, Outcome, Writing, out_file, tree};

/// Print the manual page, or write one page for each command
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops man > agentops.1
  agentops man --dir ~/.local/share/man/man1")]
pub struct Arguments {
    /// Write one page for each command into DIR, which is made if need be
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(flatten)]
    writing: Writing,
}

#[derive(Serialize)]
struct PageBody {
    name: String,
    page: String,
}

#[derive(Serialize)]
struct WrittenBody {
    dir: String,
    pages: Vec<String>,
    dry_run: bool,
}

/// Prints or writes the pages.
pub(super) fn run(arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    let mut pages = pages().map_err(CommandError::failed)?;
    let Some(dir) = arguments.dir else {
        let body = pages.swap_remove(0);
        context.ui.show(&body, |page| page.raw(&body.page));
        return Ok(Outcome::Done);
    };
    let target = context.path(&dir);
    let dry_run = arguments.writing.dry_run;
    if !dry_run {
        let failed = |error: io::Error| {
            CommandError::failed(format!("cannot write manual pages to `{}`", target.display())).because(error)
        };
        out_file::refuse_kept(&target.join("agentops.1"), None, "manual pages")?;
        fs::create_dir_all(&target).map_err(failed)?;
        for page in &pages {
            out_file::write_over(&target.join(&page.name), page.page.as_bytes(), "manual page")?;
        }
    }
    let body = WrittenBody {
        dir: target.display().to_string(),
        pages: pages.into_iter().map(|page| page.name).collect(),
        dry_run,
    };
    context.ui.show(&body, |page| body.pages.iter().for_each(|name| page.text(name)));
    let verb = if dry_run { "would write" } else { "wrote" };
    context.ui.talk(format!("{verb} {} pages to {}", body.pages.len(), body.dir));
    Ok(Outcome::Done)
}

/// The pages of the program and of every command that is not hidden, the program's first.
fn pages() -> io::Result<Vec<PageBody>> {
    // `help` would get a page for each command again, and its own would be named in the program's.
    let mut command = with_examples_below(tree()).disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    let mut pending = vec![command];
    while let Some(command) = pending.pop() {
        pending.extend(command.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned());
        pages.push(page(command)?);
    }
    pages[1..].sort_by(|a, b| a.name.cmp(&b.name));
    Ok(pages)
}

fn page(command: clap::Command) -> io::Result<PageBody> {
    let man = Man::new(command);
    let mut page = Vec::new();
    man.render(&mut page)?;
    Ok(PageBody { name: man.get_filename(), page: String::from_utf8_lossy(&page).into_owned() })
}

/// Manual pages have no place for text before the synopsis, so the examples go to the end.
fn with_examples_below(command: clap::Command) -> clap::Command {
    let command = match command.get_before_long_help().cloned() {
        Some(examples) => command.after_long_help(examples),
        None => command,
    };
    command.mut_subcommands(with_examples_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_examples() {
        let pages = pages().unwrap();
        assert_eq!(pages[0].name, "agentops.1");
        assert!(pages.iter().any(|page| page.name == "agentops-explain.1"));
        for page in pages {
            assert!(page.page.contains("Examples:"), "{}", page.name);
        }
    }
}
