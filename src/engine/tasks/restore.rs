//! `phase restore`: the repository as it was at an event, in a worktree of its own. The task and every other worktree stay
//! as they are; `phase rewind` is the verb that moves the task.

use std::path::{Path, PathBuf};

use super::show::{self, Shown};
use crate::engine::error::EngineError;
use crate::engine::site::Site;

/// A worktree at a point in a task's life.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The point.
    pub shown: Shown,
    /// The worktree's folder, absolute and without symbolic links.
    pub dir: PathBuf,
    /// Whether it was made; `false` in a dry run.
    pub made: bool,
}

/// Makes a worktree, detached at the commit that brought the event, at `into` or beside the repository.
pub fn restore(site: &Site, address: &str, into: Option<&Path>, dry_run: bool) -> Result<Restored, EngineError> {
    let shown = show::show(site, address)?;
    let own = site.repo.work_dir().unwrap_or(site.repo.git_dir());
    let own = own.canonicalize().map_err(|error| unusable(own, &error.to_string()))?;
    let wanted = match into {
        Some(dir) => dir.to_path_buf(),
        None => {
            let name = own.file_name().unwrap_or_default().to_string_lossy();
            let name = name.strip_suffix(".git").filter(|stem| !stem.is_empty()).unwrap_or(&name);
            own.with_file_name(format!("{name}-{}-{:04}", shown.task, shown.link.event.seq))
        }
    };
    let dir = place(site, &wanted)?;
    if !dry_run {
        site.repo.add_worktree(&dir, &shown.origin.commit)?;
    }
    Ok(Restored { shown, dir, made: !dry_run })
}

/// Where `wanted` really is: absent or an empty folder, in a folder that exists, and in no working tree of this repository.
fn place(site: &Site, wanted: &Path) -> Result<PathBuf, EngineError> {
    let (Some(parent), Some(name)) = (wanted.parent(), wanted.file_name()) else {
        return Err(unusable(wanted, "it names no folder"));
    };
    let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
    let parent = parent.canonicalize().map_err(|error| unusable(wanted, &format!("its parent: {error}")))?;
    let dir = parent.join(name);
    // The parent may lead anywhere: what counts is where it leads.
    let mut inside = vec![site.repo.git_dir().to_path_buf(), site.repo.common_dir().to_path_buf()];
    inside.extend(site.repo.worktrees()?);
    for place in inside.iter().filter_map(|place| place.canonicalize().ok()) {
        if dir == place {
            return Err(unusable(wanted, "that is a part of this repository already"));
        }
        if dir.starts_with(&place) {
            return Err(unusable(wanted, &format!("it lies inside this repository, at `{}`", place.display())));
        }
    }
    match dir.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(dir),
        Err(error) => Err(unusable(wanted, &error.to_string())),
        Ok(found) if found.is_symlink() => Err(unusable(wanted, "it is a symbolic link")),
        Ok(found) if !found.is_dir() => Err(unusable(wanted, "it is a file")),
        Ok(_) => match std::fs::read_dir(&dir).map(|mut entries| entries.next().is_none()) {
            Ok(true) => Ok(dir),
            Ok(false) => Err(unusable(wanted, "it is there, and not empty")),
            Err(error) => Err(unusable(wanted, &error.to_string())),
        },
    }
}

fn unusable(dir: &Path, why: &str) -> EngineError {
    EngineError::refused(
        format!("no worktree can be made at `{}`: {why}", dir.display()),
        "name another folder with `--into DIR`: absent or empty, in a folder that exists, outside this repository",
    )
}
