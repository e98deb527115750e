//! Somebody else's hook that was there before ours: run first, as git would run it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::{Answer, Call, HookError, io_error, manager};
use crate::env::Env;
use crate::model::escape::shell_word;

/// What the file of a chained hook is called, after the hook's name.
pub(super) const SUFFIX: &str = ".agentops-chained";

/// The system's number for "this file is no program": a script without a first line that names one.
const NO_PROGRAM: i32 = 8;

/// The chained hook behind the hook file `file`.
pub(super) fn beside(file: &Path) -> PathBuf {
    manager::beside(file, SUFFIX)
}

/// The chained hook of this call, where there is one that git would run. Not where it runs already: a program that keeps our
/// hook as the one that was there before it, as `pre-commit install` does, calls us back.
pub(super) fn find(call: &Call<'_>) -> Option<PathBuf> {
    let ours = call.file.as_deref()?;
    let place = ours.with_file_name(call.hook.name());
    let file = beside(&place);
    let runs_already = call.env.chained_hook().is_some_and(|running| running == whole(call, &file));
    // Moved aside, ours is called by what took its place, and that may be what was chained behind ours before.
    let calls_us = || place != ours && is_same(&place, &file);
    (is_program(&file) && !runs_already && !calls_us()).then_some(file)
}

/// Whether two hook files, both there, start the same program.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    // A pipe would be read for ever.
    if !one.is_file() || !other.is_file() {
        return false;
    }
    let both = std::fs::read(one).and_then(|one| Ok((one, std::fs::read(other)?)));
    both.is_ok_and(|(one, other)| manager::is_same_program(&one, &other))
}

/// The path of a hook from anywhere.
fn whole(call: &Call<'_>, file: &Path) -> PathBuf {
    let file = call.dir.join(file);
    std::fs::canonicalize(&file).unwrap_or(file)
}

/// Whether git would run this file.
#[cfg(unix)]
pub(crate) fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

/// Whether git would run this file.
#[cfg(not(unix))]
pub(crate) fn is_program(file: &Path) -> bool {
    file.is_file()
}

/// Runs the hook with the arguments and the environment that git gave to ours, and `input` where ours has read its
/// standard input already. `None` when it let pass.
pub(super) fn run(call: &Call<'_>, hook: &Path, input: Option<&[u8]>) -> Result<Option<Answer>, HookError> {
    let doing = || format!("run the chained hook `{}`", hook.display());
    let mut child = match start(hook, &[], hook, call, input) {
        Err(error) if error.raw_os_error() == Some(NO_PROGRAM) => {
            start("sh".as_ref(), &[hook.into()], hook, call, input)
        }
        other => other,
    }
    .map_err(|error| io_error(doing())(explained(hook, error)))?;
    let pipe = child.stdin.take();
    let status = std::thread::scope(|scope| {
        if let (Some(mut pipe), Some(input)) = (pipe, input) {
            // A hook need not read what it is given.
            scope.spawn(move || pipe.write_all(input));
        }
        child.wait()
    });
    let status = status.map_err(io_error(doing()))?;
    if status.success() {
        return Ok(None);
    }
    Ok(Some(Answer::refusal(
        format!("the chained hook `{}` failed: {status}", hook.display()),
        "mend what it complains about; it was there before agentops, which runs it first",
    )))
}

/// The system's "no such file" says of a script that is there that the program in its first line is not.
fn explained(hook: &Path, error: io::Error) -> io::Error {
    let text = std::fs::read(hook).unwrap_or_default();
    let first = text.strip_prefix(b"#!").and_then(|rest| rest.split(|byte| *byte == b'\n').next());
    let Some(first) = first.filter(|_| error.kind() == io::ErrorKind::NotFound) else { return error };
    let first = String::from_utf8_lossy(first);
    let program = first.split_whitespace().next().unwrap_or_default();
    let why = if first.ends_with('\r') {
        let file = shell_word(&hook.to_string_lossy());
        format!(
            "the lines of this script end in CR LF, so that its first one names no program: `sed -i 's/\\r$//' {file}` mends that"
        )
    } else {
        format!("the program in its first line, `{program}`, is not there")
    };
    io::Error::new(io::ErrorKind::NotFound, why)
}

fn start(program: &Path, first: &[OsString], hook: &Path, call: &Call<'_>, input: Option<&[u8]>) -> io::Result<Child> {
    let mut command = Command::new(program);
    command.args(first).args(&call.arguments).current_dir(call.dir);
    command.env(Env::CHAINED_HOOK, whole(call, hook));
    if input.is_some() {
        command.stdin(Stdio::piped());
    }
    command.spawn()
}
