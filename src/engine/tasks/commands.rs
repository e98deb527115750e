//! Running a profile's commands: side by side, each with its time limit, in one folder.
//!
//! Only commands that the base's profile names run, and only by `phase next` and `verify rerun`; the judge runs nothing.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use crate::clock::{Clock, Stopwatch};
use crate::engine::error::EngineError;
use crate::engine::running::{self, Ending, Leftovers, Supervisor};
use crate::engine::site::Site;
use crate::law::phase::Required;
use crate::model::digest::{Digest, Digesting, ObjectId};
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

/// What happens while commands run.
#[derive(Debug)]
pub enum Progress<'a> {
    /// These command lines start, side by side.
    Starting(&'a [Vec<String>]),
    /// They have ended, all of them.
    Ended(&'a [Ran]),
}

/// A command line that is to run.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    required: Required,
    line: Vec<String>,
    limit: Duration,
}

/// The command lines that `profile` names for what is required. Commands that it gives none are left out: the phase check on
/// commands names them.
pub(crate) fn jobs(profile: &Profile, required: &[Required]) -> Vec<Job> {
    let mut jobs = Vec::new();
    for required in required {
        let Some(spec) = profile.commands.get(&required.name).filter(|spec| !spec.run.is_empty()) else { continue };
        let mut line = spec.run.clone();
        line.extend(required.arguments.iter().cloned());
        let limit = Duration::from_secs(u64::from(spec.timeout_seconds));
        jobs.push(Job { required: required.clone(), line, limit });
    }
    jobs
}

/// Runs the required commands on `tree` in the working tree, all at once, and waits for all of them.
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
    let jobs = jobs(profile, required);
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    Runner::new()?.run(site.clock, folder, jobs, tree, Leftovers::Stay, watch)
}

/// Runs commands: see [`Supervisor`].
pub(crate) struct Runner(Supervisor);

impl Runner {
    /// A runner.
    pub(crate) fn new() -> Result<Self, EngineError> {
        Supervisor::new().map(Self)
    }

    /// Runs the jobs in `folder`, all at once, and waits for all of them.
    pub(crate) fn run(
        self,
        clock: &Clock,
        folder: &Path,
        jobs: Vec<Job>,
        tree: ObjectId,
        leftovers: Leftovers,
        watch: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<Ran>, EngineError> {
        let lines: Vec<Vec<String>> = jobs.iter().map(|job| job.line.clone()).collect();
        watch(Progress::Starting(&lines));
        let all = self.0.wait(async {
            let started: Vec<_> = jobs
                .into_iter()
                .map(|job| {
                    let command = running::command(&job.line, folder);
                    tokio::spawn(finish(command, job, tree, leftovers, clock.stopwatch()))
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
}

async fn finish(
    mut command: Command,
    job: Job,
    tree: ObjectId,
    leftovers: Leftovers,
    watch: Stopwatch,
) -> Result<Ran, EngineError> {
    let Job { required, line, limit } = job;
    let unusable = |error: std::io::Error| {
        EngineError::refused(
            format!("the output of `{}` cannot be kept: {error}", line.join(" ")),
            "make room in the system's folder for temporary files, or name another one in TMPDIR",
        )
    };
    // Files, not pipes: a pipe ends only when the last process that was left running lets go of it.
    let (out, err) = (tempfile::tempfile().map_err(unusable)?, tempfile::tempfile().map_err(unusable)?);
    command.stdout(out.try_clone().map_err(unusable)?).stderr(err.try_clone().map_err(unusable)?);
    let ending = match running::run(command, limit, leftovers, None).await {
        Ok(ending) => ending,
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
    let exit = match ending {
        Ending::Ended(status) => status.map_or(-1, exit_code),
        Ending::TimeOver | Ending::TooMuch => TIMED_OUT,
    };
    let ms = watch.elapsed_ms();
    let (output_sha256, tail) = read_back(out, err).map_err(unusable)?;
    let run = Run { name: required.name, arguments: required.arguments, exit, ms, output_sha256, tree };
    Ok(Ran { run, line, tail })
}

/// The digest of stdout followed by stderr, and the end of both.
fn read_back(mut out: File, mut err: File) -> std::io::Result<(Digest, String)> {
    out.rewind()?;
    err.rewind()?;
    let mut output = out.chain(err);
    let mut digesting = Digesting::default();
    let mut tail = Vec::new();
    let mut part = vec![0; 8 * SHOWN];
    loop {
        let count = output.read(&mut part)?;
        if count == 0 {
            break;
        }
        digesting.add(&part[..count]);
        tail.extend_from_slice(&part[..count]);
        tail.drain(..tail.len().saturating_sub(SHOWN));
    }
    Ok((digesting.done(), String::from_utf8_lossy(&tail).into_owned()))
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

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::name::Word;

    /// How a shell script ends, at most `seconds` after its start.
    fn ran(script: &str, seconds: u64) -> Ran {
        let folder = tempfile::tempdir().unwrap();
        ran_in(folder.path(), script, seconds)
    }

    fn ran_in(folder: &std::path::Path, script: &str, seconds: u64) -> Ran {
        ran_with(folder, script, seconds, Leftovers::Stay)
    }

    fn ran_with(folder: &std::path::Path, script: &str, seconds: u64, leftovers: Leftovers) -> Ran {
        let line = ["sh", "-c", script].map(str::to_owned).to_vec();
        let required = Required { name: Word::parse("test").unwrap(), arguments: Vec::new() };
        let tree = ObjectId::parse(&"1".repeat(40)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let limit = Duration::from_secs(seconds);
        let clock = Clock::fixed(1, 1);
        runtime.block_on(async {
            let command = running::command(&line, folder);
            finish(command, Job { required, line, limit }, tree, leftovers, clock.stopwatch()).await.unwrap()
        })
    }

    #[test]
    fn a_command_ends_when_it_ends_itself() {
        let folder = tempfile::tempdir().unwrap();
        let script = "(for i in $(seq 300); do [ -e stop ] && exit; sleep 0.1; done) & echo started; exit 7";
        let ended = ran_in(folder.path(), script, 10);
        std::fs::write(folder.path().join("stop"), "").unwrap();
        assert_eq!((ended.run.exit, ended.tail.as_str()), (7, "started\n"), "what it left running is not waited for");
    }

    #[test]
    fn a_time_limit_ends_all_that_was_started() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
        let ended = ran_in(folder.path(), "(sleep 20; echo lives) >pipe & echo started; wait", 1);
        assert_eq!((ended.run.exit, ended.tail.as_str()), (TIMED_OUT, "started\n"));
        assert_eq!(reader.join().unwrap(), "", "a process outlived the time limit");
    }

    #[test]
    fn what_a_command_leaves_running_ends_where_nobody_wants_it() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap());
        let ended =
            ran_with(folder.path(), "exec 3>pipe; (sleep 20; echo lives >&3) & echo started", 10, Leftovers::End);
        assert_eq!((ended.run.exit, ended.tail.as_str()), (0, "started\n"));
        assert_eq!(reader.join().unwrap(), "", "a process outlived its command");
    }

    #[test]
    fn all_output_counts_and_its_end_is_shown() {
        let ended = ran("echo begin; yes | head -c 1000000; echo end >&2", 60);
        let whole = format!("begin\n{}end\n", "y\n".repeat(500_000));
        assert_eq!(ended.run.exit, 0);
        assert_eq!(ended.run.output_sha256, Digest::of(whole.as_bytes()));
        assert_eq!(ended.tail, whole[whole.len() - SHOWN..]);
        assert_eq!(ran("kill -9 $$", 60).run.exit, 137);
    }
}
