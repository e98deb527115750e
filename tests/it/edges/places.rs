//! Where hooks lie and where they run: worktrees, submodules, `core.hooksPath`. Cases 4 and 5.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::found;
use crate::sandbox::Sandbox;

/// Takes the hooks away, wherever git runs them from now.
fn without_hooks(sandbox: &Sandbox) {
    sandbox.agentops("hooks uninstall --quiet").run().expect_code(0);
}

#[test]
fn case_04_linked_worktrees_share_the_hooks_and_each_is_judged_itself() {
    let sandbox = Sandbox::adopted();
    let linked = sandbox.worktree("linked");
    linked.write("sub/a.txt", "1\n");
    // Installed from a subfolder of a linked worktree, into the one folder.
    linked.agentops("hooks install --quiet").in_dir("sub").run().expect_code(0);
    assert!(sandbox.path().join(".git/hooks/pre-commit").exists());
    assert!(linked.path().join(".git").is_file());
    linked.guards("feat: linked");
    sandbox.guards("feat: main");
    // What is planted in the one is nothing to the other.
    sandbox.plant();
    linked.write("b.txt", "1\n");
    linked.git("add b.txt");
    linked.commit("feat: beside", "").expect_code(0);
    found(&sandbox.commit("feat: planted", ""));
    let refused = linked.try_git("commit --quiet --allow-empty -m wip").in_dir("sub").run();
    assert!(refused.code == Some(1) && refused.stderr.contains("AO-L3"), "{}", refused.snapshot());
    assert!(sandbox.path().join(".git/worktrees/linked/agentops/refused-message").exists());
}

#[test]
fn case_04_no_path_of_the_repository_is_written_into_a_hook() {
    let sandbox = Sandbox::hooked();
    let moved = sandbox.root().join("moved");
    fs::rename(sandbox.path(), &moved).unwrap();
    let moved = sandbox.at(moved);
    moved.agentops("hooks status").run().expect_code(0);
    moved.guards("feat: moved");
}

#[test]
fn case_04_submodules_have_hooks_of_their_own() {
    let sandbox = Sandbox::adopted();
    let library = Sandbox::adopted();
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    let add = sandbox.try_git("-c protocol.file.allow=always submodule --quiet add");
    add.arg(library.path()).arg("library").run().expect_code(0);
    sandbox.commit("feat: a library", "").expect_code(0);
    let inside = sandbox.at(sandbox.path().join("library"));
    assert!(inside.path().join(".git").is_file());
    inside.agentops("hooks install --quiet").run().expect_code(0);
    assert!(sandbox.path().join(".git/modules/library/hooks/pre-commit").exists());
    inside.guards("feat: inside");
    // The link that moves along with it is judged as what it is.
    sandbox.git("add library");
    sandbox.guards("feat: outside");
    assert_eq!(sandbox.git("rev-parse HEAD:library"), inside.git("rev-parse HEAD"));
    // A submodule that was never checked out.
    let clone = sandbox.clone_as("clone");
    clone.agentops("hooks install --quiet").run().expect_code(0);
    assert!(!clone.path().join("library/.git").exists());
    clone.guards("feat: without it");
    // Where its folder becomes a file, and where it goes.
    clone.git("rm --quiet library");
    clone.write("library", "no link\n");
    clone.git("add library");
    clone.guards("feat: a file instead");
}

#[test]
fn case_04_repositories_whose_folder_lies_elsewhere() {
    let sandbox = Sandbox::without_repository();
    sandbox.git("init --quiet --separate-git-dir ../store");
    let donor = Sandbox::adopted();
    sandbox.try_git("pull --quiet").arg(donor.path()).arg("main").run().expect_code(0);
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    assert!(sandbox.root().join("store/hooks/pre-commit").exists());
    sandbox.guards("feat: apart");
    // A bare repository, worked on in worktrees.
    let bare = sandbox.at(sandbox.root().join("bare.git"));
    donor.try_git("clone --quiet --bare .").arg(bare.path()).run().expect_code(0);
    bare.try_git("worktree add --quiet ../tree main").run().expect_code(0);
    let tree = bare.at(bare.root().join("tree"));
    tree.agentops("hooks install --quiet").run().expect_code(0);
    tree.agentops("hooks status").run().expect_code(0);
    tree.guards("feat: in a tree");
}

#[test]
fn case_05_hooks_go_where_this_repository_alone_looks_for_them() {
    let sandbox = Sandbox::adopted();
    let usual = sandbox.path().join(".git/hooks");
    // The default, said aloud.
    sandbox.try_git("config core.hooksPath").arg(&usual).run().expect_code(0);
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.guards("feat: the usual place");
    without_hooks(&sandbox);
    // A folder of the working tree, chosen by the repository, by one worktree, or by a file that its configuration includes.
    sandbox.git("config core.hooksPath .husky/_");
    let installed = sandbox.agentops("hooks install").run().expect_code(0);
    assert!(installed.stderr.contains("do not commit them"), "{}", installed.snapshot());
    sandbox.guards("feat: a folder of ours");
    without_hooks(&sandbox);
    sandbox.git("config --unset core.hooksPath");
    sandbox.git("config extensions.worktreeConfig true");
    sandbox.git("config --worktree core.hooksPath .hooks-here");
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.guards("feat: this worktree");
    let linked = sandbox.worktree("linked");
    linked.agentops("hooks status").run().expect_code(1);
    linked.agentops("hooks install --quiet").run().expect_code(0);
    linked.guards("feat: the other worktree");
    without_hooks(&sandbox);
    sandbox.git("config --worktree --unset core.hooksPath");
    fs::write(sandbox.root().join("included"), "[core]\n\thooksPath = .included\n").unwrap();
    sandbox.try_git("config include.path").arg(sandbox.root().join("included")).run().expect_code(0);
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    assert!(sandbox.path().join(".included/pre-commit").exists());
    sandbox.guards("feat: included");
}

