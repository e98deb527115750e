//! What git tells a hook on its standard input: which references move, one a line.

use std::io::{self, Read as _};

use super::{Answer, Call, HookError, chained, io_error};

const READING: &str = "read which references move from standard input";

/// All of it, after the chained hook has read it too; or that hook's refusal.
pub(super) fn read(call: &Call<'_>) -> Result<Result<String, Answer>, HookError> {
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).map_err(io_error(READING))?;
    if let Some(hook) = chained::find(call)
        && let Some(refusal) = chained::run(call, &hook, Some(&input))?
    {
        return Ok(Err(refusal));
    }
    Ok(Ok(String::from_utf8_lossy(&input).into_owned()))
}

/// A line of it that git does not write.
pub(super) fn unexpected(line: &str) -> HookError {
    let source = io::Error::new(io::ErrorKind::InvalidData, format!("`{line}` has an unexpected form"));
    io_error(READING)(source)
}
