//! Verdicts: who may give one, what it must be about, and what it changes in reports.

use agentops::model::canonical::Canonical as _;
use agentops::model::digest::{Digest, ObjectId};
use agentops::model::verdict::{Outcome, Verdict};

use crate::lifecycle::setting::Task;
use crate::sandbox::{Sandbox, lawful};

fn record(sandbox: &Sandbox, task: &Task, who: &str) -> crate::sandbox::Call {
    sandbox.agentops(&format!("verify rerun {} --record --actor {who}", task.id))
}

/// The path of the one verdict there is.
fn path(sandbox: &Sandbox, task: &Task) -> String {
    sandbox.git(&format!("ls-tree -r --name-only HEAD .agentops/product-dev/verdicts/{}/", task.id))
}

/// What the judge says of a verdict that somebody wrote by hand, in a commit of Alice.
fn forged(sandbox: &Sandbox, task: &Task, change: impl FnOnce(&mut Verdict)) -> String {
    forged_by(sandbox, task, "alice@example.org", change)
}

fn forged_by(sandbox: &Sandbox, task: &Task, email: &str, change: impl FnOnce(&mut Verdict)) -> String {
    let old = path(sandbox, task);
    let mut verdict = Verdict::parse(sandbox.read(&old).as_bytes()).unwrap();
    change(&mut verdict);
    sandbox.git("checkout --quiet -B forged HEAD~1");
    let folder = format!(".agentops/product-dev/verdicts/{}/{}", verdict.task, verdict.event.short());
    sandbox.write(&format!("{folder}/{}", verdict.file_name()), verdict.print());
    sandbox.git("add --all");
    let call = sandbox.try_git("commit --quiet --no-verify --file=-").env("GIT_AUTHOR_EMAIL", email);
    call.stdin(lawful("chore: forge a verdict")).run().expect_code(0);
    let judged = sandbox.agentops("check --base HEAD~1").run();
    let report = sandbox.agentops(&format!("verify report {} --json", task.id)).run().expect_code(0).json();
    sandbox.git("checkout --quiet main");
    if judged.code == Some(0) {
        return String::new();
    }
    assert_eq!(judged.code, Some(3), "{}", judged.snapshot());
    if !judged.stdout.contains("a commit of") {
        assert_eq!(report["verdicts"], serde_json::json!([]), "{report:#}");
    }
    judged.stdout
}

#[test]
fn a_claim_becomes_reproduced_by_somebody_else() {
    let sandbox = Sandbox::governed();
    let start = sandbox.git("rev-parse HEAD");
    let task = sandbox.done_task();
    let ran = record(&sandbox, &task, "bob --quiet").run();
    insta::assert_snapshot!(ran.snapshot_without_ids(), @"
    exit 0
    --- stdout
    reset-passwords-pn0a@6: reproduced on tree <id>
      `test`: claimed exit 0; again: exit 0, same output
      the commands are those of the profile at main (<id>)
    ");
    let report = sandbox.agentops(&format!("verify report {}", task.id)).run().expect_code(0).stdout;
    assert!(report.contains("run: `test` exit 0, reproduced by bob (claimed)"), "{report}");
    let judged = sandbox.agentops("check --base").arg(&start).run().expect_code(0).stdout;
    assert!(judged.contains("1 command is claimed by claude, reproduced by bob (claimed)"), "{judged}");
    sandbox.agentops("check --all").run().expect_code(0);
    // Once is enough, and what was written stays.
    let file = path(&sandbox, &task);
    sandbox.git("checkout --quiet -b edit");
    sandbox.write(&file, sandbox.read(&file).replace("reproduced", "refuted"));
    sandbox.git("add --all");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("chore: edit")).run().expect_code(0);
    let found = sandbox.agentops("check --base main").run().expect_code(3).stdout;
    assert!(found.contains("AO-E1") && found.contains("AO-E2"), "{found}");
}

