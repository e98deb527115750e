//! Running a profile's commands: side by side, each with its time limit, in the working tree.
//!
//! Only commands that the base's profile names run, and only by `phase next`; the judge runs nothing.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use super::advance::Progress;
use super::error::EngineError;
use super::site::Site;
use crate::clock::Stopwatch;
use crate::law::phase::Required;
use crate::model::digest::{Digest, ObjectId};
use crate::model::event::Run;
use crate::model::profile::Profile;

/// Output beyond this many bytes is digested but not kept for showing.
const SHOWN: usize = 8 * 1024;
/// The exit code that stands for a time limit reached, as in `timeout(1)`.
const TIMED_OUT: i32 = 124;

/// A command that ran.
#[derive(Debug, Clone)]
pub struct Ran {
    /// What the event records.
    pub run: Run,
    /// The command line as it ran.
    pub line: Vec<String>,
    /// The end of its output, for people.
    pub tail: String,
}

/// Runs the required commands on `tree`, all at once, and waits for all of them. Commands that the profile gives no
/// command line are left out: the phase check on commands names them.
pub(crate) fn run(
    site: &Site,
    profile: &Profile,
    required: &[Required],
    tree: ObjectId,
    watch: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Ran>, EngineError> {
    let Some(folder) = site.repo.work_dir() else {
        return Err(EngineError::refused(
            "commands run in a working tree, and this repository is bare",
            "run it in a clone",
        ));
    };
    let mut jobs = Vec::new();
    for required in required {
        let Some(spec) = profile.commands.get(&required.name).filter(|spec| !spec.run.is_empty()) else { continue };
        let mut line = spec.run.clone();
        line.extend(required.arguments.iter().cloned());
        jobs.push((required.clone(), line, Duration::from_secs(u64::from(spec.timeout_seconds))));
    }
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let lines: Vec<Vec<String>> = jobs.iter().map(|(_, line, _)| line.clone()).collect();
    watch(Progress::Starting(&lines));
    // The runtime exists only while commands run: nothing else in the program waits for more than one thing.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
        EngineError::refused(
            format!("commands cannot be started: {error}"),
            "check the limits of this user: `ulimit -a`",
        )
    })?;
    let all = runtime.block_on(async {
        let started: Vec<_> = jobs
            .into_iter()
            .map(|(required, line, limit)| {
                let mut command = Command::new(&line[0]);
                command
                    .args(&line[1..])
                    .current_dir(folder)
                    .stdin(Stdio::null())
                    .stdout(Stdio::piped())
                    .stderr(Stdio::piped())
                    .kill_on_drop(true);
                // A hook's or caller's GIT_DIR must not reach a test that works in repositories of its own.
                for name in crate::git::LOCAL_ENVIRONMENT {
                    command.env_remove(name);
                }
                tokio::spawn(job(command, required, line, limit, tree, site.clock.stopwatch()))
            })
            .collect();
        let mut all = Vec::new();
        for job in started {
            match job.await {
                Ok(ran) => all.push(ran?),
                Err(error) => {
                    return Err(EngineError::refused(
                        format!("a command was lost: {error}"),
                        "run `agentops phase next` again",
                    ));
                }
            }
        }
        Ok(all)
    })?;
    watch(Progress::Ended(&all));
    Ok(all)
}

async fn job(
    mut command: Command,
    required: Required,
    line: Vec<String>,
    limit: Duration,
    tree: ObjectId,
    watch: Stopwatch,
) -> Result<Ran, EngineError> {
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(EngineError::MissingTool {
                tool: line[0].clone(),
                hint: format!(
                    "install it, or change `[commands.{}]` in the profile with `agentops policy amend`",
                    required.name
                ),
            });
        }
        Err(error) => {
            return Err(EngineError::refused(
                format!("`{}` cannot be started: {error}", line.join(" ")),
                "check the command line in the profile",
            ));
        }
    };
    let (mut stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
    let mut out = Vec::new();
    let mut err = Vec::new();
    let finished = tokio::time::timeout(limit, async {
        let read_out = async {
            if let Some(stream) = &mut stdout {
                let _ = stream.read_to_end(&mut out).await;
            }
        };
        let read_err = async {
            if let Some(stream) = &mut stderr {
                let _ = stream.read_to_end(&mut err).await;
            }
        };
        tokio::join!(read_out, read_err);
        child.wait().await
    })
    .await;
    let exit = match finished {
        Ok(Ok(status)) => exit_code(status),
        Ok(Err(_)) => -1,
        Err(_) => {
            let _ = child.kill().await;
            TIMED_OUT
        }
    };
    out.extend_from_slice(&err);
    let tail = &out[out.len().saturating_sub(SHOWN)..];
    let tail = String::from_utf8_lossy(tail).into_owned();
    let ms = watch.elapsed_ms();
    let run =
        Run { name: required.name, arguments: required.arguments, exit, ms, output_sha256: Digest::of(&out), tree };
    Ok(Ran { run, line, tail })
}

/// The exit code; a signal counts as 128 + its number.
fn exit_code(status: std::process::ExitStatus) -> i32 {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        if let Some(signal) = status.signal() {
            return 128 + signal;
        }
    }
    status.code().unwrap_or(-1)
}
