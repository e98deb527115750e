//! Taking our hooks away, wherever others moved them, and putting back what was there before.

use std::fs;
use std::path::{Path, PathBuf};

use super::kept::Kept;
use super::replaced::Replaced;
use super::status::is_ours;
use super::{Done, InstallError, Step, calls, failed, is_there, place, remarks};
use crate::engine::Site;
use crate::engine::writing::transact;
use crate::hooks::{Hook, chained, manager};

/// What becomes of one hook: which file goes where, and which files go away.
#[derive(Debug)]
struct Plan {
    step: Step,
    restored: Option<(PathBuf, PathBuf)>,
    removed: Vec<PathBuf>,
    replaced: Option<Replaced>,
    /// Ours that somebody edited: they go, and are not lost.
    edited: Vec<Kept>,
}

impl Plan {
    /// What nothing runs from then on, and is kept.
    fn kept(self) -> impl Iterator<Item = Kept> {
        self.replaced.and_then(Replaced::kept).into_iter().chain(self.edited)
    }
}

/// Removes our hooks and puts foreign ones back. Where `core.hooksPath` leads git past its own folder, ours go from there too.
pub fn uninstall(site: &Site<'_>, dry_run: bool) -> Result<Done, InstallError> {
    let folder = place::folder(site)?;
    let _lock = if dry_run { None } else { Some(transact::lock(site)?) };
    let usual = place::passed_by(site)?;
    let mut steps = Vec::new();
    let mut passed_by = None;
    let mut kept = Vec::new();
    for hook in Hook::all() {
        let mut plan = plan(&folder.join(hook.name()))?;
        if let Some(usual) = &usual {
            let more = self::plan(&usual.join(hook.name()))?;
            if matches!(more.step, Step::Restored | Step::Removed) {
                act(&more, dry_run)?;
                passed_by = Some(usual.clone());
                if plan.step == Step::Kept {
                    plan.step = more.step;
                }
                kept.extend(more.kept());
            }
        }
        act(&plan, dry_run)?;
        if Hook::CLIENT.contains(&hook) || plan.step != Step::Kept {
            steps.push((hook, plan.step));
        }
        kept.extend(plan.kept());
    }
    let remarks = remarks::of_callers(&calling(site, &folder)?).into_iter().collect();
    Ok(Done { is_in_work_tree: place::is_in_work_tree(site, &folder), folder, passed_by, steps, kept, remarks })
}

/// The hooks of others that call us: that line is not ours to remove.
fn calling(site: &Site<'_>, folder: &Path) -> Result<Vec<&'static str>, InstallError> {
    let mut names = Vec::new();
    for hook in Hook::all() {
        let file = folder.join(hook.name());
        if is_there(&file) && !is_ours(&file)? && calls::is_called(site, folder, hook)? {
            names.push(hook.name());
        }
    }
    Ok(names)
}

fn plan(file: &Path) -> Result<Plan, InstallError> {
    let kept = chained::beside(file);
    let mut plan = Plan { step: Step::Kept, restored: None, removed: Vec::new(), replaced: None, edited: Vec::new() };
    let mut ours = Vec::new();
    for aside in manager::moved_aside(file) {
        if is_ours(&aside)? {
            ours.push(aside);
        }
    }
    let there = is_there(file);
    if !there || is_ours(file)? {
        // What a killed installation left counts too: nothing in place, and something kept.
        if is_there(&kept) {
            plan.step = Step::Restored;
            plan.restored = Some((kept, file.to_owned()));
        } else if there {
            plan.step = Step::Removed;
        }
        if there {
            ours.push(file.to_owned());
        }
    } else if let Some(replaced) = Replaced::find(file)? {
        plan.replaced = Some(replaced);
        plan.step = Step::LeftAlone;
    } else if is_there(&kept)
        && let Some(first) = ours.first()
    {
        // Without us, whoever took the place would have moved aside what we keep: to the place that is run, where there is one.
        plan.restored = Some((kept, first.clone()));
        plan.step = Step::Restored;
    } else {
        plan.step = Step::LeftAlone;
    }
    let goes = !ours.is_empty() || plan.replaced.is_some();
    if matches!(plan.step, Step::Kept | Step::LeftAlone) && goes {
        plan.step = Step::Removed;
    }
    for file in ours {
        match Kept::edited(&file)? {
            Some(kept) => plan.edited.push(kept),
            // What comes back takes its name.
            None if plan.restored.as_ref().is_some_and(|(_, place)| *place == file) => {}
            None => plan.removed.push(file),
        }
    }
    Ok(plan)
}

fn act(plan: &Plan, dry_run: bool) -> Result<(), InstallError> {
    if dry_run {
        return Ok(());
    }
    for edited in &plan.edited {
        edited.act()?;
    }
    if let Some((kept, file)) = &plan.restored {
        fs::rename(kept, file).map_err(failed("put back", file))?;
    }
    if let Some(replaced) = &plan.replaced {
        replaced.act()?;
    }
    for file in &plan.removed {
        fs::remove_file(file).map_err(failed("remove", file))?;
    }
    Ok(())
}
