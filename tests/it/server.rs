//! A server of one's own: what `pre-receive` lets in.

use std::path::PathBuf;

use agentops::engine::Site;
use agentops::engine::judging::{PushMemory, push};
use agentops::model::digest::ObjectId;

use crate::dice::Dice;
use crate::governed::governed;
use crate::sandbox::{Output, Sandbox, lawful};
use crate::secrets::token;
use crate::world::{World, told};

/// A clone and the repository that it pushes to, a bare one unless a test says otherwise, with the hook in place.
struct Server {
    clone: Sandbox,
    bare: Sandbox,
}

impl Server {
    fn new() -> Self {
        Self::of(governed())
    }

    fn of(clone: Sandbox) -> Self {
        let dir: PathBuf = clone.root().join("server.git");
        clone.try_git("clone --quiet --bare .").arg(&dir).run().expect_code(0);
        clone.try_git("remote add origin").arg(&dir).run().expect_code(0);
        let bare = clone.at(dir);
        bare.agentops("hooks install --server").run().expect_code(0);
        Self { clone, bare }
    }

    fn push(&self, arguments: &str) -> Output {
        self.clone.try_git(&format!("push --quiet origin {arguments}")).run()
    }

    fn commit(&self, path: &str, message: &str) -> String {
        self.clone.write(path, format!("//! {path}\n"));
        self.clone.git("add -A");
        self.clone.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
        self.clone.git("rev-parse HEAD")
    }

    fn at(&self, name: &str) -> Option<String> {
        let found = self.bare.try_git(&format!("rev-parse --quiet --verify {name}")).run();
        (found.code == Some(0)).then(|| found.stdout.trim().to_owned())
    }

    /// Fails unless nothing moved and the pusher reads `told`.
    #[track_caller]
    fn refuses(&self, arguments: &str, told: &str) -> String {
        let before = self.bare.git("for-each-ref");
        let pushed = self.push(arguments);
        assert_ne!(pushed.code, Some(0), "{}", pushed.stderr);
        assert!(pushed.stderr.contains(told), "{}", pushed.stderr);
        assert_eq!(self.bare.git("for-each-ref"), before);
        pushed.stderr
    }

    #[track_caller]
    fn takes(&self, arguments: &str) -> String {
        let pushed = self.push(arguments);
        assert_eq!(pushed.code, Some(0), "{}", pushed.stderr);
        pushed.stderr
    }
}

#[test]
fn a_repository_with_a_working_tree_judges_what_is_pushed() {
    let clone = governed();
    let dir: PathBuf = clone.root().join("server");
    clone.try_git("clone --quiet .").arg(&dir).run().expect_code(0);
    clone.try_git("remote add origin").arg(&dir).run().expect_code(0);
    let bare = clone.at(dir);
    bare.git("config receive.denyCurrentBranch updateInstead");
    bare.agentops("hooks install --server").run().expect_code(0);
    let server = Server { clone, bare };
    let good = server.commit("src/one.rs", &lawful("feat: one"));
    assert_eq!(server.takes("main"), "");
    assert_eq!(server.at("main"), Some(good));
    server.commit("src/two.rs", "wip\n");
    server.refuses("main", "remote: refused: `pre-receive` of agentops stops this push");
}

#[test]
fn what_is_lawful_comes_in_and_what_is_not_stays_out() {
    let server = Server::new();
    let good = server.commit("src/one.rs", &lawful("feat: one"));
    assert_eq!(server.takes("main"), "");
    assert_eq!(server.at("main"), Some(good.clone()));
    let bad = server.commit("src/two.rs", "wip\n");
    let told = server.refuses("main", "remote: refused: `pre-receive` of agentops stops this push");
    assert!(told.contains("AO-L3") && told.contains("refs/heads/main") && !told.contains("--no-verify"), "{told}");
    // The objects of a refused push do not stay.
    assert_eq!(server.bare.try_git(&format!("cat-file -e {bad}")).run().code, Some(1));
    // All references of a push move or none.
    server.clone.git(&format!("branch fine {good}"));
    server.refuses("fine main", "AO-L3");
    server.takes("fine");
    // Another clone that has no hooks at all changes nothing about it.
    let other = server.clone.at(server.clone.root().join("other"));
    server
        .clone
        .try_git("clone --quiet --no-hardlinks server.git other")
        .in_dir(server.clone.root())
        .run()
        .expect_code(0);
    other.write("a.txt", "1\n");
    other.git("add -A");
    other.git("commit --quiet --no-verify --message wip");
    assert_ne!(other.try_git("push --quiet origin main").run().code, Some(0));
    assert_eq!(server.at("main"), Some(good));
}

