//! What is judged: exactly what is committed, and nothing is touched for it. Cases 1 to 3.

use std::fs;

use super::{PLANTED, found};
use crate::hooks::EVENT;
use crate::sandbox::{Sandbox, lawful};

/// Somebody in the midst of work: staged, staged in part, intended, deleted, untracked, stashed.
fn at_work() -> Sandbox {
    let sandbox = Sandbox::hooked();
    for path in ["part.txt", "gone.txt", "stashed.txt"] {
        sandbox.write(path, format!("{path}\n"));
    }
    sandbox.git("add .");
    sandbox.commit("feat: begin", "").expect_code(0);
    sandbox.write("stashed.txt", "2\n");
    sandbox.git("stash push --quiet");
    sandbox.write("part.txt", "part.txt\n2\n");
    sandbox.git("add part.txt");
    sandbox.write("part.txt", "0\npart.txt\n2\n3\n");
    fs::remove_file(sandbox.path().join("gone.txt")).unwrap();
    sandbox.write("intended.txt", "1\n");
    sandbox.git("add --intent-to-add intended.txt");
    sandbox.write("untracked.txt", "1\n");
    sandbox
}

#[test]
fn case_01_no_check_touches_worktree_or_index() {
    let sandbox = at_work();
    sandbox.plant();
    // Git itself refreshes the index before it runs a hook.
    found(&sandbox.commit("feat: planted", ""));
    let before = sandbox.possessions();
    found(&sandbox.commit("feat: planted", ""));
    assert_eq!(sandbox.possessions(), before, "a refused commit");
    sandbox.agentops("hooks run pre-commit").run();
    sandbox.agentops("check --staged").run().expect_code(3);
    assert_eq!(sandbox.possessions(), before, "a check by hand");
    sandbox.uproot();
    let (status, part) = (sandbox.git("status --porcelain"), sandbox.read("part.txt"));
    sandbox.commit("feat: part", "").expect_code(0);
    assert_eq!(sandbox.read("part.txt"), part);
    assert_eq!(sandbox.git("show HEAD:part.txt"), "part.txt\n2");
    assert_eq!(sandbox.git("status --porcelain"), status.replace("MM part.txt", " M part.txt").trim());
    assert_eq!(sandbox.git("stash list").lines().count(), 1);
}

#[test]
fn case_02_staged_content_is_judged_and_not_the_worktree() {
    let sandbox = Sandbox::hooked();
    // Staged, then mended in the working tree alone.
    sandbox.plant();
    sandbox.write(PLANTED, "{}\n");
    found(&sandbox.commit("feat: planted", ""));
    fs::remove_file(sandbox.path().join(PLANTED)).unwrap();
    found(&sandbox.commit("feat: planted", ""));
    // The other way round.
    sandbox.write(PLANTED, "{}\n");
    sandbox.git(&format!("add {PLANTED}"));
    sandbox.write(PLANTED, "{\n");
    sandbox.commit("feat: a whole file", "").expect_code(0);
    assert_eq!(sandbox.git(&format!("show HEAD:{PLANTED}")), "{}");
}

#[test]
fn case_03_every_form_of_commit_is_judged_by_what_it_commits() {
    let sandbox = Sandbox::hooked();
    sandbox.write("a.txt", "1\n");
    sandbox.write("b.txt", "1\n");
    sandbox.write(PLANTED, "{}\n");
    sandbox.git("add .");
    sandbox.commit("feat: add both", "").expect_code(0);
    // `commit -a`: the index is a lock file.
    sandbox.write("a.txt", "2\n");
    sandbox.commit("feat: edit a", "-a").expect_code(0);
    sandbox.write(PLANTED, "{\n");
    found(&sandbox.commit("feat: planted", "-a"));
    // `commit PATH`: a temporary index without what is staged besides.
    sandbox.write(EVENT, "v = 1\n");
    sandbox.git("add .agentops");
    for (number, form) in ["-- b.txt", "--only b.txt", "--include b.txt"].iter().enumerate() {
        sandbox.write("b.txt", format!("{number}\n"));
        let output = sandbox.commit(&format!("feat: edit b {number}"), form);
        let takes_all = form.starts_with("--include");
        assert_eq!(output.stderr.contains("error[AO-E2]"), takes_all, "{form}: {}", output.snapshot());
        assert_eq!(output.code, Some(i32::from(takes_all)), "{form}: {}", output.snapshot());
    }
    assert_eq!(sandbox.git("show --format= --name-only HEAD"), "b.txt");
    // The other way round: the bad path alone.
    sandbox.write("a.txt", "3\n");
    sandbox.git("add a.txt");
    found(&sandbox.commit("feat: planted", &format!("-- {PLANTED}")));
    let refused = sandbox.commit("feat: an event", &format!("-- {EVENT}"));
    assert!(refused.code == Some(1) && refused.stderr.contains("error[AO-E2]"), "{}", refused.snapshot());
    // Chosen piece by piece, answers coming from the terminal.
    sandbox.git("rm -r --quiet --cached .agentops/sre/events");
    for (answers, is_found) in [("n\ny\n", true), ("y\nn\n", false)] {
        let message = sandbox.root().join("message");
        fs::write(&message, lawful("feat: in pieces")).unwrap();
        let picked = sandbox.try_git("commit --quiet --patch --file").arg(&message).stdin(answers).run();
        assert_eq!(picked.stderr.contains(PLANTED), is_found, "{}", picked.snapshot());
        assert_eq!(picked.code, Some(i32::from(is_found)), "{}", picked.snapshot());
    }
    assert_eq!(sandbox.subject(), "feat: in pieces");
}

