//! The three-way merge of a profile's files: what the team made of them, and what this program made of them meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::writing::transact::FileEdit;
use crate::git::{Favour, merge_texts};
use crate::model::path::RepoPath;

/// Files by path.
pub(super) type Files = BTreeMap<RepoPath, Vec<u8>>;

/// What an upgrade does with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// New in this program.
    Added,
    /// The team had not changed it: it becomes the new one.
    Replaced,
    /// Both had changed it: it holds both changes.
    Merged,
    /// This program has it no more, and the team had not changed it.
    Removed,
}

/// What came of a merge.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Outcome {
    /// The files to write or to remove, with the way, sorted by path.
    pub(super) edits: Vec<(FileEdit, Way)>,
    /// Files that both sides changed in the same lines, or that one removed and the other changed; decided or not.
    pub(super) conflicts: Vec<RepoPath>,
}

/// Brings into `ours` what `theirs` has otherwise than `base`. `favour` decides, path by path, what neither side yields.
pub(super) fn merge(base: &Files, ours: &Files, theirs: &Files, favour: impl Fn(&RepoPath) -> Favour) -> Outcome {
    let mut outcome = Outcome::default();
    let paths: BTreeSet<&RepoPath> = base.keys().chain(theirs.keys()).collect();
    for path in paths {
        let (base, ours, theirs) = (base.get(path), ours.get(path), theirs.get(path));
        if base == theirs || ours == theirs {
            continue;
        }
        let mut decide = || {
            outcome.conflicts.push(path.clone());
            favour(path)
        };
        let (after, way) = match (base, ours, theirs) {
            (None, None, _) => (theirs.cloned(), Way::Added),
            (_, _, None) if base == ours => (None, Way::Removed),
            _ if base == ours => (theirs.cloned(), Way::Replaced),
            (_, Some(ours), Some(theirs)) => {
                let base = base.map(Vec::as_slice).unwrap_or_default();
                let merged = merge_texts(base, ours, theirs, Favour::Neither);
                match merged.or_else(|| merge_texts(base, ours, theirs, decide())) {
                    Some(merged) => (Some(merged), Way::Merged),
                    None => continue,
                }
            }
            // One side removed what the other changed: there are no lines to merge.
            _ => match (decide(), theirs) {
                (Favour::Theirs, Some(theirs)) => (Some(theirs.clone()), Way::Added),
                (Favour::Theirs, None) => (None, Way::Removed),
                (Favour::Ours | Favour::Neither, _) => continue,
            },
        };
        if after.as_ref() != ours {
            outcome.edits.push(((path.clone(), after), way));
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "1\n2\n3\n4\n5\n6\n";

    fn files(list: &[(&str, &str)]) -> Files {
        list.iter().map(|(path, text)| ((*path).into(), text.as_bytes().to_vec())).collect()
    }

    /// `path way content` of each edit, then `path conflict`.
    fn merged(base: &[(&str, &str)], ours: &[(&str, &str)], theirs: &[(&str, &str)], favour: Favour) -> Vec<String> {
        let outcome = merge(&files(base), &files(ours), &files(theirs), |_| favour);
        let edits = outcome.edits.into_iter().map(|((path, bytes), way)| {
            let text = bytes.map_or("-".into(), |bytes| String::from_utf8(bytes).unwrap().replace('\n', " "));
            format!("{path} {way:?} {text}").trim_end().to_owned()
        });
        edits.chain(outcome.conflicts.iter().map(|path| format!("{path} conflict"))).collect()
    }

    #[test]
    fn what_one_side_alone_changed_is_as_that_side_has_it() {
        let base = [("a", "1\n"), ("b", "1\n"), ("c", "1\n"), ("d", "1\n"), ("e", "1\n")];
        let ours = [("a", "1\n"), ("b", "ours\n"), ("c", "1\n"), ("e", "same\n"), ("own", "1\n")];
        let theirs = [("a", "2\n"), ("b", "1\n"), ("d", "1\n"), ("e", "same\n"), ("new", "1\n")];
        let edits = merged(&base, &ours, &theirs, Favour::Neither);
        assert_eq!(edits, ["a Replaced 2", "c Removed -", "new Added 1"]);
        // Again: the new one is the base from now on.
        let again = [("a", "2\n"), ("b", "ours\n"), ("e", "same\n"), ("new", "1\n"), ("own", "1\n")];
        assert_eq!(merged(&theirs, &again, &theirs, Favour::Neither), [""; 0]);
    }

    #[test]
    fn what_both_changed_holds_both() {
        let ours = LONG.replace('1', "ours");
        let theirs = LONG.replace('6', "theirs");
        let edits = merged(&[("a", LONG)], &[("a", &ours)], &[("a", &theirs)], Favour::Neither);
        assert_eq!(edits, ["a Merged ours 2 3 4 5 theirs"]);
    }

    #[test]
    fn conflicts_wait_for_a_decision() {
        let both = [("edited", "base\n"), ("gone-here", "base\n"), ("gone-there", "base\n")];
        let ours = [("edited", "ours\n"), ("gone-there", "ours\n"), ("twice", "ours\n")];
        let theirs = [("edited", "theirs\n"), ("gone-here", "theirs\n"), ("twice", "theirs\n")];
        let decide = |favour| merged(&both, &ours, &theirs, favour);
        let named = ["edited conflict", "gone-here conflict", "gone-there conflict", "twice conflict"];
        assert_eq!(decide(Favour::Neither), named);
        assert_eq!(decide(Favour::Ours), named);
        let taken = ["edited Merged theirs", "gone-here Added theirs", "gone-there Removed -", "twice Merged theirs"];
        assert_eq!(decide(Favour::Theirs), [&taken[..], &named].concat());
    }
}