/// Bob and Claude have keys; whether Claude's events are signed is a setting of git.
fn with_keys(sandbox: &Sandbox) -> String {
    let signers = sandbox.new_key("bob", "ed25519") + &sandbox.new_key("claude", "ed25519");
    sandbox.write(".agentops/allowed_signers", signers);
    sandbox.agentops("policy amend --reason").arg("Bob and Claude have keys").run().expect_code(0);
    sandbox.git("rev-parse HEAD")
}

#[test]
fn a_signed_verdict_on_signed_work_is_proved() {
    let sandbox = Sandbox::governed();
    let start = with_keys(&sandbox);
    sandbox.git("config agentops.sign true");
    let task = sandbox.done_task();
    let body = record(&sandbox, &task, "bob --sign --json").run().expect_code(0).json();
    assert!(body["recorded"]["key"].as_str().unwrap().starts_with("SHA256:"));
    let report = |rest: &str| sandbox.agentops(&format!("verify report {}{rest}", task.id)).run().expect_code(0);
    let text = report("").stdout;
    let (checked, not_checked) = text.split_once("not checked").unwrap();
    assert!(checked.contains("run: `test` exit 0, reproduced by bob (signed by SHA256:"), "{text}");
    assert!(!not_checked.contains("run: ") && !not_checked.contains("bob"), "{text}");
    assert_eq!(report(" --json").json()["runs"][0]["proved"], true);
    let judged = sandbox.agentops("check --base").arg(&start).run().expect_code(0).stdout;
    assert!(judged.contains("note: 1 command is claimed by claude, reproduced by bob (signed by"), "{judged}");
    assert!(!judged.contains("that the verifier is no doer"), "{judged}");
    let broken = forged(&sandbox, &task, |verdict| verdict.reason = "Looks good".into());
    assert!(broken.contains("AO-V1") && broken.contains("the signature does not fit"), "{broken}");
}

#[test]
fn a_signed_verdict_on_unsigned_work_is_a_claim_in_checks_and_reports_alike() {
    let sandbox = Sandbox::governed();
    let start = with_keys(&sandbox);
    let task = sandbox.done_task();
    record(&sandbox, &task, "bob --sign").run().expect_code(0);
    // Claude signed nothing, so the doer's name is a word like any other.
    let judged = sandbox.agentops("check --base").arg(&start).run().expect_code(0).stdout;
    let said = judged.lines().find_map(|line| line.strip_prefix("not checked: 1 command is")).unwrap();
    let said = format!("1 command is{said}");
    assert!(said.contains("claimed by claude, reproduced by bob (signed by SHA256:"), "{judged}");
    assert!(said.ends_with("; that the verifier is no doer is a claim"), "{judged}");
    let report = |rest: &str| sandbox.agentops(&format!("verify report {}{rest}", task.id)).run().expect_code(0);
    let text = report("").stdout;
    let (checked, not_checked) = text.split_once("not checked").unwrap();
    assert!(!checked.contains("bob"), "{text}");
    assert!(not_checked.contains("run: `test` exit 0, reproduced by bob (signed by"), "{text}");
    assert!(not_checked.lines().any(|line| line.trim() == said), "{text}");
    let (body, statement) = (report(" --json").json(), report(" --format in-toto").json());
    for body in [&body, &statement["predicate"]] {
        assert!(body["not_checked"].as_array().unwrap().contains(&said.as_str().into()), "{body:#}");
        assert_eq!((&body["runs"][0]["standing"], &body["runs"][0]["proved"]), (&"reproduced".into(), &false.into()));
        assert_eq!(body["verdicts"][0]["proved"], true, "that bob signed is a fact");
    }
}

