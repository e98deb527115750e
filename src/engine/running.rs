//! Programs that a policy names, run with all that they start: each ends in its time, and none outlives whoever asked for it.

use std::future::Future;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;

use crate::engine::error::EngineError;

/// So often it is looked how much a program has printed, where that is bounded.
const LOOK: Duration = Duration::from_millis(10);

/// What becomes of processes that a program left running when it ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leftovers {
    /// They stay: a database that a test started on purpose.
    Stay,
    /// They end with it, as far as they are of its process group.
    End,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) enum Ending {
    /// By itself.
    Ended(std::io::Result<ExitStatus>),
    /// It took longer than it may, and was ended.
    TimeOver,
    /// It was found to have printed too much, and was ended.
    TooMuch,
}

/// Waits for programs. From the moment it is made, being asked to end waits for [`wait`](Self::wait) and ends that: whoever made
/// a folder for the programs can take it away again.
pub(crate) struct Supervisor {
    // The runtime exists only while programs run: nothing else here waits for more than one thing.
    runtime: tokio::runtime::Runtime,
    interruption: Interruption,
}

impl Supervisor {
    pub(crate) fn new() -> Result<Self, EngineError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            EngineError::refused(
                format!("commands cannot be started: {error}"),
                "check the limits of this user: `ulimit -a`",
            )
        })?;
        let interruption = {
            let _inside = runtime.enter();
            Interruption::expected()
        };
        Ok(Self { runtime, interruption })
    }

    /// Waits for `work`, which may start programs. `Interrupted` where somebody asked us to end: they end, too.
    pub(crate) fn wait<T>(self, work: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
        let Self { runtime, mut interruption } = self;
        let done = runtime.block_on(async {
            tokio::select! {
                biased;
                () = interruption.arrives() => Err(EngineError::Interrupted),
                done = work => done,
            }
        });
        // With it go the tasks that are left, and with each of them its group.
        drop(runtime);
        done
    }
}

/// A command line as it is run in `folder`: it reads nothing, and is the leader of a group of its own.
pub(crate) fn command(line: &[String], folder: &Path) -> Command {
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    // A hook's or caller's GIT_DIR must not reach a program that works in repositories of its own.
    for name in crate::git::LOCAL_ENVIRONMENT {
        command.env_remove(name);
    }
    command
}

/// Runs a [`command`] to its end, or until `limit` is over, or until it `is_too_much`.
///
/// Errors: it cannot be started.
pub(crate) async fn run(
    mut command: Command,
    limit: Duration,
    leftovers: Leftovers,
    is_too_much: Option<&(dyn Fn() -> bool + Sync)>,
) -> std::io::Result<Ending> {
    let mut child = command.spawn()?;
    let group = Group::of(&child);
    let too_much = async {
        match is_too_much {
            Some(is_too_much) => {
                while !is_too_much() {
                    tokio::time::sleep(LOOK).await;
                }
            }
            None => std::future::pending().await,
        }
    };
    let ending = tokio::select! {
        biased;
        status = child.wait() => Ending::Ended(status),
        () = tokio::time::sleep(limit) => Ending::TimeOver,
        () = too_much => Ending::TooMuch,
    };
    match (&ending, leftovers) {
        (Ending::Ended(_), Leftovers::Stay) => group.leave(),
        (Ending::Ended(_), Leftovers::End) => drop(group),
        (Ending::TimeOver | Ending::TooMuch, _) => {
            drop(group);
            let _ = child.kill().await;
        }
    }
    Ok(ending)
}

/// A program with all that it starts. Dropped, it takes them with it: whoever waits no longer leaves nothing behind.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &tokio::process::Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: id.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    fn of(_: &tokio::process::Child) -> Self {
        Self {}
    }

    /// The program ended by itself: what it left running on purpose, such as a database, stays.
    fn leave(self) {
        std::mem::forget(self);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

/// Ctrl-C, or being asked to end: a terminal tells that to its foreground group only, to which the commands do not belong.
struct Interruption {
    #[cfg(unix)]
    signals: Vec<tokio::signal::unix::Signal>,
}

impl Interruption {
    #[cfg(unix)]
    fn expected() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate()];
        Self { signals: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }

    #[cfg(not(unix))]
    fn expected() -> Self {
        Self {}
    }

    /// Waits for it; one that came before is there at once.
    #[cfg(unix)]
    async fn arrives(&mut self) {
        std::future::poll_fn(|context| {
            match self.signals.iter_mut().any(|signal| signal.poll_recv(context).is_ready()) {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
    }

    #[cfg(not(unix))]
    async fn arrives(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
