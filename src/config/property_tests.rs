//! Laws of the readers: nothing makes them panic, and what they refuse they can point at.

use proptest::prelude::*;

use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::tree::{MemoryTree, TreeView};

use super::tests::{profile_name, valid_tree};
use super::*;

const FILES: [&str; 5] = [
    layout::FORMAT,
    layout::CONFIG,
    ".agentops/mine/profile.toml",
    ".agentops/child/profile.toml",
    ".agentops/mine/agents/maker.md",
];

/// Reads everything; every problem has a path, a place within the file, and a remedy.
fn read_all(tree: &MemoryTree) -> Result<(), TestCaseError> {
    let mine = profile_name("mine");
    let errors = [
        read_policy(tree).err(),
        validate_profile(tree, &mine).err(),
        validate_profile(tree, &profile_name("child")).err(),
        agents(tree, &mine).err(),
    ];
    for error in errors.into_iter().flatten() {
        match error {
            PolicyError::Problems(problems) => {
                prop_assert!(!problems.is_empty());
                for problem in problems {
                    let lines = match tree.file(&problem.path, u64::MAX) {
                        Ok(Some(bytes)) => bytes.iter().filter(|byte| **byte == b'\n').count() + 1,
                        _ => 1,
                    };
                    prop_assert!((1..=lines).contains(&problem.line) && problem.column >= 1, "{}", problem);
                    prop_assert!(!problem.message.is_empty() && !problem.fix.is_empty(), "{}", problem);
                }
            }
            PolicyError::TooNew { .. } => {}
            PolicyError::Absent | PolicyError::Sight(_) => prop_assert!(false, "{error}"),
        }
    }
    Ok(())
}

fn bytes_of(tree: &MemoryTree, path: &str) -> Vec<u8> {
    tree.file(&RepoPath::from(path), u64::MAX).unwrap().unwrap()
}

proptest! {
    #[test]
    fn no_bytes_panic(file in 0..FILES.len(), bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut tree = valid_tree();
        tree.put(FILES[file], bytes);
        read_all(&tree)?;
    }

    #[test]
    fn no_text_in_the_front_matter_panics(yaml in "[-a-z:#&*!|>\\[\\]{}'\"%@ \n\té]{0,80}") {
        let mut tree = valid_tree();
        tree.put(FILES[4], format!("---\n{yaml}\n---\n\n## Law checklist\n\n- [ ] AO-L1: x\n"));
        read_all(&tree)?;
    }

    #[test]
    fn a_cut_or_changed_file_is_pointed_at(
        file in 0..FILES.len(),
        at in any::<prop::sample::Index>(),
        cut in 0..12_usize,
        insert in "[\\PC\n]{0,6}",
    ) {
        let mut tree = valid_tree();
        let mut bytes = bytes_of(&tree, FILES[file]);
        let start = at.index(bytes.len());
        let end = (start + cut).min(bytes.len());
        bytes.splice(start..end, insert.into_bytes());
        tree.put(FILES[file], bytes);
        read_all(&tree)?;
    }

    #[test]
    fn a_value_of_another_kind_is_refused(file in 0..4_usize, at in any::<prop::sample::Index>(), value in "(1979-05-27|0\\.5|\\{\\})") {
        let mut tree = valid_tree();
        let text = String::from_utf8(bytes_of(&tree, FILES[file])).unwrap();
        let lines: Vec<usize> = (0..text.lines().count())
            .filter(|index| {
                let line = text.lines().nth(*index).unwrap_or_default();
                line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains(" = ") && !line.ends_with('[')
            })
            .collect();
        let target = lines[at.index(lines.len())];
        let edit = |(index, line): (usize, &str)| match line.split_once(" = ") {
            Some((key, _)) if index == target => format!("{key} = {value}"),
            _ => line.to_owned(),
        };
        let edited: Vec<String> = text.lines().enumerate().map(edit).collect();
        tree.put(FILES[file], edited.join("\n"));
        let error = read_policy(&tree).unwrap_err();
        let pointed = error.problems().iter().any(|problem| problem.path == FILES[file].into() && problem.line == target + 1);
        prop_assert!(pointed, "line {}: {error}", target + 1);
        read_all(&tree)?;
    }
}
