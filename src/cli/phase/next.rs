//! `agentops phase next`.

use super::{NextArguments, RunBody, tell_moved};
use crate::cli::{CommandError, Context, ErrorKind, Outcome};
use crate::engine::advance::{self, Next, Progress};
use crate::engine::commands::Ran;
use crate::model::state::Status;
use crate::ui::{Mode, Ui, dim, error, good, plain, strong};

pub(super) fn run(arguments: &NextArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.sealing.site(&arguments.acting, context)?;
    let mut watch = |progress: Progress<'_>| tell_progress(&context.ui, &progress);
    match advance::next(&site, &arguments.acting.target(), &arguments.task, &mut watch)? {
        Next::Moved(moved, ran) => {
            tell_moved(&context.ui, &moved, ran.iter().map(run_body).collect());
            // In a dry run nothing waits.
            let waits = moved.outcome.to.status == Status::Waiting && moved.commit.is_some();
            Ok(if waits { Outcome::Ended(ErrorKind::Waiting) } else { Outcome::Done })
        }
        Next::AlreadyDone(status) => {
            super::status::show(&context.ui, &status);
            context.ui.talk("it is done already; nothing was committed");
            Ok(Outcome::Done)
        }
    }
}

fn run_body(ran: &Ran) -> RunBody {
    RunBody { name: ran.run.name.to_string(), command: ran.line.clone(), exit: ran.run.exit, ms: ran.run.ms }
}

/// Says which commands run; of those that failed the end of the output is shown, however quiet.
fn tell_progress(ui: &Ui, progress: &Progress<'_>) {
    match progress {
        Progress::Starting(lines) => {
            for line in *lines {
                ui.talk(format!("running `{}`", line.join(" ")));
            }
        }
        Progress::Ended(all) => {
            for ran in *all {
                tell_ended(ui, ran);
            }
        }
    }
}

fn tell_ended(ui: &Ui, ran: &Ran) {
    let (line, took) = (ran.line.join(" "), format!(" ({} ms)", ran.run.ms));
    if ran.run.exit == 0 {
        if ui.mode() == Mode::Human && !ui.settings().quiet {
            ui.aside(|page| page.line([good("passed"), plain(format!(": `{line}`")), dim(took)]));
        }
        return;
    }
    ui.aside(|page| {
        page.line([error("failed"), plain(format!(": `{line}` with exit code ")), strong(ran.run.exit), dim(took)]);
        if ran.tail.trim().is_empty() {
            page.line([dim("  it printed nothing")]);
        }
        for text in ran.tail.lines() {
            page.line([plain("  "), plain(text)]);
        }
    });
}
