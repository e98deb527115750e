//! What a push tells, and what is judged of it. Case 11.

use std::fs;

use crate::sandbox::{Output, Sandbox, lawful};

/// A clone with hooks of a repository that has `main`; a foreign `pre-push` hook notes what it reads.
fn clone() -> Sandbox {
    let origin = Sandbox::adopted();
    origin.git("switch --quiet --create elsewhere");
    let clone = origin.clone_as("clone");
    clone.git("switch --quiet main");
    clone.git("remote set-head origin main");
    let note = format!("{{ echo \"[$*]\"; cat; }} > {}\n", origin.root().join("told").display());
    clone.write_program(".git/hooks/pre-push", &note);
    clone.agentops("hooks install --quiet").run().expect_code(0);
    clone
}

impl Sandbox {
    fn push(&self, arguments: &str) -> Output {
        self.try_git(&format!("push --quiet origin {arguments}")).run()
    }

    /// What the foreign hook read last.
    fn told(&self) -> String {
        fs::read_to_string(self.root().join("told")).unwrap()
    }

    /// One more commit that breaks a law, past the hooks.
    fn commit_past(&self, path: &str) -> String {
        self.write(path, "{\n");
        self.git("add --all");
        self.try_git("commit --quiet --no-verify --file=-")
            .stdin(lawful(&format!("feat: {path}")))
            .run()
            .expect_code(0);
        self.git("rev-parse HEAD")
    }

    /// One more lawful commit.
    fn commit_new(&self, path: &str) -> String {
        self.write(path, "{}\n");
        self.git("add --all");
        self.commit(&format!("feat: {path}"), "").expect_code(0);
        self.git("rev-parse HEAD")
    }
}

const ZERO: &str = "0000000000000000000000000000000000000000";

#[track_caller]
fn stopped(output: &Output) {
    let told = output.stderr.contains("refused: `pre-push` of agentops stops this push");
    assert!(told && output.stderr.contains("error[AO-Y1]") && output.code == Some(1), "{}", output.snapshot());
}

#[test]
fn case_11_a_push_of_deletes_only_is_skipped() {
    let clone = clone();
    let head = clone.commit_new("a.json");
    clone.push("main:refs/heads/one main:refs/heads/two").expect_code(0);
    // What is broken here is not what is pushed.
    clone.commit_past("broken.json");
    clone.push(":one").expect_code(0);
    assert!(clone.told().ends_with(&format!("]\n(delete) {ZERO} refs/heads/one {head}\n")), "{}", clone.told());
    // One delete among others skips nothing.
    stopped(&clone.push(":two main:refs/heads/three"));
    assert_eq!(clone.told().lines().count(), 3);
    assert_eq!(clone.git("ls-remote origin refs/heads/two").split('\t').next(), Some(head.as_str()));
}

#[test]
fn case_11_a_new_branch_is_judged_by_what_no_remote_has() {
    let clone = clone();
    // The remote has a broken commit: whoever goes on from there did not make it.
    let broken = clone.commit_past("broken.json");
    clone.try_git("push --quiet --no-verify origin main").run().expect_code(0);
    clone.git("switch --quiet --create fresh");
    let head = clone.commit_new("a.json");
    clone.push("fresh").expect_code(0);
    assert!(clone.told().ends_with(&format!("refs/heads/fresh {head} refs/heads/fresh {ZERO}\n")), "{}", clone.told());
    assert_ne!(head, broken);
    clone.git("switch --quiet --create worse");
    clone.commit_past("worse.json");
    stopped(&clone.push("worse"));
}

#[test]
fn case_11_tags_and_several_references() {
    let clone = clone();
    clone.commit_new("a.json");
    clone.git("tag light");
    clone.git("tag --annotate --message=one heavy");
    let tagged = clone.push("light heavy").expect_code(0);
    assert_eq!(tagged.stderr, "agentops: not judged: 2 references that are no branches\n");
    clone.git("switch --quiet --create good");
    clone.git("switch --quiet --create bad");
    clone.commit_past("broken.json");
    // All of them, whichever order git tells them in.
    for order in ["good bad", "bad good", "good bad refs/tags/light:refs/tags/other"] {
        let output = clone.push(order);
        stopped(&output);
        assert!(output.stderr.contains("\nrefs/heads/bad\n"), "{}", output.snapshot());
        assert_eq!(clone.git("ls-remote origin refs/heads/good refs/tags/other"), "", "{order}");
    }
    clone.push("good").expect_code(0);
}

#[test]
fn case_11_a_push_by_force_over_what_is_not_known_here() {
    let clone = clone();
    let other = clone.at(clone.root().join("other"));
    clone.try_git("clone --quiet repo other").in_dir(clone.root()).run().expect_code(0);
    other.git("switch --quiet --create work origin/main");
    other.write("theirs.txt", "1\n");
    other.git("add --all");
    other.git("commit --quiet --message wip");
    other.git("push --quiet origin work");
    let theirs = other.git("rev-parse HEAD");
    clone.git("switch --quiet --create work");
    let good = clone.commit_new("a.json");
    clone.push("--force work").expect_code(0);
    assert!(clone.told().contains(&format!("{good} refs/heads/work {theirs}")), "{}", clone.told());
    other.git("push --quiet --force origin work");
    clone.commit_past("broken.json");
    stopped(&clone.push("--force work"));
}

