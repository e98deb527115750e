//! The built-in profiles and the texts that are installed with them, embedded in the binary.
//!
//! They come from `profiles/`, `templates/` and `hooks/` of this repository; what `init` wrote once is the user's own.
//!
//! `templates/former/<profile>/<version>/` holds what a profile's file was in that version where the next version has it otherwise. An
//! empty file there says that the version had no such file. So every version that was ever released can be told again, which
//! is what `upgrade` merges from: no history and no record is asked.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};

use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;

static PROFILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/profiles");
static DOCUMENTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/documents");
static SKILLS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/skills");
static FORMER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates/former");

/// The names of the built-in profiles, sorted.
pub fn names() -> Vec<ProfileName> {
    let mut names: Vec<ProfileName> =
        PROFILES.dirs().filter_map(|folder| ProfileName::parse(folder.path().to_str()?).ok()).collect();
    names.sort();
    names
}

/// Every file that installing a built-in profile writes, sorted by path; none for a name that is not built in.
pub fn files(name: &ProfileName) -> Vec<(RepoPath, Vec<u8>)> {
    let mut files = Vec::new();
    collect(PROFILES.get_dir(name.as_str()), &layout::namespace(name), &mut files);
    collect(DOCUMENTS.get_dir(name.as_str()), &format!("{}/templates", layout::namespace(name)), &mut files);
    files.sort();
    files
}

/// The `profile.toml` of a built-in profile; `None` for a name that is not built in.
pub fn profile_file(name: &ProfileName) -> Option<&'static str> {
    PROFILES.get_file(format!("{name}/profile.toml"))?.contents_utf8()
}

/// The version of a built-in profile that this program installs; `None` for a name that is not built in.
pub fn version(name: &ProfileName) -> Option<u32> {
    super::number(layout::profile_file(name), profile_file(name)?, "version").ok()
}

/// As [`files`], of an earlier version; `None` for a version that never was.
pub fn files_of(name: &ProfileName, version: u32) -> Option<Vec<(RepoPath, Vec<u8>)>> {
    let mut all: BTreeMap<RepoPath, Vec<u8>> = files(name).into_iter().collect();
    for earlier in (version..self::version(name)?).rev() {
        let mut other = Vec::new();
        collect(Some(FORMER.get_dir(format!("{name}/{earlier}"))?), &layout::namespace(name), &mut other);
        for (path, bytes) in other {
            if bytes.is_empty() {
                all.remove(&path)
            } else {
                all.insert(path, bytes)
            };
        }
    }
    (1..=self::version(name)?).contains(&version).then(|| all.into_iter().collect())
}

/// What tells agent clients which verb serves when: `skills/<name>/SKILL.md` each, sorted by path.
pub fn skills() -> Vec<(RepoPath, Vec<u8>)> {
    let mut files = Vec::new();
    collect(Some(&SKILLS), "skills", &mut files);
    files.sort();
    files
}

/// Puts every file below `folder` to `files`, its path below `target`.
fn collect(folder: Option<&Dir<'_>>, target: &str, files: &mut Vec<(RepoPath, Vec<u8>)>) {
    let Some(folder) = folder else { return };
    let file_name = |path: &std::path::Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    for file in folder.files() {
        if let Some(name) = file_name(file.path()) {
            files.push((format!("{target}/{name}").into(), file.contents().to_vec()));
        }
    }
    for inner in folder.dirs() {
        if let Some(name) = file_name(inner.path()) {
            collect(Some(inner), &format!("{target}/{name}"), files);
        }
    }
}

