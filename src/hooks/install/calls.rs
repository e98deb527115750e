//! Hooks that are not ours to replace, because another program writes them anew or because they are files of the project:
//! agentops is called from them.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Hook, InstallError, place, quoted, read, text};
use crate::engine::Site;

/// Husky starts all its hooks by this file, which finds the user's script by the name that the hook was called by: moved
/// aside, such a hook would run nothing and say nothing.
const HUSKY: &str = "h";

/// Whether the hooks in `folder` are husky's, written anew by each `npm install`.
fn is_huskys(folder: &Path) -> bool {
    fs::read(folder.join(HUSKY)).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("husky"))
}

/// The file in which the user says what the hook does.
fn caller(folder: &Path, hook: Hook) -> PathBuf {
    let folder = if is_huskys(folder) { folder.parent().unwrap_or(folder) } else { folder };
    folder.join(hook.name())
}

/// Whether that file calls `agentops hooks run` for this hook.
pub(super) fn is_called(folder: &Path, hook: Hook) -> Result<bool, InstallError> {
    let bytes = read(&caller(folder, hook))?.unwrap_or_default();
    let words = ["agentops", "hooks", "run", hook.name()];
    let calls = |line: &str| {
        let line: Vec<&str> = line.split(|c: char| c.is_whitespace() || "\"';&|".contains(c)).collect();
        let is_program = |word: &str| word.rsplit('/').next() == Some(words[0]);
        line.windows(words.len()).any(|part| is_program(part[0]) && part[1..] == words[1..])
    };
    Ok(String::from_utf8_lossy(&bytes).lines().any(|line| !line.trim_start().starts_with('#') && calls(line)))
}

/// Refuses where a hook would have to be replaced that is not ours to replace.
pub(super) fn refuse_owned(site: &Site<'_>, folder: &Path, hooks: &[Hook]) -> Result<(), InstallError> {
    let huskys = is_huskys(folder);
    let mut callers = Vec::new();
    for hook in hooks {
        let file = folder.join(hook.name());
        let is_replaced = huskys || (is_foreign(&file)? && is_tracked(site, &file)?);
        if is_replaced && !is_called(folder, *hook)? {
            callers.push((*hook, caller(folder, *hook)));
        }
    }
    if callers.is_empty() {
        return Ok(());
    }
    let owner = if huskys { "husky's, which writes them anew at each install" } else { "tracked files of the project" };
    Err(InstallError::Owned { folder: folder.to_owned(), owner, callers })
}

fn is_foreign(file: &Path) -> Result<bool, InstallError> {
    Ok(read(file)?.is_some_and(|bytes| !text::is_ours(&bytes)))
}

fn is_tracked(site: &Site<'_>, file: &Path) -> Result<bool, InstallError> {
    // The hook itself may be a link: that link is what the project keeps.
    let (Some(folder), Some(name)) = (file.parent(), file.file_name()) else { return Ok(false) };
    Ok(site.repo.is_tracked(&place::whole(folder).join(name))?)
}

/// What to write where.
pub(super) fn remedy(callers: &[(Hook, PathBuf)]) -> String {
    let line = |hook: &Hook| format!("`agentops hooks run {} \"$@\" || exit 1`", hook.name());
    let lines: Vec<String> =
        callers.iter().map(|(hook, file)| format!("{} to {}", line(hook), quoted(&file.to_string_lossy()))).collect();
    format!("have them call agentops; add the line {}", lines.join(", "))
}