#[test]
fn case_11_nothing_to_push_is_told_to_a_chained_hook_too() {
    let clone = clone();
    clone.push("main").expect_code(0);
    assert!(clone.told().starts_with("[origin ") && clone.told().lines().count() == 1, "{}", clone.told());
    // Its refusal counts, whatever it read.
    clone.write_program(".git/hooks/pre-push.agentops-chained", "exit 3\n");
    let refused = clone.push("main");
    assert!(refused.stderr.contains("the chained hook") && refused.code == Some(1), "{}", refused.snapshot());
    // One that reads nothing breaks no pipe, however much there is to read.
    clone.write_program(".git/hooks/pre-push.agentops-chained", "exit 0\n");
    let head = clone.git("rev-parse HEAD");
    let many: String = (0..3000).map(|number| format!("update refs/heads/n{number} {head}\n")).collect();
    clone.try_git("update-ref --stdin").stdin(many).run().expect_code(0);
    clone.commit_past("broken.json");
    clone.git("branch --force n1500");
    let all = clone.try_git("push --quiet --dry-run origin refs/heads/n15*").run();
    stopped(&all);
}

#[test]
fn case_11_a_push_from_a_linked_worktree_and_of_a_sha256_repository() {
    let clone = clone();
    let linked = clone.worktree("linked");
    linked.commit_past("broken.json");
    stopped(&linked.push("linked"));
    linked.git("reset --quiet --hard HEAD~1");
    linked.commit_new("a.json");
    linked.push("linked").expect_code(0);
    let long = Sandbox::without_repository();
    long.git("init --quiet --object-format=sha256");
    long.git("init --quiet --bare --object-format=sha256 ../up.git");
    long.git("remote add origin ../up.git");
    long.adopt();
    long.agentops("hooks install --quiet").run().expect_code(0);
    long.push("main").expect_code(0);
    // Zeros of 64 digits: a new branch, and a delete.
    long.commit_past("broken.json");
    stopped(&long.push("main:refs/heads/new"));
    long.git("reset --quiet --hard HEAD~1");
    long.push("main:refs/heads/new").expect_code(0);
    let deleted = long.push(":new").expect_code(0);
    assert_eq!(deleted.stderr, "");
}

/// A branch whose rules cannot be read, on the remote already, and an unlawful one; each with one more commit.
fn broken_and_bad(clone: &Sandbox) {
    clone.git("switch --quiet --create broken");
    clone.write(".agentops/config.toml", "[wavers]\n");
    clone.git("commit --quiet --no-verify --all --message broken");
    clone.git("push --quiet --no-verify origin broken");
    clone.commit_past("a.txt");
    clone.git("switch --quiet --create bad main");
    clone.commit_past("b.json");
}

#[test]
fn a_broken_base_does_not_hide_what_is_found_on_the_other_branches() {
    let clone = clone();
    broken_and_bad(&clone);
    for names in ["broken bad", "bad broken"] {
        let refused = clone.push(names);
        assert_eq!(refused.code, Some(1));
        for said in ["\nrefs/heads/broken\nerror: ", "config.toml:1:", "\nrefs/heads/bad\n", "error[AO-Y1] b.json:2"] {
            assert!(refused.stderr.contains(said), "{said}: {}", refused.snapshot());
        }
    }
    insta::assert_snapshot!(clone.push("broken").snapshot(), @"
    exit 1
    --- stderr
    refused: `pre-push` of agentops stops this push

    refs/heads/broken
    error: .agentops/config.toml:1:2: `wavers` is not a key of the top of the file. To mend it: did you mean `waivers`? The keys are `laws`, `messages`, `gates`, `governance`, `waivers`, `budgets`, `bundles`, `paths`, `refs`, `actors`, `compromised`, `exempt` and `agent_markers`
    hint: nothing can be judged by rules that cannot be read: mend the files, or bring them back from an earlier commit (`git log -- .agentops`); `agentops doctor` shows when they are right
    hint: the `pre-push` hook lets nothing pass that it could not judge
    hint: git's `--no-verify` skips this hook, not the laws: `agentops check` judges it again in CI
    error: failed to push some refs to '<root>/repo'
    ");
    let [broken, bad] = ["broken", "bad"].map(|name| {
        let old = clone.try_git(&format!("rev-parse --quiet --verify origin/{name}")).run().stdout;
        let old = if old.is_empty() { "0".repeat(40) } else { old.trim().to_owned() };
        format!("refs/heads/{name} {} refs/heads/{name} {old}\n", clone.git(&format!("rev-parse {name}")))
    });
    let told = clone.agentops("hooks run pre-push origin url --json").stdin(broken + &bad).run().expect_code(1).json();
    assert_eq!((&told["passes"], &told["unjudged"][0]["about"]), (&false.into(), &"refs/heads/broken".into()));
    assert!(told["unjudged"][0]["error"]["message"].as_str().unwrap().contains("wavers"), "{told}");
    assert_eq!(told["reports"][0]["about"], "refs/heads/bad");
}

#[test]
fn a_broken_base_does_not_hide_it_on_a_server_either() {
    let clone = Sandbox::adopted();
    let dir = clone.root().join("server.git");
    clone.try_git("clone --quiet --bare .").arg(&dir).run().expect_code(0);
    clone.try_git("remote add origin").arg(&dir).run().expect_code(0);
    broken_and_bad(&clone);
    clone.at(dir).agentops("hooks install --server").run().expect_code(0);
    for names in ["broken bad", "bad broken"] {
        let refused = clone.push(names);
        assert_ne!(refused.code, Some(0));
        for said in ["remote: refs/heads/broken", "config.toml:1:", "remote: refs/heads/bad", "error[AO-Y1] b.json:2"] {
            assert!(refused.stderr.contains(said), "{said}: {}", refused.snapshot());
        }
    }
}
