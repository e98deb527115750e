//! `agentops learn`: what was found out is recorded once, with evidence that exists, and is found again.

use super::governed::{as_agent, governed};

const PATTERN: &str = "rename(2) is atomic only within one file system";

#[test]
fn a_learning_is_one_commit_and_is_found_again() {
    let sandbox = governed();
    let head = sandbox.git("rev-parse HEAD");
    let arguments = "learn add --profile product-dev --evidence src/main.rs:2 --evidence https://example.org/a \
                     --tag storage --tag files --application \"Keep temporary files beside their targets\" --json";
    let short = &head[..9];
    let output = sandbox.agentops(arguments).arg("--pattern").arg(PATTERN).arg("--evidence").arg(short).run();
    let body = output.expect_code(0).json();
    let id = body["learning"]["id"].as_str().unwrap().to_owned();
    assert_eq!(body["learning"]["evidence"], serde_json::json!(["src/main.rs:2", "https://example.org/a", head]));
    assert_eq!(body["learning"]["tags"], serde_json::json!(["files", "storage"]));
    assert_eq!(body["path"], format!(".agentops/product-dev/learnings/2026/11/{id}.toml"));
    assert_eq!(sandbox.git("rev-list --count HEAD"), "2");
    assert_eq!(sandbox.git("status --porcelain"), "");
    insta::assert_snapshot!(sandbox.git("log -1 --format=%B").replace(&id, "<id>"), @r"
    chore(product-dev): record a learning

    rename(2) is atomic only within one file system

    Agentops-Learning: <id>
    ");
    let list = |filter: &str| sandbox.agentops(&format!("learn list {filter} --json")).run().expect_code(0).json();
    assert_eq!(list("--tag storage")["learnings"][0]["id"], id.as_str());
    for none in ["--tag network", "--profile sre"] {
        assert_eq!(list(none)["learnings"], serde_json::json!([]), "{none}");
    }
    let shown = sandbox.agentops("learn show").arg(&id[..12]).run().expect_code(0);
    assert!(shown.stdout.contains(PATTERN) && shown.stdout.contains("application: Keep temporary files"));
    sandbox.agentops("check --all").run().expect_code(0);
}

#[test]
fn the_same_again_is_refused_unless_it_replaces() {
    let sandbox = governed();
    let add = |pattern: &str, more: &str| {
        sandbox.agentops(&format!("learn add --profile sre {more} --json")).arg("--pattern").arg(pattern).run()
    };
    let first = add(PATTERN, "").expect_code(0).json()["learning"]["id"].as_str().unwrap().to_owned();
    let again = "rename(2) is atomic only inside one file system";
    let refused = add(again, "").expect_code(1).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains(&first), "{refused}");
    let second = add(again, &format!("--supersedes {first}")).expect_code(0).json();
    let list = sandbox.agentops("learn list --json").run().json();
    assert_eq!(list["learnings"][0]["id"], second["learning"]["id"], "newest first");
    assert_eq!(list["learnings"][1]["superseded_by"][0], second["learning"]["id"]);
    assert_eq!(add("Postgres skips an index below a function call", "").code, Some(0));
}

/// The same words with another figure, or denied, are another finding.
#[test]
fn an_opposite_is_no_repeat() {
    let sandbox = governed();
    let add = |pattern: &str| sandbox.agentops("learn add --profile sre --json --pattern").arg(pattern).run();
    add("Deploys to 3 regions want a lock in etcd, else 2 of them roll back").expect_code(0);
    for other in [
        "Deploys to 3 regions want no lock in etcd, else 2 of them roll back",
        "Deploys to 30 regions want a lock in etcd, else 2 of them roll back",
    ] {
        let added = add(other).expect_code(0).json();
        assert!(!added["near"].as_array().unwrap().is_empty(), "it is shown beside the other: {added}");
    }
    add("Deploys to 3 regions want a lock inside etcd, else 2 of them roll back").expect_code(1);
}