/// The block that tells agents how to work here, from its begin mark to its end mark; for `AGENTS.md`.
pub const AGENTS_BLOCK: &str = include_str!("../../templates/agents-block.md");
/// A git hook whose interpreter is the binary itself; `{binary}` stands for its path.
pub const GIT_HOOK: &str = include_str!("../../hooks/git-hook");
/// The same in `sh`, for a path that cannot be an interpreter; `{binary}` stands for it.
pub const GIT_HOOK_SH: &str = include_str!("../../hooks/git-hook.sh");
/// The workflow for GitHub Actions.
pub const CI_GITHUB: &str = include_str!("../../templates/ci/github-actions.yml");
/// The jobs for GitLab.
pub const CI_GITLAB: &str = include_str!("../../templates/ci/gitlab-ci.yml");

#[cfg(test)]
mod tests {
    use globset::Glob;

    use super::*;
    use crate::config::new_profile;
    use crate::model::tree::MemoryTree;

    /// The built-in profiles and one that `profile new` begins, with their files.
    fn profiles() -> impl Iterator<Item = (ProfileName, Vec<(RepoPath, Vec<u8>)>)> {
        let own = ProfileName::parse("own").unwrap();
        let begun = new_profile(&own, None);
        names().into_iter().map(|name| (name.clone(), files(&name))).chain([(own, begun)])
    }

    #[test]
    fn installed_texts_are_whole() {
        assert!(AGENTS_BLOCK.starts_with("<!-- agentops:begin -->\n"));
        assert!(AGENTS_BLOCK.trim_end().ends_with("<!-- agentops:end -->"));
        // The kernel reads one line, from the first two bytes on.
        assert!(GIT_HOOK.starts_with("#!{binary} "));
        assert!(GIT_HOOK_SH.starts_with("#!/bin/sh\n") && GIT_HOOK_SH.contains("binary='{binary}'"));
        assert!([CI_GITHUB, CI_GITLAB].iter().all(|text| text.contains("agentops check") && text.ends_with('\n')));
    }

    #[test]
    fn every_installed_file_has_its_place() {
        for name in names() {
            let mut tree = MemoryTree::new();
            files(&name).into_iter().for_each(|(path, bytes)| _ = tree.put(path, bytes));
            let profile = crate::config::read_profile(&tree, &name).unwrap();
            let is_document = |path: &RepoPath| {
                let rest = path.as_str().unwrap().strip_prefix(&layout::namespace(&name)).unwrap();
                profile.documents.iter().any(|glob| Glob::new(glob).unwrap().compile_matcher().is_match(&rest[1..]))
            };
            for (path, _, bytes) in tree.files() {
                let fits = match layout::Place::of(path) {
                    Some(layout::Place::ProfileFile(_)) => true,
                    Some(layout::Place::Document(_)) => is_document(path),
                    _ => false,
                };
                assert!(fits && !bytes.is_empty(), "{path}");
            }
        }
    }

    #[test]
    fn versions_that_were_released_can_be_told_for_ever() {
        use crate::model::digest::Digest;
        // sha256 over all files of that version, each as path, line feed, bytes.
        let released = [
            ("data-eng", 1, "45e7819fb0f113e2619d28f88c27c328f0556fb78c97d1c542b5d4567ef891e9"),
            ("devops", 1, "d442c49383f384b07dae143ab72d8d1259ab60eeed311193eda1cd254e27808a"),
            ("product-dev", 1, "66a55ce2d14ef10a3d8fddd636aca5b9c5e20eef11a6896298a00dc53841dc01"),
            ("sre", 1, "e8c1367f6d2acff49a06a8127cb53779069e46ea7500cdf5778b7c5c7e781705"),
        ];
        for (name, version, expected) in released {
            let name = ProfileName::parse(name).unwrap();
            let mut bytes = Vec::new();
            for (path, content) in files_of(&name, version).unwrap() {
                bytes.extend([path.as_bytes(), b"\n", &content].concat());
            }
            let message = "a file of a released version changed: put what it was, `git show REV:PATH`, into";
            assert_eq!(Digest::of(&bytes).hex(), expected, "{message} templates/former/{name}/{version}/");
        }
        for name in names() {
            let now = version(&name).unwrap();
            assert_eq!(files_of(&name, now), Some(files(&name)));
            assert!((1..now).all(|version| files_of(&name, version).is_some()), "templates/former/{name} has a gap");
            assert_eq!((files_of(&name, 0), files_of(&name, now + 1)), (None, None));
            assert_eq!(released.iter().filter(|(known, ..)| *known == name.as_str()).count(), now as usize - 1);
        }
        assert_eq!(version(&ProfileName::parse("mine").unwrap()), None);
    }

