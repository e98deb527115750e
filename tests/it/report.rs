//! `agentops report compliance`: the four words, who they are said of, and what is not judged.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, lawful};

impl Sandbox {
    /// A commit by somebody, past all hooks; its id.
    fn commit_by(&self, email: &str, path: &str, message: &str) -> String {
        self.write(path, message);
        self.git("add --all");
        let commit = self.try_git("commit --quiet --no-verify --file=-").stdin(message);
        commit.env("GIT_AUTHOR_EMAIL", email).run().expect_code(0);
        self.git("rev-parse HEAD")
    }

    fn compliance(&self, arguments: &str) -> Value {
        self.agentops(&format!("report compliance --json {arguments}")).run().expect_code(0).json()
    }
}

/// What is said of one law in the rows that `fits`, as (passed, warned, failed, waived, not judged, bypassed).
fn said(report: &Value, law: &str, fits: impl Fn(&Value) -> bool) -> Vec<(u64, u64, u64, u64, u64, Option<u64>)> {
    let rows = report["rows"].as_array().unwrap().iter().filter(|row| fits(row));
    let laws = rows.flat_map(|row| row["laws"].as_array().unwrap()).filter(|own| own["law"] == law);
    let number = |own: &Value, name: &str| own[name].as_u64().unwrap();
    laws.map(|own| {
        let of = |name| number(own, name);
        (of("passed"), of("warned"), of("failed"), of("waived"), of("not_judged"), own["bypassed"].as_u64())
    })
    .collect()
}

const ALICE: &str = "alice@example.org";
const CLAUDE: &str = "claude@example.org";

