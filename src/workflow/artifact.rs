//! Artifact paths: from a path back to the task and the phase that own it.

use crate::model::layout::{self, Place};
use crate::model::name::{ProfileName, TaskId};
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::policy::Policy;
use crate::model::profile::{ArtifactKind, ArtifactSpec, Phase, Profile};
use crate::model::state::Stage;
use crate::model::time::Date;
use crate::model::tree::{MAX_TEXT_FILE, SightError, TreeView};
use crate::workflow::chain::Chain;

/// Whose artifact a path is.
#[derive(Debug, Clone)]
pub struct Owner<'a> {
    /// The namespace.
    pub profile: ProfileName,
    /// The task whose id the path carries; it need not exist.
    pub task: TaskId,
    /// The phase that produces it.
    pub phase: &'a Phase,
    /// Which of its artifacts.
    pub spec: &'a ArtifactSpec,
}

/// The owner of `path` by the artifact patterns of the policy's profiles; `None` where no pattern fits.
pub fn owner<'a>(policy: &'a Policy, path: &RepoPath) -> Option<Owner<'a>> {
    let Some(Place::Document(name)) = Place::of(path) else { return None };
    let profile = policy.profiles.get(&name)?;
    let rest = path.as_str()?.strip_prefix(&layout::namespace(&name))?.strip_prefix('/')?;
    profile.phases.iter().find_map(|phase| {
        phase.artifacts.iter().find_map(|spec| {
            let task = task_in(&spec.path, rest)?;
            Some(Owner { profile: name.clone(), task, phase, spec })
        })
    })
}

/// The plan with which `chain`'s task left its plan stage, as it stands in `tree`; `None` before that, or where the
/// event is superseded.
pub fn live_plan(tree: &dyn TreeView, chain: &Chain, profile: &Profile) -> Result<Option<(RepoPath, Plan)>, SightError> {
    let Some(link) = chain.leaving(profile, Stage::Plan) else { return Ok(None) };
    let specs = profile.phases.iter().filter(|phase| phase.stage == Stage::Plan).flat_map(|phase| &phase.artifacts);
    for spec in specs.filter(|spec| spec.kind == ArtifactKind::Plan) {
        let path = RepoPath::from(spec.path_for(&profile.name, &chain.task, &link.event.state));
        if let Some(bytes) = tree.file(&path, MAX_TEXT_FILE)? {
            return Ok(Some((path, Plan::parse(&String::from_utf8_lossy(&bytes)))));
        }
    }
    Ok(None)
}

/// The task id for which `pattern`, with `{task}` and `{opened}` filled in, gives `text`.
fn task_in(pattern: &str, text: &str) -> Option<TaskId> {
    fn rest(pattern: &str, text: &str, task: Option<&TaskId>) -> Option<TaskId> {
        let Some(open) = pattern.find('{') else {
            return if pattern == text { task.cloned() } else { None };
        };
        let text = text.strip_prefix(&pattern[..open])?;
        let (name, pattern) = pattern[open + 1..].split_once('}')?;
        match name {
            "opened" => {
                let day = text.get(..10)?;
                Date::parse(day).ok()?;
                rest(pattern, &text[10..], task)
            }
            _ => (1..=text.len()).filter(|end| text.is_char_boundary(*end)).find_map(|end| {
                let found = TaskId::parse(&text[..end]).ok()?;
                let agrees = task.is_none_or(|task| *task == found);
                agrees.then(|| rest(pattern, &text[end..], Some(&found))).flatten()
            }),
        }
    }
    rest(pattern, text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_read_backwards() {
        let task = |pattern: &str, text: &str| task_in(pattern, text).map(|task| task.to_string());
        let spec = "specs/{opened}-{task}/spec.md";
        assert_eq!(task(spec, "specs/2026-11-21-auth-k3f9/spec.md").as_deref(), Some("auth-k3f9"));
        assert_eq!(task(spec, "specs/2026-11-21-auth-k3f9/other.md"), None);
        assert_eq!(task(spec, "specs/2026-13-21-auth-k3f9/spec.md"), None);
        assert_eq!(task("{task}/{task}.md", "a-k3f9/a-k3f9.md").as_deref(), Some("a-k3f9"));
        assert_eq!(task("{task}/{task}.md", "a-k3f9/b-k3f9.md"), None);
        assert_eq!(task("{task}-notes.md", "a-k3f9-notes.md").as_deref(), Some("a-k3f9"));
    }
}