#[test]
fn a_refutation_is_told_and_outweighs() {
    let sandbox = Sandbox::governed();
    sandbox.write("test.sh", "test -e built-by-hand\n");
    sandbox.commit_all(&lawful("test: change the script"));
    sandbox.write("built-by-hand", "");
    sandbox.write(".git/info/exclude", "built-by-hand\n");
    let start = sandbox.git("rev-parse HEAD");
    let task = sandbox.done_task();
    record(&sandbox, &task, "bob").run().expect_code(3);
    let report = sandbox.agentops(&format!("verify report {}", task.id)).run().expect_code(0).stdout;
    assert!(report.contains("run: `test` exit 0, refuted by bob (claimed)"), "{report}");
    let judged = sandbox.agentops("check --base").arg(&start).run().expect_code(0).stdout;
    assert!(judged.contains("warning[AO-P6]") && judged.contains("refuted by bob"), "{judged}");
    // Bob says both: that is a refutation, whichever comes first.
    let old = path(&sandbox, &task);
    let mut other = Verdict::parse(sandbox.read(&old).as_bytes()).unwrap();
    other.verdict = Outcome::Reproduced;
    other.runs[0].exit = 0;
    let folder = old.rsplit_once('/').unwrap().0;
    sandbox.write(&format!("{folder}/{}", other.file_name()), other.print());
    sandbox.git("add --all");
    sandbox.try_git("commit --quiet --file=-").stdin(lawful("chore: both")).run().expect_code(0);
    let body = sandbox.agentops(&format!("verify report {} --json", task.id)).run().json();
    assert_eq!(body["verdicts"], serde_json::json!([{ "verifier": "bob", "verdict": "refuted", "proved": false }]));
}

#[test]
fn who_did_the_work_gives_no_verdict() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    let own = record(&sandbox, &task, "claude").run().expect_code(1);
    assert!(own.stderr.contains("`claude` did the work"), "{}", own.snapshot());
    assert!(!own.stderr.contains("running"), "refused before anything runs: {}", own.snapshot());
    // Nor under another name, from within its client.
    let masked = record(&sandbox, &task, "bob").env("CLAUDECODE", "1").run().expect_code(1);
    assert!(masked.stderr.contains("`claude` runs this command"), "{}", masked.snapshot());
    // Nor in a commit of its own, where no key says otherwise.
    let email = "claude@example.org";
    let call = record(&sandbox, &task, "bob").env("GIT_AUTHOR_EMAIL", email).env("GIT_COMMITTER_EMAIL", email);
    let mailed = call.run().expect_code(3);
    assert!(mailed.stderr.contains("a commit of `claude`"), "{}", mailed.snapshot());
    let stranger = record(&sandbox, &task, "mallory").run().expect_code(2);
    assert!(stranger.stderr.contains("no actor `mallory`"), "{}", stranger.snapshot());
    assert_eq!(sandbox.git("status --porcelain"), "");
    let dry = record(&sandbox, &task, "bob --dry-run --json").run().expect_code(0).json();
    assert_eq!(dry["recorded"]["dry_run"], true);
    assert_eq!(path(&sandbox, &task), "");
}

#[test]
fn forged_verdicts_are_refused_by_name() {
    let sandbox = Sandbox::governed();
    let other = sandbox.waiting_task("Delete accounts");
    let stub = sandbox.agentops(&format!("phase log {} --json", other.id)).run().json();
    let stub = Digest::parse(stub["events"][1]["sha256"].as_str().unwrap()).unwrap();
    let task = sandbox.done_task();
    record(&sandbox, &task, "bob").run().expect_code(0);
    let tree = ObjectId::parse(&sandbox.git("rev-parse HEAD^{tree}")).unwrap();
    let found = |change: &dyn Fn(&mut Verdict)| forged(&sandbox, &task, |verdict| change(verdict));
    assert_eq!(found(&|verdict| verdict.reason = "Once more".into()), "", "an honest one passes");
    for (change, why) in [
        (
            &(|verdict: &mut Verdict| verdict.verifier = "claude".parse().unwrap()) as &dyn Fn(&mut Verdict),
            "did the work",
        ),
        (&|verdict| verdict.verifier = "mallory".parse().unwrap(), "is not an actor"),
        (&|verdict| verdict.project = "f".repeat(32), "AO-E2"),
        (&|verdict| verdict.event = Digest::of(b"none"), "has no such event"),
        (&|verdict| verdict.verdict = Outcome::Refuted, "are those that the event claims"),
        (&|verdict| verdict.runs[0].exit = 1, "not those that the event claims"),
        (
            &|verdict| {
                verdict.tree = tree;
                verdict.runs[0].tree = tree;
            },
            "which is not the event's",
        ),
        (
            &|verdict| {
                verdict.task = other.id.parse().unwrap();
                verdict.event = stub;
            },
            "claims no run of a command",
        ),
        (&|verdict| verdict.task = other.id.parse().unwrap(), "has no such event"),
    ] {
        let judged = found(change);
        assert!(judged.contains(why), "{why}:\n{judged}");
    }
    let by_doer = forged_by(&sandbox, &task, "claude@example.org", |verdict| verdict.reason = "Mine".into());
    assert!(by_doer.contains("AO-V1") && by_doer.contains("a commit of `claude`"), "{by_doer}");
}