#[test]
fn verdicts_are_counted_for_those_whose_work_it_is() {
    let sandbox = Sandbox::governed();
    sandbox.commit_by(ALICE, "a.txt", &lawful("feat: one"));
    sandbox.commit_by(ALICE, "b.txt", "wip\n");
    let waiver = "Agentops-Waive: AO-R3 the importer of 2019 wrote this subject\n";
    let waived = lawful("Anything at all").trim_end().to_owned() + "\n\n" + waiver;
    sandbox.commit_by(CLAUDE, "c.txt", &waived);
    sandbox.commit_by("stranger@example.org", "d.txt", &lawful("feat: two"));
    let report = sandbox.compliance("");
    let of = |actor: &'static str| move |row: &Value| row["actor"] == actor;
    let unknown = |row: &Value| row["actor"].is_null();
    // The adoption itself is under no law of messages.
    assert_eq!(said(&report, "AO-R3", of("alice")), [(1, 0, 1, 0, 0, Some(1))]);
    assert_eq!(said(&report, "AO-L3", of("alice")), [(1, 0, 1, 0, 0, Some(1))]);
    // The adoption lies in the profile's namespace, and no hook saw it.
    assert_eq!(said(&report, "AO-E7", of("alice")), [(2, 0, 0, 0, 0, Some(0)), (1, 0, 0, 0, 0, None)]);
    assert_eq!(said(&report, "AO-R3", of("claude")), [(0, 0, 0, 1, 0, Some(0))]);
    assert_eq!(said(&report, "AO-R3", unknown), [(1, 0, 0, 0, 0, Some(0))]);
    assert_eq!((&report["steps"], &report["commits"], &report["schema_version"]), (&json!(5), &json!(5), &json!(1)));
    let total = report["totals"].as_array().unwrap().iter().find(|law| law["law"] == "AO-R3").unwrap();
    assert_eq!((&total["passed"], &total["failed"], &total["waived"]), (&json!(2), &json!(1), &json!(1)));
    let kinds: Vec<_> = report["rows"].as_array().unwrap().iter().map(|row| row["kind"].clone()).collect();
    assert!(kinds.contains(&json!("agent")) && kinds.contains(&json!("human")), "{kinds:?}");
    // The same again is the same, byte for byte.
    let texts = [(), ()].map(|()| sandbox.agentops("report compliance --format markdown").run().expect_code(0).stdout);
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn what_only_hooks_would_have_refused_was_bypassed_and_did_not_fail() {
    let sandbox = Sandbox::governed();
    // A landing may bring a file that does not parse and its mending: history only warns of it.
    sandbox.commit_by(ALICE, "settings.json", &lawful("feat: one"));
    let report = sandbox.compliance("");
    let own = said(&report, "AO-Y1", |row| row["actor"] == "alice" && row["profile"].is_null());
    assert_eq!(own, [(0, 1, 0, 0, 0, Some(1))]);
}

#[test]
fn a_law_that_is_off_is_not_judged() {
    let sandbox = Sandbox::governed();
    let config = sandbox.read(".agentops/config.toml");
    assert!(config.contains("[laws]\n"), "{config}");
    sandbox.write(".agentops/config.toml", config.replace("[laws]\n", "[laws]\nAO-R3 = \"off\"\n"));
    sandbox.agentops("policy amend --actor alice --reason").arg("Subjects are free here").run().expect_code(0);
    sandbox.commit_by(ALICE, "a.txt", &lawful("Anything"));
    let report = sandbox.compliance("");
    assert_eq!(said(&report, "AO-R3", |row| row["actor"] == "alice" && row["profile"].is_null())[0].4, 1);
}

#[test]
fn commits_belong_to_the_session_in_which_they_were_made() {
    let sandbox = Sandbox::governed();
    let task = sandbox.open_task("Sign in with a passkey", "");
    sandbox.agentops(&format!("session start --actor claude --task {}", task.id)).run().expect_code(0);
    let message = lawful("feat: one").trim_end().to_owned() + "\n\nAgentops-Task: " + &task.id + "\n";
    sandbox.commit_by(CLAUDE, "a.txt", &message);
    let learn = sandbox.agentops(&format!("learn add --actor claude --task {} --pattern", task.id));
    learn.arg("Browsers differ in how they name the authenticator of a phone").run().expect_code(0);
    let end =
        sandbox.agentops("session end --actor claude --choice none --summary \"Looked at passkeys\" --improvement");
    end.arg("Let the sandbox offer a fake authenticator").run().expect_code(0);
    sandbox.commit_by(CLAUDE, "b.txt", &lawful("feat: two"));
    let report = sandbox.compliance("");
    let sessions = sandbox.agentops("session list --json").run().expect_code(0).json();
    let session = sessions["sessions"][0]["id"].as_str().unwrap().to_owned();
    let rows = report["rows"].as_array().unwrap();
    let own: Vec<_> = rows.iter().filter(|row| row["session"] == session.as_str()).collect();
    assert_eq!(own.len(), 1, "{rows:?}");
    assert_eq!((&own[0]["actor"], &own[0]["profile"]), (&json!("claude"), &json!("product-dev")));
    assert_eq!(own[0]["commits"], 3, "the work, the learning, the record: {}", own[0]);
    assert!(rows.iter().any(|row| row["session"].is_null() && row["actor"] == "claude"), "{rows:?}");
}

#[test]
fn a_merge_answers_for_its_step_and_its_commits_for_their_messages() {
    let sandbox = Sandbox::governed();
    sandbox.git("switch --quiet -c work");
    sandbox.commit_by(CLAUDE, "a.txt", "wip\n");
    sandbox.git("switch --quiet main");
    sandbox.try_git("merge --quiet --no-ff --no-edit --no-verify work").run().expect_code(0);
    let report = sandbox.compliance("");
    assert_eq!(said(&report, "AO-R3", |row| row["actor"] == "claude"), [(0, 0, 1, 0, 0, Some(1))]);
    assert!(said(&report, "AO-E7", |row| row["actor"] == "claude").is_empty(), "trees are judged once a step");
    let alice: Vec<_> = report["rows"].as_array().unwrap().iter().filter(|row| row["actor"] == "alice").collect();
    assert_eq!((&report["steps"], &report["commits"]), (&json!(2), &json!(3)));
    // Hooks see neither the first commit nor a merge: what was not measured is no 0.
    let unseen = alice.iter().filter(|row| row["seen_by_hooks"] == 0);
    assert!(unseen.flat_map(|row| row["laws"].as_array().unwrap()).all(|law| law["bypassed"].is_null()), "{alice:?}");
}

#[test]
fn a_commit_that_merges_what_it_stands_on_is_no_merge() {
    let sandbox = Sandbox::governed();
    sandbox.commit_by(ALICE, "a.txt", &lawful("feat: one"));
    sandbox.write("b.txt", "two\n");
    sandbox.git("add b.txt");
    let tree = sandbox.git("write-tree");
    let commit = sandbox.try_git(&format!("commit-tree -p HEAD -p HEAD~1 {}", tree.trim()));
    let commit = commit.stdin("wip\n").run().expect_code(0);
    sandbox.git(&format!("reset --quiet --hard {}", commit.stdout.trim()));
    let report = sandbox.compliance("");
    let bypassed: u64 = said(&report, "AO-R3", |_| true).iter().filter_map(|row| row.5).sum();
    assert_eq!(bypassed, 1, "{report}");
}

#[test]
fn a_report_begins_where_it_is_told() {
    let sandbox = Sandbox::governed();
    let first = sandbox.commit_by(ALICE, "a.txt", "wip\n");
    sandbox.commit_by(ALICE, "b.txt", &lawful("feat: two"));
    sandbox.git("tag v1 HEAD~1");
    for since in [first.as_str(), "v1", "HEAD~1"] {
        let report = sandbox.compliance(&format!("--since {since}"));
        assert_eq!((&report["steps"], &report["since"]), (&json!(1), &json!(first)), "{since}");
    }
    let day = sandbox.compliance("--since 2026-11-21");
    assert_eq!((&day["steps"], &day["since"]), (&json!(3), &json!("2026-11-21")));
    assert_eq!(sandbox.compliance("--since 2026-11-22")["steps"], 0);
    sandbox.git("switch --quiet -c beside HEAD~1");
    let beside = sandbox.commit_by(ALICE, "c.txt", &lawful("feat: three"));
    sandbox.git("switch --quiet main");
    let refused = sandbox.agentops(&format!("report compliance --since {beside}")).run().expect_code(2);
    assert!(refused.stderr.contains("not on the first-parent line"), "{}", refused.snapshot());
    sandbox.agentops("report compliance --since nonsense").run().expect_code(1);
}

#[test]
fn rules_that_cannot_be_read_leave_their_steps_unjudged() {
    let sandbox = Sandbox::governed();
    let config = sandbox.read(".agentops/config.toml");
    sandbox.commit_by(ALICE, ".agentops/config.toml", "no toml at all [");
    sandbox.commit_by(ALICE, "a.txt", &lawful("feat: blind"));
    sandbox.write(".agentops/config.toml", config);
    sandbox.commit_by(ALICE, "b.txt", &lawful("feat: mended"));
    let report = sandbox.compliance("");
    let r3: u64 = said(&report, "AO-R3", |_| true).iter().map(|said| said.4).sum();
    assert_eq!(r3, 2, "{report}");
    assert!(report["not_checked"].to_string().contains("the rules it stands on cannot be read"), "{report}");
}

#[test]
fn a_done_task_lacks_what_was_missing_when_it_ended() {
    let sandbox = Sandbox::governed();
    let task = sandbox.done_task();
    let whole = sandbox.compliance("")["tasks"].clone();
    assert_eq!((&whole["done"], &whole["promising"], &whole["missing"]), (&json!(1), &json!(1), &json!([])));
    // Code goes on: what a later step removes is no fault of the task, and the report on it says so.
    let end = sandbox.git("rev-parse HEAD");
    sandbox.git("rm --quiet src/reset.txt");
    sandbox.commit_by(ALICE, "a.txt", &lawful("feat: take it out again"));
    assert_eq!(sandbox.compliance("")["tasks"], whole);
    // The same file, taken out of the very step that ended it.
    sandbox.git(&format!("reset --quiet --hard {end}"));
    sandbox.git("rm --quiet src/reset.txt");
    sandbox.git("commit --quiet --amend --no-verify --no-edit");
    let short = sandbox.compliance("")["tasks"].clone();
    assert_eq!((&short["done"], &short["promising"]), (&json!(1), &json!(1)));
    let missing = json!(["`src/reset.txt` is missing", "criterion `a1`: `src/reset.txt` is missing"]);
    assert_eq!(short["missing"], json!([{ "task": task.id, "profile": "product-dev", "missing": missing }]));
    let told = sandbox.agentops("report compliance").run().expect_code(0).stdout;
    assert!(told.contains("tasks done: 1; 1 of them promised deliverables, 1 lack some (the goal is 0)"), "{told}");
}

#[test]
fn what_an_earlier_edition_does_not_know_is_not_judged() {
    let sandbox = Sandbox::governed();
    let format = sandbox.read(".agentops/format.toml");
    sandbox.write(".agentops/format.toml", format.replace("laws = 2", "laws = 1"));
    sandbox.git("add --all");
    sandbox.git("commit --quiet --amend --no-edit");
    let report = sandbox.compliance("");
    assert_eq!(said(&report, "AO-V1", |_| true), [(0, 0, 0, 0, 1, None)], "{report}");
    assert_eq!(said(&report, "AO-P9", |_| true), [(0, 0, 0, 0, 1, None)], "{report}");
    assert_eq!(said(&report, "AO-P8", |_| true), [(1, 0, 0, 0, 0, None)], "{report}");
}

#[test]
fn as_text_and_as_markdown() {
    let sandbox = Sandbox::governed();
    sandbox.commit_by(ALICE, "a.txt", &lawful("feat: one"));
    sandbox.commit_by(CLAUDE, "b.txt", "wip\n");
    insta::assert_snapshot!(sandbox.agentops("report compliance").run().snapshot_without_ids(), @"
    exit 0
    --- stdout
    compliance: 3 steps with 3 commits, from adoption to <id>

    law    passed  warned  failed  waived  not judged  bypassed
    AO-L1  1       1       0       0       0           1
    AO-L3  1       0       1       0       0           1
    AO-R3  1       0       1       0       0           1
    the other 36 laws passed every time (106 verdicts)

    session  actor   kind   profile      commits  passed  warned  failed  waived  not judged  bypassed
    none     alice   human  none         1        39      0       0       0       0           0
    none     claude  agent  none         1        36      1       2       0       0           3
    none     alice   human  product-dev  1        34      0       0       0       0           not judged

    tasks done: 0; 0 of them promised deliverables, 0 lack some (the goal is 0)
    not checked: code binding, forks and the number of waivers were judged when each step landed; a replay of history cannot judge them again
    ");
    insta::assert_snapshot!(sandbox.agentops("report compliance --format markdown").run().snapshot_without_ids(), @r#"
    exit 0
    --- stdout
    ### Compliance: 3 steps with 3 commits, from adoption to <id>

    | law | passed | warned | failed | waived | not judged | bypassed |
    | --- | ---: | ---: | ---: | ---: | ---: | ---: |
    | AO-L1 | 1 | 1 | 0 | 0 | 0 | 1 |
    | AO-L3 | 1 | 0 | 1 | 0 | 0 | 1 |
    | AO-R3 | 1 | 0 | 1 | 0 | 0 | 1 |

    the other 36 laws passed every time (106 verdicts)

    | session | actor | kind | profile | commits | passed | warned | failed | waived | not judged | bypassed |
    | --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
    | none | alice | human | none | 1 | 39 | 0 | 0 | 0 | 0 | 0 |
    | none | claude | agent | none | 1 | 36 | 1 | 2 | 0 | 0 | 3 |
    | none | alice | human | product-dev | 1 | 34 | 0 | 0 | 0 | 0 | not judged |

    - tasks done: 0; 0 of them promised deliverables, 0 lack some \(the goal is 0\)
    - not checked: code binding, forks and the number of waivers were judged when each step landed; a replay of history cannot judge them again
    "#);
}

#[test]
fn nothing_to_report_on() {
    let sandbox = Sandbox::new();
    sandbox.commit_all("first");
    let refused = sandbox.agentops("report compliance").run();
    assert!(refused.code == Some(1) && refused.stderr.contains("agentops init"), "{}", refused.snapshot());
}