#[test]
fn case_03_a_record_of_trees_that_lies_hides_nothing() {
    let sandbox = Sandbox::hooked();
    sandbox.write("data/a.json", "{}\n");
    sandbox.git("add .");
    sandbox.commit("feat: data", "").expect_code(0);
    sandbox.git("config index.skipHash true");
    sandbox.git("read-tree HEAD");
    sandbox.git("update-index --force-write-index");
    // The index has another blob than the tree that it says the folder is; git leaves its checksum out, so nobody notices.
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    };
    let old = bytes(&sandbox.git("rev-parse HEAD:data/a.json"));
    let new = bytes(sandbox.try_git("hash-object -w --stdin").stdin("{\n").run().expect_code(0).stdout.trim());
    let place = sandbox.path().join(".git/index");
    let mut index = fs::read(&place).unwrap();
    let at = index.windows(old.len()).position(|part| part == old).unwrap();
    index[at..at + new.len()].copy_from_slice(&new);
    fs::write(&place, index).unwrap();
    // Git writes the tree by that record: whatever it commits, what breaks a law is not in it unseen.
    let output = sandbox.commit("feat: nothing", "--allow-empty");
    let is_in = sandbox.git("show HEAD:data/a.json") != "{}";
    assert!(!is_in, "{}", output.snapshot());
    // A new entry makes git look again, and us.
    sandbox.write("data/b.json", "{}\n");
    sandbox.git("add data/b.json");
    let output = sandbox.commit("feat: more data", "");
    assert!(output.code == Some(1) && output.stderr.contains("error[AO-Y1] data/a.json"), "{}", output.snapshot());
}

#[test]
fn case_03_a_chained_hook_sees_what_git_gives_and_nothing_more() {
    let sandbox = Sandbox::adopted();
    let linked = sandbox.worktree("linked");
    let number = std::cell::Cell::new(0);
    let seen = |place: &Sandbox, hook: &str, form: &str| {
        number.set(number.get() + 1);
        place.write("a.txt", place.git("rev-parse HEAD"));
        place.git("add a.txt");
        place.commit(&format!("feat: number {}", number.get()), form).expect_code(0);
        fs::read_to_string(sandbox.root().join(hook)).unwrap()
    };
    let hooks = ["pre-commit", "prepare-commit-msg", "commit-msg"];
    for hook in hooks {
        let to = sandbox.root().join(hook);
        let text = format!("#!/bin/sh\nenv | grep ^GIT_ | grep -v _DATE= | sort > {}\n", to.display());
        sandbox.write_program(&format!(".git/hooks/{hook}"), &text);
    }
    let all = || -> Vec<String> {
        let places = [(&sandbox, ""), (&sandbox, "-a"), (&linked, ""), (&linked, "-a")];
        hooks.iter().flat_map(|hook| places.map(|(place, form)| seen(place, hook, form))).collect()
    };
    let alone = all();
    assert!(alone[1].contains("index.lock") && alone[2].contains("GIT_DIR="), "{alone:?}");
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    assert_eq!(all(), alone);
    sandbox.guards("feat: still guarded");
}

#[test]
fn case_03_commands_of_a_gate_see_nothing_of_gits_environment() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Reset passwords", "");
    sandbox.reach_implement(&task, "src/reset.txt");
    sandbox.implement(&task, "src/reset.txt");
    sandbox.bring_records(&task, 1);
    // A test that works in repositories of its own, as `git rebase --exec` would run it.
    let seen = sandbox.root().join("seen");
    let script = format!(
        "set -e\nenv > {0}\ngit init -q {1}\ncd {1}\ngit commit -q --allow-empty -m own\n",
        seen.display(),
        sandbox.root().join("own").display()
    );
    sandbox.write("test.sh", script);
    let git_dir = sandbox.path().join(".git").to_string_lossy().into_owned();
    let index = sandbox.path().join(".git/index").to_string_lossy().into_owned();
    let next = sandbox.agentops(&format!("phase next {} --actor claude", task.id));
    let next = next.env("GIT_DIR", &git_dir).env("GIT_INDEX_FILE", &index).env("GIT_PREFIX", "src/");
    let done = next.env("GIT_CONFIG_PARAMETERS", "'core.bare'='false'").run();
    let seen = fs::read_to_string(&seen).unwrap_or_else(|error| panic!("{error}: {}", done.snapshot()));
    for name in sandbox.git("rev-parse --local-env-vars").lines() {
        assert!(!seen.lines().any(|line| line.starts_with(&format!("{name}="))), "{name}: {seen}");
    }
    assert_ne!(sandbox.subject(), "own");
    done.expect_code(0);
}