#[test]
fn protected_branches_are_neither_deleted_nor_rewound() {
    let server = Server::new();
    server.bare.git("config receive.denyDeleteCurrent ignore");
    server.commit("src/one.rs", &lawful("feat: one"));
    server.takes("main");
    server.refuses("--delete main", "`main` is protected: it is not deleted by a push");
    server.clone.git("reset --quiet --hard HEAD~1");
    server.commit("src/two.rs", &lawful("feat: two"));
    server.refuses("--force main", "`main` is protected: this push would take commits away from it");
    // Nobody else's branch is.
    server.takes("HEAD~1:refs/heads/work");
    server.takes("--force HEAD:refs/heads/work");
    server.clone.git("checkout --quiet --detach HEAD~1");
    server.commit("src/three.rs", &lawful("feat: three"));
    server.takes("--force HEAD:refs/heads/work");
    server.takes("--delete work");
    assert_eq!(server.at("work"), None);
}

#[test]
fn the_branch_of_head_is_protected_whatever_it_is_called() {
    let clone = governed();
    clone.git("branch --quiet --move trunk");
    let server = Server::of(clone);
    server.commit("src/one.rs", &lawful("feat: one"));
    server.takes("trunk");
    server.clone.git("reset --quiet --hard HEAD~1");
    server.commit("src/two.rs", &lawful("feat: two"));
    server.refuses("--force trunk", "`trunk` is protected");
}

#[test]
fn replaced_objects_and_names_of_branches_stay_out() {
    let server = Server::new();
    let old = server.clone.git("rev-parse HEAD");
    let new = server.commit("src/one.rs", &lawful("feat: one"));
    server.refuses(&format!("{new}:refs/replace/{old}"), "would show other objects in place of those that were judged");
    server.clone.git("tag main");
    server.refuses("refs/tags/main", "`refs/tags/main` would be taken for a protected branch");
    server.clone.git("tag v1");
    server.takes("refs/tags/v1");
}

#[test]
fn new_branches_are_judged_from_where_they_left_head() {
    let server = Server::new();
    server.clone.git("switch --quiet --create work");
    server.commit("src/one.rs", "wip\n");
    server.refuses("work", "AO-R3");
    server.clone.git("reset --quiet --hard main");
    server.commit("src/one.rs", &lawful("feat: one"));
    server.takes("work");
    // Pages without rules of their own have nothing to do with them.
    let empty = server.clone.try_git("mktree").run().expect_code(0).stdout.trim().to_owned();
    let pages = server.clone.git(&format!("commit-tree -m pages {empty}"));
    let told = server.takes(&format!("{pages}:refs/heads/gh-pages"));
    assert!(told.contains("not judged: `gh-pages` is not governed"), "{told}");
    let copy = server.clone.git("commit-tree -m copy HEAD^{tree}");
    server.refuses(&format!("{copy}:refs/heads/copy"), "nothing in common with HEAD's");
}

#[test]
fn the_first_push_is_judged_whole() {
    let clone = governed();
    clone.write("a.txt", "1\n");
    clone.git("add -A");
    clone.git("commit --quiet --no-verify --message wip");
    let dir = clone.root().join("server.git");
    clone.try_git("init --quiet --bare").arg(&dir).run().expect_code(0);
    clone.try_git("remote add origin").arg(&dir).run().expect_code(0);
    let bare = clone.at(dir);
    bare.agentops("hooks install --server").run().expect_code(0);
    let server = Server { clone, bare };
    server.refuses("main", "AO-L3");
    server.takes("HEAD~1:refs/heads/main");
    assert!(server.at("main").is_some());
}

#[test]
fn fifty_pushes_at_once() {
    let server = Server::new();
    let base = server.clone.git("rev-parse HEAD");
    for number in 0..50 {
        let message = if number % 5 == 0 { "wip\n".to_owned() } else { lawful(&format!("feat: number {number}")) };
        server.clone.git(&format!("switch --quiet --create b{number} {base}"));
        server.commit(&format!("src/m{number}.rs"), &message);
    }
    let runs: Vec<_> = (0..50)
        .map(|number| {
            let mut push = std::process::Command::new("git");
            push.args(["push", "--quiet", "origin", &format!("b{number}")]).current_dir(server.clone.path());
            push.env_clear().envs(server.clone.environment());
            push.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
            push.spawn().unwrap()
        })
        .collect();
    let codes: Vec<bool> = runs.into_iter().map(|mut run| run.wait().unwrap().success()).collect();
    for (number, is_in) in codes.iter().enumerate() {
        assert_eq!(*is_in, number % 5 != 0, "b{number}");
        assert_eq!(server.at(&format!("b{number}")).is_some(), *is_in, "b{number}");
    }
    server.bare.try_git("fsck --strict").run().expect_code(0);
}