    #[test]
    fn every_check_of_a_gate_has_something_to_check() {
        use crate::model::law_id::LawId;
        use crate::model::profile::ArtifactKind;
        for (name, files) in profiles() {
            let mut tree = MemoryTree::new();
            files.into_iter().for_each(|(path, bytes)| _ = tree.put(path, bytes));
            for phase in crate::config::read_profile(&tree, &name).unwrap().phases {
                for check in &phase.gate.checks {
                    let kind = match check {
                        LawId::P2 | LawId::P3 => ArtifactKind::Research,
                        LawId::P4 | LawId::P5 => ArtifactKind::Plan,
                        LawId::P7 => ArtifactKind::Manifest,
                        LawId::P8 => ArtifactKind::Tasks,
                        LawId::P9 if phase.stage == crate::model::state::Stage::Plan => ArtifactKind::Deliverables,
                        _ => continue,
                    };
                    let found = phase.artifacts.iter().any(|artifact| artifact.kind == kind);
                    assert!(found, "{name}: the gate of `{}` runs {check} on nothing", phase.name);
                }
            }
        }
    }

    #[test]
    fn plan_and_work_of_agents_are_held_to_promises() {
        use crate::model::law_id::LawId;
        use crate::model::state::Stage;
        for (name, files) in profiles() {
            let mut tree = MemoryTree::new();
            files.into_iter().for_each(|(path, bytes)| _ = tree.put(path, bytes));
            for phase in crate::config::read_profile(&tree, &name).unwrap().phases {
                let asks = phase.gate.checks.contains(&LawId::P9);
                assert_eq!(asks, matches!(phase.stage, Stage::Plan | Stage::Implement), "{name}: {}", phase.name);
            }
        }
    }

    #[test]
    fn templates_of_deliverables_are_refused_until_filled_in() {
        use crate::model::deliverables::Deliverables;
        for (name, files) in profiles() {
            let path = layout::template(&name, "deliverables.toml");
            let (_, bytes) = files.into_iter().find(|(found, _)| *found == path).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            let blanks: Vec<usize> = text
                .lines()
                .zip(1..)
                .filter(|(line, _)| line.contains("\"\"") && !line.starts_with('#'))
                .map(|(_, at)| at)
                .collect();
            let mut lines: Vec<usize> =
                Deliverables::parse(text.as_bytes()).unwrap_err().iter().map(|problem| problem.line).collect();
            lines.sort_unstable();
            lines.dedup();
            assert_eq!((lines, blanks.len()), (blanks, 7), "{name}: each blank is told with its line");
            // Filled in: paths, then a name, then texts; what is commented out holds as well.
            let filled = text
                .replace("path = \"\"", "path = \"src/a.rs\"")
                .replace("name = \"\"", "name = \"expiry\"")
                .replace("\"\"", "\"Links end\"");
            let all: String = filled
                .lines()
                .map(|line| match line.strip_prefix("# ") {
                    Some(entry) if entry.starts_with("[[integration]]") || entry.starts_with("coverage = ") => entry,
                    _ => line,
                })
                .map(|line| format!("{line}\n"))
                .collect();
            let (head, tail) = all.split_once("[[integration]]").unwrap();
            let all = format!("{head}[[integration]]{}", tail.replace("\n# ", "\n"));
            let read =
                Deliverables::parse(all.as_bytes()).unwrap_or_else(|problems| panic!("{name}: {problems:?}\n{all}"));
            assert_eq!((read.integrations.len(), read.coverage.unwrap().least), (1, 80));
        }
    }
}
