//! A hook file of somebody else, run as git would run it.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::model::escape::shell_word;

/// The system's number for "this file is no program": a script without a first line that names one.
const NO_PROGRAM: i32 = 8;

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

/// Runs `hook` with these arguments in `dir` to its end, with `input` on its standard input, or ours where that is `None`.
/// `prepare` may tell the command more.
pub(super) fn run(
    hook: &Path,
    arguments: &[OsString],
    dir: &Path,
    input: Option<&[u8]>,
    prepare: impl Fn(&mut Command),
) -> io::Result<ExitStatus> {
    let start = |program: &Path, script: Option<&Path>| {
        let mut command = Command::new(program);
        command.args(script).args(arguments).current_dir(dir);
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        prepare(&mut command);
        command.spawn()
    };
    let started = match start(hook, None) {
        Err(error) if error.raw_os_error() == Some(NO_PROGRAM) => start("sh".as_ref(), Some(hook)),
        other => other,
    };
    let mut child = started.map_err(|error| explained(hook, error))?;
    let pipe = child.stdin.take();
    std::thread::scope(|scope| {
        if let (Some(mut pipe), Some(input)) = (pipe, input) {
            // A hook need not read what it is given.
            scope.spawn(move || pipe.write_all(input));
        }
        child.wait()
    })
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
