//! The eighteen edge cases that every program of git's hooks meets: each test does what users do, with real git and our hooks
//! in place, and has something planted that must be found beside what must pass. A hook that does not run fails it.

mod amends;
mod bypass;
mod content;
mod killed;
mod messages;
mod places;
mod pushes;
mod rewrites;
mod rules;
mod states;
mod surroundings;

use std::fs;

use crate::sandbox::{Output, Sandbox};

/// What [`Sandbox::plant`] writes, and the law that it breaks.
pub(crate) const PLANTED: &str = "planted.json";
const LAW: &str = "AO-Y1";

impl Sandbox {
    /// Stages a file that breaks a law.
    pub(crate) fn plant(&self) {
        self.write(PLANTED, "{ \"a\": \n");
        self.git(&format!("add --force {PLANTED}"));
    }

    /// Takes it away again, wherever it is.
    pub(crate) fn uproot(&self) {
        self.git(&format!("rm --quiet --cached --force --ignore-unmatch {PLANTED}"));
        let _ = fs::remove_file(self.path().join(PLANTED));
    }

    /// Fails unless our hooks stand guard here: a planted file is refused, and what else is staged passes without it.
    #[track_caller]
    pub(crate) fn guards(&self, subject: &str) {
        let before = self.try_git("rev-parse --verify HEAD").run().stdout;
        self.plant();
        found(&self.commit(subject, ""));
        assert_eq!(self.try_git("rev-parse --verify HEAD").run().stdout, before);
        self.uproot();
        let file = format!("{}.txt", subject.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
        self.write(&file, subject);
        self.git(&format!("add {file}"));
        self.commit(subject, "").expect_code(0);
        assert_eq!(self.subject(), subject);
    }

    /// A guarded sandbox on `main`, whose `side` changes the same file otherwise.
    fn forked() -> Self {
        let sandbox = Self::hooked();
        sandbox.git("switch --quiet --create side");
        sandbox.write("README.md", "side\n");
        sandbox.commit("feat: side", "-a").expect_code(0);
        sandbox.git("switch --quiet main");
        sandbox.write("README.md", "main\n");
        sandbox.commit("feat: main", "-a").expect_code(0);
        sandbox
    }

    /// All that a check may not touch: index, working tree, stash, branches.
    fn possessions(&self) -> Vec<(String, Vec<u8>)> {
        let files = walkdir::WalkDir::new(self.path()).sort_by_file_name().into_iter().map(Result::unwrap);
        let own = files.filter(|file| file.file_type().is_file() && !file.path().starts_with(self.path().join(".git")));
        let mut all: Vec<_> =
            own.map(|file| (file.path().display().to_string(), fs::read(file.path()).unwrap())).collect();
        for command in ["stash list", "for-each-ref", "ls-files --stage --debug"] {
            all.push((command.to_owned(), self.git(command).into_bytes()));
        }
        all.push(("index".to_owned(), fs::read(self.path().join(".git/index")).unwrap()));
        all
    }
}

/// Fails unless the planted file was found and the commit refused.
#[track_caller]
pub(crate) fn found(output: &Output) {
    let told = output.stderr.contains(&format!("error[{LAW}] {PLANTED}"));
    assert!(told && output.code.is_some_and(|code| code != 0), "{}", output.snapshot());
}

/// Fails unless this law refused it.
#[track_caller]
pub(crate) fn refused(output: &Output, law: &str) {
    let told = output.stderr.contains(&format!("error[{law}]"));
    assert!(told && output.code.is_some_and(|code| code != 0), "{}", output.snapshot());
}