#[test]
fn what_cannot_be_meant_is_told_and_nothing_is_committed() {
    let sandbox = governed();
    let snapshot = |arguments: &str| sandbox.agentops(arguments).arg(PATTERN).run().snapshot();
    insta::assert_snapshot!(snapshot("learn add --pattern"), @r"
    exit 2
    --- stderr
    error: which profile? a record lies in the namespace of one
    hint: name it with `--profile`: product-dev, sre; or name a task with `--task`
    ");
    insta::assert_snapshot!(snapshot("learn add --profile sre --evidence src/main.rs:3 --pattern"), @r"
    exit 1
    --- stderr
    error: the evidence `src/main.rs:3` has no line 3: it ends at line 2
    hint: give `path` or `path:line` from the top of the repository as committed at HEAD, a commit id, or a URL
    ");
    insta::assert_snapshot!(snapshot("learn add --profile sre --evidence ../x --pattern"), @r"
    exit 1
    --- stderr
    error: the evidence `../x` is not a plain path from the repository's root
    hint: give `path` or `path:line` from the top of the repository as committed at HEAD, a commit id, or a URL
    ");
    let filler = sandbox.agentops("learn add --profile sre --pattern \"Learned a lot about the code\"").run();
    assert!(filler.expect_code(3).stderr.contains("AO-L1"));
    let foreign = as_agent(&sandbox, &format!("learn add --profile sre --pattern \"{PATTERN}\""));
    assert!(foreign.expect_code(3).stderr.contains("AO-N1"));
    sandbox.agentops("learn show 01").run().expect_code(2);
    let dry = sandbox.agentops("learn add --profile sre --dry-run --pattern").arg(PATTERN).run();
    assert!(dry.expect_code(0).stderr.contains("nothing was written"));
    assert_eq!(sandbox.git("rev-list --count HEAD"), "1");
}

#[test]
fn the_profile_follows_from_what_is_known() {
    let sandbox = governed();
    // The agent may write in one profile only.
    let own = as_agent(&sandbox, &format!("learn add --json --pattern \"{PATTERN}\"")).expect_code(0).json();
    assert_eq!((&own["learning"]["profile"], &own["learning"]["actor"]), (&"product-dev".into(), &"claude".into()));
    assert!(sandbox.git("log -1 --format=%B").contains("\nAssisted-by: claude"));
    let task = sandbox.agentops("task new \"Restart loop\" --profile sre --json").run().expect_code(0).json();
    let task = task["task"].as_str().unwrap().to_owned();
    let add = |more: &str| sandbox.agentops(&format!("learn add --json {more}")).run();
    let pattern = "--pattern \"Kubelet waits 110 seconds before it evicts\"";
    let of_task = add(&format!("--task {task} {pattern}")).expect_code(0).json();
    assert_eq!((&of_task["learning"]["profile"], &of_task["learning"]["task"]), (&"sre".into(), &task.clone().into()));
    let both = add(&format!("--task {task} --profile product-dev --pattern \"Helm keeps ten revisions\""));
    assert!(both.expect_code(2).stdout.contains("belongs to profile `sre`"));
    sandbox.agentops("session start --profile sre").run().expect_code(0);
    let in_session = add("--pattern \"Cordoned nodes keep their pods until drained\"").expect_code(0).json();
    assert_eq!(in_session["learning"]["profile"], "sre");
}

#[test]
fn a_uuid_is_an_id_of_a_learning_and_of_a_session() {
    use agentops::model::bundle::as_uuid;
    use agentops::model::name::RecordId;
    let sandbox = governed();
    let learn = "learn add --profile sre --json --pattern \"rename(2) is atomic only within one file system\"";
    let learning = sandbox.agentops(learn).run().expect_code(0).json()["learning"]["id"].clone();
    sandbox.agentops("session start --profile sre").run().expect_code(0);
    let end =
        "session end --json --choice none --summary \"Read up\" --improvement \"Alert on queue length\" --learning";
    let ended = sandbox.agentops(end).arg(learning.as_str().unwrap()).run().expect_code(0).json();
    for (noun, verb, id) in [("learning", "learn", &learning), ("session", "session", &ended["session"]["id"])] {
        let uuid = as_uuid(&RecordId::parse(id.as_str().unwrap()).unwrap()).unwrap();
        let shown =
            sandbox.agentops(&format!("{verb} show {} --json", uuid.to_uppercase())).run().expect_code(0).json();
        assert_eq!(shown[noun]["id"], *id);
    }
}