#[test]
fn what_was_there_before_runs_first_and_comes_back() {
    let server = Server::new();
    server.bare.agentops("hooks uninstall").run().expect_code(0);
    assert!(!server.bare.path().join("hooks/pre-receive").exists());
    let missing = server.bare.agentops("hooks status").run().expect_code(1);
    assert!(missing.stderr.contains("`agentops hooks install --server` puts"), "{}", missing.snapshot());
    let own =
        "#!/bin/sh\nwhile read old new name; do echo \"seen $name\"; case $name in *secret*) exit 1;; esac; done\n";
    let hook = server.bare.path().join("hooks/pre-receive");
    std::fs::write(&hook, own).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    server.bare.agentops("hooks install --server").run().expect_code(0);
    let status = server.bare.agentops("hooks status --json").run().expect_code(0).json();
    let hooks = status["hooks"].as_array().unwrap();
    assert_eq!((hooks.len(), &hooks[0]["hook"]), (1, &"pre-receive".into()));
    assert_eq!(hooks[0]["chained"], true);
    server.refuses("main:refs/heads/secret", "the chained hook");
    assert!(server.takes("main:refs/heads/open").contains("remote: seen refs/heads/open"));
    server.commit("src/two.rs", "wip\n");
    server.refuses("main", "AO-L3");
    server.bare.agentops("doctor").run();
    server.bare.agentops("hooks uninstall").run().expect_code(0);
    assert_eq!(std::fs::read_to_string(&hook).unwrap(), own);
}

#[test]
fn other_names_lead_past_nothing() {
    let server = Server::new();
    server.bare.git("config receive.denyDeleteCurrent ignore");
    server.bare.git("symbolic-ref refs/heads/trunk refs/heads/main");
    server.bare.git("symbolic-ref refs/x/y refs/heads/main");
    let empty = server.clone.try_git("mktree").run().expect_code(0).stdout.trim().to_owned();
    let evil = server.clone.git(&format!("commit-tree -m evil {empty}"));
    server.refuses(
        &format!("--force {evil}:refs/heads/trunk"),
        "`refs/heads/trunk` is another name of `refs/heads/main`",
    );
    server.refuses(&format!("--force {evil}:refs/x/y"), "is another name of");
    server.refuses(":refs/heads/trunk", "is another name of");
    for name in ["refs/main", "refs/tags/origin/main", "refs/tags/HEAD"] {
        let pushed = server.push(&format!("{evil}:{name}"));
        assert_ne!(pushed.code, Some(0), "{name}");
    }
    // A protected branch that is not there yet takes what fits HEAD.
    server.refuses(&format!("{evil}:refs/heads/master"), "no common ancestor");
    let before = server.clone.git(&format!("commit-tree -m before -p main {empty}"));
    server.refuses(&format!("{before}:refs/heads/master"), "AO-E7");
    server.takes("main:refs/heads/master");
    // HEAD may be an alias itself.
    server.bare.git("symbolic-ref HEAD refs/heads/trunk");
    server.refuses(&format!("--force {evil}:refs/heads/main"), "`main` is protected");
}

#[test]
fn a_head_that_names_nothing_lets_nothing_else_in() {
    let clone = governed();
    let dir = clone.root().join("server.git");
    clone.try_git("init --quiet --bare --initial-branch master").arg(&dir).run().expect_code(0);
    clone.try_git("remote add origin").arg(&dir).run().expect_code(0);
    let bare = clone.at(dir);
    bare.agentops("hooks install --server").run().expect_code(0);
    let server = Server { clone, bare };
    let told = server.refuses("main", "HEAD names `refs/heads/master`, which is not there");
    assert!(told.contains("git symbolic-ref HEAD refs/heads/NAME"), "{told}");
    server.bare.git("symbolic-ref HEAD refs/heads/main");
    server.takes("main");
}

#[test]
fn rules_that_cannot_be_read_let_nothing_pass() {
    let server = Server::new();
    server.clone.write(".agentops/config.toml", "[laws\n");
    server.clone.git("add -A");
    let tree = server.clone.git("write-tree");
    let broken = server.clone.git(&format!("commit-tree -p main -m broken {tree}"));
    server.clone.git("reset --quiet --hard");
    // Only whoever runs the server gets it there.
    server.clone.git(&format!("branch broken {broken}"));
    server.bare.try_git("fetch --quiet").arg(server.clone.path()).arg("broken:main").run().expect_code(0);
    server.commit("src/one.rs", &lawful("feat: one"));
    server.refuses("main:refs/heads/work", "the `pre-receive` hook lets nothing pass that it could not judge");
    server.refuses("main:refs/heads/gh-pages", ".agentops/config.toml");
}

