//! Somebody else's hook that was there before ours: run first, as git would run it.

use std::path::{Path, PathBuf};

use super::program::{self, is_program};
use super::{Answer, Call, HookError, io_error, manager};
use crate::env::Env;

/// What the file of a chained hook is called, after the hook's name.
pub(super) const SUFFIX: &str = ".agentops-chained";

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

/// Runs the hook with the arguments and the environment that git gave to ours, and `input` where ours has read its
/// standard input already. `None` when it let pass.
pub(super) fn run(call: &Call<'_>, hook: &Path, input: Option<&[u8]>) -> Result<Option<Answer>, HookError> {
    let status = program::run(hook, &call.arguments, call.dir, input, |command| {
        command.env(Env::CHAINED_HOOK, whole(call, hook));
    });
    let status = status.map_err(io_error(format!("run the chained hook `{}`", hook.display())))?;
    if status.success() {
        return Ok(None);
    }
    Ok(Some(Answer::refusal(
        format!("the chained hook `{}` failed: {status}", hook.display()),
        "mend what it complains about; it was there before agentops, which runs it first",
    )))
}
