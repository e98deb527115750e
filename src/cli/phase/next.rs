//! `agentops phase next`.

use super::{NextArguments, RunBody, tell_moved};
use crate::cli::progress::tell_progress;
use crate::cli::{CommandError, Context, ErrorKind, Outcome};
use crate::engine::tasks::advance::{self, Next};
use crate::engine::tasks::commands::Progress;
use crate::engine::tasks::commands::Ran;
use crate::model::state::Status;

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