/// Branches of one push with much in common: lawful and unlawful commits, secrets that come and go, learnings said twice,
/// merges with and without somebody's own changes, rules changed with and without an amend.
fn entangled(world: &World, dice: &mut Dice) -> Vec<String> {
    let mut branches = vec!["main".to_owned()];
    for number in 0..7 {
        let from = dice.pick(&branches).unwrap().clone();
        let name = format!("b{number}");
        world.git(&format!("switch --quiet --create {name} {from}"));
        for step in 0..=dice.roll(4) {
            let subject = format!("feat: {name} {step}");
            let file = format!("src/f{}.rs", dice.roll(3));
            let put = |path: &str, text: String, message: &str| {
                world.sandbox.write(path, text);
                world.sandbox.commit_all(message);
            };
            match dice.roll(9) {
                0 => put(&file, format!("// {number} {step}\n"), "wip"),
                1 => put(&file, format!("const T: &str = \"{}\";\n", token(3)), &lawful(&subject)),
                2 => put(&file, "// nothing\n".to_owned(), &lawful(&format!("{subject} again"))),
                3 => put(&file, format!("// {step}\n"), &lawful("feat: the same twice")),
                4 => world.amend("alice", |text| format!("{text}\n# {number} {step}\n")),
                5 => {
                    let config = world.sandbox.read(".agentops/config.toml");
                    put(".agentops/config.toml", format!("{config}# {number}\n"), &lawful(&subject));
                }
                6 | 7 => {
                    let other = dice.pick(&branches).unwrap().clone();
                    let merge = format!("merge --quiet --no-ff --no-commit --strategy-option=ours {other}");
                    let merged = world.sandbox.try_git(&merge).run();
                    if merged.code != Some(0) {
                        world.git("reset --quiet --hard");
                    } else if world.sandbox.try_git("rev-parse --quiet --verify MERGE_HEAD").run().code == Some(0) {
                        if dice.roll(2) == 0 {
                            world.sandbox.write(&file, format!("// by hand {number}\n"));
                        }
                        world.sandbox.commit_all(&lawful(&format!("feat: merge {other}")));
                    }
                }
                _ => put(&file, format!("// {number} {step}\n"), &lawful(&subject)),
            }
        }
        branches.push(name);
    }
    branches
}

#[test]
fn branches_of_one_push_are_judged_as_each_by_itself() {
    let mut broken = 0;
    for seed in 0..5 {
        let world = World::new();
        world.git("update-ref refs/remotes/origin/main main");
        let mut dice = Dice::new(seed);
        let branches = entangled(&world, &mut dice);
        let site = world.site("alice");
        let mut memory = PushMemory::of_push(&site, branches.len());
        // Each comes twice: the second time all of it is remembered.
        for at in (0..branches.len()).chain((0..branches.len()).rev()) {
            let local = ObjectId::parse(&world.git(&format!("rev-parse {}", branches[at]))).unwrap();
            for reference in ["refs/heads/main".to_owned(), format!("refs/heads/{}", branches[at])] {
                let update = push::Update { local: Some(local), reference, remote: None };
                let judge = |site: &Site<'_>, memory: &mut PushMemory| {
                    push::judge(site, "origin", &update, memory).map_err(|error| told(&error))
                };
                let alone = judge(&world.site("alice"), &mut PushMemory::default());
                assert_eq!(judge(&site, &mut memory), alone, "seed {seed}, {}", branches[at]);
                let report = alone.ok().flatten().and_then(|judged| judged.report);
                broken += usize::from(report.is_some_and(|report| !report.passes()));
            }
        }
    }
    assert!(broken > 20, "{broken}");
}

#[test]
fn what_one_base_let_pass_is_judged_anew_for_a_base_with_other_rules() {
    let world = World::new();
    world.git("update-ref refs/remotes/origin/main main");
    world.branch("work");
    world.amend("alice", |text| {
        let sections = text.lines().find(|line| line.starts_with("sections = ")).unwrap().to_owned();
        text.replace(&sections, &sections.replace("\"Impact\"", "\"Impact\", \"Risk\""))
    });
    let stricter = ObjectId::parse(&world.git("rev-parse HEAD")).unwrap();
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    let local = Some(ObjectId::parse(&world.git("rev-parse HEAD")).unwrap());
    let site = world.site("alice");
    let mut memory = PushMemory::of_push(&site, 2);
    for (name, remote) in [("one", Some(stricter)), ("other", None), ("one", Some(stricter))] {
        let update = push::Update { local, reference: format!("refs/heads/{name}"), remote };
        let judge = |memory: &mut PushMemory| push::judge(&site, "origin", &update, memory).unwrap().unwrap().report;
        let alone = judge(&mut PushMemory::default()).unwrap();
        assert!(!alone.passes());
        assert_eq!(judge(&mut memory), Some(alone), "{name}");
    }
}
