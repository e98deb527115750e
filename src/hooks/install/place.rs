//! Where git runs hooks from, and whether we may write there.

use std::fs;
use std::path::{Path, PathBuf};

use super::InstallError;
use crate::engine::Site;
use crate::git::config::Scope;
use crate::model::escape::shell_word;

const KEY: &str = "core.hooksPath";

/// The folder that git runs hooks from.
pub(super) fn folder(site: &Site<'_>) -> Result<PathBuf, InstallError> {
    Ok(whole(&site.repo.hooks_dir()?))
}

/// The same, where it belongs to this repository: git's default place, or a folder of the working tree that this
/// repository's own configuration names.
pub(super) fn own_folder(site: &Site<'_>) -> Result<PathBuf, InstallError> {
    let folder = folder(site)?;
    let usual = whole(&site.repo.common_dir().join("hooks"));
    let is_usual = folder == usual;
    let scope = site.repo.config_scope_of(KEY).map(|(scope, _)| scope);
    let is_chosen_here = scope.is_none_or(|scope| matches!(scope, Scope::Local | Scope::Worktree));
    if (is_usual || is_chosen_here) && is_inside(site, &folder) {
        return Ok(folder);
    }
    let Some(scope) = scope.filter(|_| !is_usual) else {
        return Err(InstallError::Linked { link: site.repo.common_dir().join("hooks"), folder });
    };
    if scope == Scope::Command {
        let remedy = "it is set for this command alone, by `git -c` or by GIT_CONFIG_COUNT in the environment, and no file outweighs \
                      that: run it without, or take it out of the environment for good";
        return Err(InstallError::Elsewhere { folder, scope: scope.name(), remedy: remedy.to_owned() });
    }
    let level = if scope == Scope::Worktree { "--worktree" } else { "--local" };
    let command = format!("git config {level} {KEY} {}", shell_word(&usual.to_string_lossy()));
    let remedy = format!("to give this repository its own hooks, run `{command}`");
    Err(InstallError::Elsewhere { folder, scope: scope.name(), remedy })
}

/// Git's default folder, where `core.hooksPath` leads all worktrees of the repository past it.
pub(super) fn passed_by(site: &Site<'_>) -> Result<Option<PathBuf>, InstallError> {
    let usual = whole(&site.repo.common_dir().join("hooks"));
    let is_for_one_worktree = || {
        let scope = site.repo.config_scope_of(KEY).map(|(scope, _)| scope);
        matches!(scope, None | Some(Scope::Worktree | Scope::Command))
    };
    Ok((folder(site)? != usual && !is_for_one_worktree()).then_some(usual))
}

/// Whether the folder is part of the working tree, outside of git's own folders.
pub(super) fn is_in_work_tree(site: &Site<'_>, folder: &Path) -> bool {
    let top = site.repo.work_dir().map(whole);
    top.is_some_and(|top| folder.starts_with(top)) && !folder.starts_with(whole(site.repo.common_dir()))
}

fn is_inside(site: &Site<'_>, folder: &Path) -> bool {
    is_in_work_tree(site, folder) || folder.starts_with(whole(site.repo.common_dir()))
}

/// The path without links, as far as it exists.
pub(super) fn whole(path: &Path) -> PathBuf {
    if let Ok(found) = fs::canonicalize(path) {
        return found;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if !parent.as_os_str().is_empty() => whole(parent).join(name),
        _ => path.to_owned(),
    }
}
