//! AO-R1: what comes from upstream is never modified here.

use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::tree::{Change, SightError};

use super::globs::Globs;
use super::{Case, Findings, Law, Reads};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::R1,
    title: "never modify read-only upstream",
    rule: "No path that matches `paths.readonly` in the base's config is added, changed or removed. A glob that matches a \
           folder matches all below it; a symbolic link or submodule at the folder with which a glob begins, or above, counts \
           as what the glob names. The step that introduces `.agentops` is not judged.",
    passes: "[paths]\nreadonly = [\"vendor/**\"]\n\nand a commit that changes `src/main.rs`",
    fails: "[paths]\nreadonly = [\"vendor/**\"]\n\nand a commit that changes `vendor/zlib/inflate.c`: take the change back with \
            `git checkout BASE -- vendor/zlib/inflate.c` and make it upstream, or wrap the code from outside.",
    reads: Reads::Trees,
    check: examine,
};

fn examine(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let readonly = &case.policy.config.readonly;
    if readonly.is_empty() || case.bootstrap || case.step.base().is_none() {
        return Ok(());
    }
    let globs = Globs::new(readonly)?;
    let sees_links = case.policy.judges_stand_ins();
    let is_meant = |change: &&Change| if sees_links { globs.touches(change) } else { globs.matches(&change.path) };
    for change in case.step.changes()?.iter().filter(is_meant) {
        let path = &change.path;
        let done = match (&change.before, &change.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ => "changed",
        };
        // The path is not spelled into the commands: pasted into a shell, it could be more than a path.
        let fix = match change.before {
            None => "take the file out of the change: `git rm --cached -- PATH`",
            Some(_) => "take it back: `git checkout BASE -- PATH`; make the change upstream",
        };
        let message = match change.after.or(change.before) {
            Some((mode, _)) if !globs.matches(path) => {
                let noun = mode.noun();
                format!("`{path}` is {noun} above what is read-only here (`paths.readonly`) and was {done}")
            }
            _ => format!("`{path}` is read-only here (`paths.readonly`) and was {done}"),
        };
        findings.add(Finding::new(Place::path(path.clone()), message, fix));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TestStep, policy, tree};
    use super::*;
    use crate::model::tree::{MemoryTree, Mode};

    fn judge(step: TestStep) -> Vec<String> {
        let mut policy = policy();
        policy.config.readonly = vec!["vendor/**".to_owned()];
        step.judge(&LAW, &policy).list.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn other_paths_may_change() {
        let before = tree(&[("vendor/a", "1"), ("src/a", "1")]);
        assert_eq!(judge(TestStep::new().before(before).after(tree(&[("vendor/a", "1"), ("src/a", "2")]))), [""; 0]);
        assert_eq!(judge(TestStep::new().without_base().after(tree(&[("vendor/a", "1")]))), [""; 0]);
    }

    #[test]
    fn readonly_paths_may_not() {
        let before = tree(&[("vendor/a", "1"), ("vendor/b", "1")]);
        assert_eq!(
            judge(TestStep::new().before(before).after(tree(&[("vendor/b", "2"), ("vendor/c", "1")]))),
            [
                "`vendor/a` is read-only here (`paths.readonly`) and was removed",
                "`vendor/b` is read-only here (`paths.readonly`) and was changed",
                "`vendor/c` is read-only here (`paths.readonly`) and was added",
            ]
        );
    }

    #[test]
    fn a_link_to_elsewhere_is_what_it_stands_for() {
        let judge = |glob: &str, path: &str, mode: Mode, laws: u32| {
            let mut policy = policy();
            policy.config.readonly = vec![glob.to_owned()];
            policy.format.laws = laws;
            let mut after = MemoryTree::new();
            after.put_mode(path, mode, "elsewhere");
            let found = TestStep::new().after(after).judge(&LAW, &policy).list;
            found.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        let link = ["`app` is a symbolic link above what is read-only here (`paths.readonly`) and was added"];
        assert_eq!(judge("app/vendor/**", "app", Mode::Symlink, 2), link);
        assert_eq!(judge("app/**", "app", Mode::Gitlink, 2).len(), 1);
        assert_eq!(judge("app/**", "app", Mode::File, 2), [""; 0], "nothing is below a file");
        assert_eq!(judge("app/**", "app", Mode::Symlink, 1), [""; 0], "before the second edition");
        assert_eq!(judge("app", "app", Mode::Symlink, 1).len(), 1);
    }

    #[test]
    fn a_malformed_glob_does_not_pass() {
        let mut policy = policy();
        policy.config.readonly = vec!["vendor/[".to_owned()];
        let step = TestStep::new();
        assert!((LAW.check)(&step.case(&policy), &mut Findings::default()).is_err());
    }
}
