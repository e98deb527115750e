//! `agentops demo`: a whole task in a throwaway repository.

use std::path::PathBuf;

use serde::Serialize;

use super::{CommandError, Context, Outcome};
use crate::engine::EngineError;
use crate::engine::adoption::demo::{Demo, SCRIPT, Shown, Who};
use crate::ui::{Mode, Ui, dim, hint, plain, strong};

/// Show a whole task in a throwaway repository: an agent works, a person holds the gates, git proves it
#[derive(Debug, clap::Args)]
#[command(before_long_help = "Examples:
  agentops demo                 # in a new temporary folder
  agentops demo /tmp/greeter    # in this folder, which must be empty")]
pub struct Arguments {
    /// Where to work; a new temporary folder if not given. It is kept, to look around in
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

#[derive(Serialize)]
struct Body {
    repository: String,
    commands: Vec<Ran>,
}

#[derive(Serialize)]
struct Ran {
    by: &'static str,
    command: String,
    exit: i32,
}

/// Runs the demo.
pub(super) fn run(arguments: Arguments, context: &mut Context) -> Result<Outcome, CommandError> {
    let dir = match arguments.dir {
        Some(dir) => context.path(&dir),
        None => Demo::temporary_folder()?,
    };
    let program = context.env.current_exe().map_err(|error| EngineError::Refused {
        message: format!("the demo cannot find its own program: {error}"),
        hint: "run it by its full path".into(),
    })?;
    let mut demo = Demo::new(&dir, &program, context.env.plain())?;
    let mut body = Body { repository: demo.repository().display().to_string(), commands: Vec::new() };
    for step in SCRIPT {
        let shown = demo.step(step)?;
        tell(&context.ui, &shown);
        if let Shown::Ran { who, line, code, .. } = shown {
            body.commands.push(Ran { by: name(who), command: line, exit: code });
        }
    }
    let place = demo.repository().display().to_string();
    context.ui.show(&body, |page| {
        page.blank();
        page.line([strong("What to try next")]);
        page.line([plain(format!("  cd {place}"))]);
        for (command, why) in [
            ("agentops task list --all", "the task, done"),
            ("git log --stat", "every change of state is a commit of plain files"),
            ("agentops explain five-laws", "what refused the commit above, and why"),
            ("agentops doctor", "whether hooks and rules are in order"),
        ] {
            page.line([plain(format!("  {command:<28}")), dim(why)]);
        }
        page.blank();
        page.labelled(hint("in your own repository"), "agentops init");
    });
    Ok(Outcome::Done)
}

fn name(who: Who) -> &'static str {
    match who {
        Who::Human => "ada",
        Who::Agent => "claude",
    }
}

fn tell(ui: &Ui, shown: &Shown) {
    if ui.mode() == Mode::Json {
        return;
    }
    ui.data(|page| match shown {
        Shown::Chapter(title) => {
            page.blank();
            page.line([strong(format!("== {title}"))]);
        }
        Shown::Said(text) => {
            page.blank();
            page.wrapped(0, text);
        }
        Shown::Wrote(path) => page.line([dim(format!("  (writes {path})"))]),
        Shown::Ran { who, line, output, code } => {
            page.blank();
            page.line([dim(format!("{}$ ", name(*who))), strong(line)]);
            for text in output.lines() {
                page.line([plain(format!("  {text}"))]);
            }
            if *code != 0 {
                page.line([dim(format!("  (exit code {code})"))]);
            }
        }
    });
}