#[test]
fn a_verdict_on_a_tree_without_the_work_counts_for_nothing() {
    let sandbox = Sandbox::governed();
    let old = ObjectId::parse(&sandbox.git("rev-parse HEAD^{tree}")).unwrap();
    let task = sandbox.done_task();
    record(&sandbox, &task, "bob").run().expect_code(0);
    let honest = Verdict::parse(sandbox.read(&path(&sandbox, &task)).as_bytes()).unwrap();
    for base_too in [false, true] {
        sandbox.git("checkout --quiet -B forged main~1");
        sandbox.forge_last_event(&task, |event| {
            event.runs[0].tree = old;
            if base_too {
                event.base = old;
            }
        });
        let log = sandbox.agentops(&format!("phase log {} --json", task.id)).run().json();
        let event = log["events"].as_array().unwrap().last().unwrap()["sha256"].as_str().unwrap().to_owned();
        let mut verdict = Verdict { event: Digest::parse(&event).unwrap(), tree: old, ..honest.clone() };
        verdict.runs[0].tree = old;
        let folder = format!(".agentops/product-dev/verdicts/{}/{}", verdict.task, verdict.event.short());
        sandbox.write(&format!("{folder}/{}", verdict.file_name()), verdict.print());
        sandbox.git("add --all");
        let call = sandbox.try_git("commit --quiet --no-verify --file=-");
        call.stdin(lawful("chore: forge a verdict")).run().expect_code(0);
        let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(3).stdout;
        let why = if base_too { "holds other files than the manifest" } else { "its event was made on the tree" };
        assert!(judged.contains("error[AO-V1]") && judged.contains(why), "{judged}");
    }
}

#[test]
fn an_older_edition_knows_no_verdicts() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    record(&sandbox, &task, "bob").run().expect_code(0);
    let (old, text) = (path(&sandbox, &task), sandbox.read(&path(&sandbox, &task)));
    sandbox.git("checkout --quiet -b older HEAD~1");
    sandbox.write(".agentops/format.toml", sandbox.read(".agentops/format.toml").replace("laws = 2 ", "laws = 1 "));
    sandbox.git("commit --quiet --all --no-verify -m older");
    let refused = record(&sandbox, &task, "bob").run().expect_code(1);
    assert!(refused.stderr.contains("it knows no verdicts"), "{}", refused.snapshot());
    // There the file is what it was before: a document that nobody declared.
    sandbox.write(&old, text);
    sandbox.git("add --all");
    sandbox.try_git("commit --quiet --no-verify --file=-").stdin(lawful("chore: plant")).run().expect_code(0);
    let judged = sandbox.agentops("check --base HEAD~1").run().expect_code(3).stdout;
    assert!(judged.contains("AO-N1") && !judged.contains("AO-V1"), "{judged}");
    let body = sandbox.agentops(&format!("verify report {} --base HEAD --json", task.id)).run().json();
    assert_eq!((&body["runs"][0]["standing"], &body["verdicts"]), (&"claimed".into(), &serde_json::json!([])));
}