/// Where it is set, by which arguments of `git config`, in which environment.
type Setting<'s> = (&'s str, &'s str, &'s [(&'s str, &'s str)]);

#[test]
fn case_05_a_folder_that_others_share_is_refused_with_the_command_that_mends_it() {
    let sandbox = Sandbox::adopted();
    let shared = sandbox.root().join("shared");
    fs::create_dir(&shared).unwrap();
    let system = sandbox.root().join("system");
    fs::write(&system, format!("[core]\n\thooksPath = {}\n", shared.display())).unwrap();
    let system = system.to_string_lossy().into_owned();
    let path = shared.to_string_lossy().into_owned();
    let parameter = format!("'core.hooksPath'='{path}'");
    let by_environment =
        [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "core.hooksPath"), ("GIT_CONFIG_VALUE_0", path.as_str())];
    let by_system = [("GIT_CONFIG_NOSYSTEM", "0"), ("GIT_CONFIG_SYSTEM", system.as_str())];
    let by_command = [("GIT_CONFIG_PARAMETERS", parameter.as_str())];
    let cases: [Setting<'_>; 7] = [
        ("system", "", &by_system),
        ("command", "", &by_environment),
        ("command", "", &by_command),
        ("global", "--global core.hooksPath .githooks", &[]),
        ("local", "core.hooksPath ../shared", &[]),
        ("local", "core.hooksPath ~/hooks", &[]),
        // Git takes it for the root of the file system.
        ("local", "core.hooksPath \"\"", &[]),
    ];
    for (scope, setting, environment) in cases {
        let case = format!("{scope} {setting} {environment:?}");
        if !setting.is_empty() {
            sandbox.git(&format!("config {setting}"));
        }
        let with = |arguments: &str| {
            let call = sandbox.agentops(arguments);
            environment.iter().fold(call, |call, (name, value)| call.env(name, value)).run()
        };
        let before = sandbox.git("config --list --show-origin");
        with("hooks status").expect_code(1);
        let install = with("hooks install").expect_code(1);
        assert!(
            install.stderr.contains(&format!("`core.hooksPath` is set ({scope})")),
            "{case}: {}",
            install.snapshot()
        );
        assert_eq!(fs::read_dir(&shared).unwrap().count(), 0, "{case}");
        assert_eq!(sandbox.git("config --list --show-origin"), before, "{case}: settings of others");
        if scope == "command" {
            // Nothing in a file beats it: whoever set it takes it away.
            assert!(!install.stderr.contains("git config"), "{case}: {}", install.snapshot());
            continue;
        }
        // The command that it gives does mend it.
        let remedy = install.stderr.split('`').rev().nth(1).unwrap().to_owned();
        sandbox.git(remedy.strip_prefix("git ").unwrap());
        with("hooks install --quiet").expect_code(0);
        with("hooks status").expect_code(0);
        without_hooks(&sandbox);
        sandbox.git("config --unset core.hooksPath");
        sandbox.try_git("config --global --unset core.hooksPath").run();
    }
    sandbox.agentops("hooks install --quiet").run().expect_code(0);
    sandbox.guards("feat: in the end");
}

#[test]
fn case_05_foreign_hooks_are_chained_and_come_back_byte_for_byte() {
    let sandbox = Sandbox::adopted();
    let note = |name: &str| format!("#!/bin/sh\r\n# caf\u{e9}\nprintf '{name} ' >> ../ran\n\n");
    let hooks = ["pre-commit", "commit-msg", "prepare-commit-msg", "pre-push", "post-commit"];
    for hook in hooks {
        // A first line that ends in CR names no program: without it the file is a script all the same.
        sandbox.write_program(&format!(".git/hooks/{hook}"), &note(hook).replace("#!/bin/sh\r\n", ""));
    }
    let about = |hook: &str| {
        let place = sandbox.path().join(".git/hooks").join(hook);
        (fs::read(&place).unwrap(), place.metadata().unwrap().permissions().mode())
    };
    let before: Vec<_> = hooks.iter().map(|hook| about(hook)).collect();
    let names = || {
        let listed = fs::read_dir(sandbox.path().join(".git/hooks")).unwrap();
        let mut names: Vec<_> = listed.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let all = names();
    for round in 0..3 {
        sandbox.agentops("hooks install --quiet").run().expect_code(0);
        if round == 1 {
            sandbox.guards("feat: chained");
        }
    }
    let ran = fs::read_to_string(sandbox.root().join("ran")).unwrap();
    // The refused commit and the one that passed.
    assert_eq!(
        ran, "pre-commit prepare-commit-msg commit-msg pre-commit prepare-commit-msg commit-msg post-commit ",
        "each in its turn and once"
    );
    without_hooks(&sandbox);
    assert_eq!((names(), hooks.iter().map(|hook| about(hook)).collect::<Vec<_>>()), (all, before));
}
