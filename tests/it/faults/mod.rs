//! What fails in the midst of a write: a failpoint at each of them, a disk that is full, an object database that takes
//! nothing, locks that stay. After each the person's work is there byte for byte, HEAD is old or new, the next command
//! works, and `doctor` names what is left and mends it.

mod disk;
#[cfg(debug_assertions)]
mod failpoints;
mod locks;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::sandbox::{Output, PROGRAM, Sandbox};

/// What a person has under way: paths, and what stands there before.
const STAGED: &str = "src/app.txt";
const EDITED: &str = "README.md";
const ADDED: &str = "src/added.txt";
const UNTRACKED: &str = "notes of mine.txt";
const IGNORED: &str = "target/build.bin";

/// The person's work as it stands: what the index has, and the bytes of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    index: String,
    files: Vec<Vec<u8>>,
}

impl Sandbox {
    /// A governed repository in which somebody is at work: staged, edited after staging, added, untracked, ignored.
    pub(crate) fn at_work() -> Self {
        let sandbox = Self::governed();
        sandbox.begin_work();
        sandbox
    }

    /// Somebody begins to work here.
    pub(crate) fn begin_work(&self) {
        self.write(".git/info/exclude", "target/\n");
        self.write(STAGED, "staged\n");
        self.write(ADDED, "added\n");
        self.git(&format!("add {STAGED} {ADDED}"));
        self.write(STAGED, "staged, and edited since\n");
        self.write(EDITED, b"edited \xff\0 and no text\n");
        self.write(UNTRACKED, "untracked\n");
        self.write(IGNORED, [0, 1, 2, 255]);
    }

    /// What the person has under way.
    pub(crate) fn work(&self) -> Work {
        let paths = [STAGED, EDITED, ADDED, UNTRACKED, IGNORED];
        let index = self.try_git("ls-files --stage --").arg(STAGED).arg(EDITED).arg(ADDED).run().expect_code(0).stdout;
        Work { index, files: paths.map(|path| fs::read(self.path().join(path)).unwrap()).into() }
    }

    /// How index and working tree differ from HEAD below `.agentops`: nothing, where they follow it.
    pub(crate) fn behind(&self) -> String {
        self.git("status --porcelain --untracked-files=no -- .agentops")
    }

    /// Where HEAD is.
    pub(crate) fn head(&self) -> String {
        self.git("rev-parse HEAD")
    }

    /// The checks that `doctor` finds at fault, with what it says, and those only.
    pub(crate) fn complaints(&self) -> Vec<(String, String)> {
        let findings = self.agentops("doctor --json").run().json()["findings"].as_array().unwrap().clone();
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let usual = ["hooks", "profile", "working tree", "actor", "attributes", "rules"];
        let bad = findings.iter().filter(|finding| finding["grade"] != "ok");
        let named = bad.map(|finding| (text(&finding["check"]), text(&finding["what"])));
        named.filter(|(check, _)| !usual.contains(&check.as_str())).collect()
    }

    /// What was half written becomes as old as `doctor --fix` wants it to be.
    pub(crate) fn let_time_pass(&self) {
        for folder in [".git/agentops", ".git/objects"] {
            let entries =
                fs::read_dir(self.path().join(folder)).into_iter().flatten().map(|entry| entry.unwrap().path());
            for file in entries.filter(|path| path.is_file()) {
                age(&file, Duration::from_secs(3600));
            }
        }
    }

    /// Nothing is broken, nothing is left: after a `doctor --fix`.
    #[track_caller]
    pub(crate) fn assert_mended(&self, case: &str) {
        self.let_time_pass();
        let fixed = self.agentops("doctor --fix").run();
        assert_eq!(self.complaints(), [], "{case}: {}", fixed.snapshot());
        let left = self.leftovers();
        assert!(left.is_empty(), "{case}: {left:?}");
    }

    /// Files of ours that a finished command does not leave.
    fn leftovers(&self) -> Vec<PathBuf> {
        let own = walkdir::WalkDir::new(self.path().join(".git")).into_iter().map(|entry| entry.unwrap().into_path());
        let is_left = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.contains(".tmp") || name.ends_with(".lock") || path.ends_with("agentops/journal")
        };
        own.filter(is_left).collect()
    }
}

/// Makes a file look as if it had been written so much earlier.
fn age(file: &std::path::Path, age: Duration) {
    let file = fs::File::options().write(true).open(file).unwrap();
    let made = file.metadata().unwrap().modified().unwrap();
    file.set_modified(made - age).unwrap();
}

/// Whether the run tells a person what happened and what to do: no panic, an error or a warning.
#[track_caller]
fn assert_told(case: &str, output: &Output) {
    let told = output.stderr.contains("error: ") || output.stderr.contains("warning: ");
    assert!(told && !output.stderr.contains("panicked"), "{case}: {}", output.snapshot());
}

#[test]
fn a_release_build_has_no_failpoints() {
    let program = fs::read(PROGRAM).unwrap();
    let name = b"AGENTOPS_FAIL_AT";
    assert_eq!(program.windows(name.len()).any(|part| part == name), cfg!(debug_assertions));
    let output = Sandbox::governed().agentops("task new x").env("AGENTOPS_FAIL_AT", "blob").run();
    assert_eq!(output.code != Some(0), cfg!(debug_assertions), "{}", output.snapshot());
}
