//! Attacks on events: forged, edited, renamed, misplaced, malformed.

use agentops::model::canonical::Canonical as _;
use agentops::model::event::{EventKind, EventName};
use agentops::model::layout;
use agentops::model::name::PhaseName;
use agentops::model::state::{Stage, Status};

use crate::world::{PROFILE, World, laws, principal, profile_name, shown, specification, warnings};

/// The path of a task's newest event.
fn newest(world: &World, task: &str) -> String {
    let chain = world.chain(task);
    let head = chain.head().unwrap();
    layout::event(&profile_name(), &head.event.task, &EventName::of(&head.event)).to_string()
}

#[test]
fn an_advance_by_hand_over_an_empty_specification() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.branch("work");
    world.forge(&task, EventKind::Advance, |event| {
        event.state.phase = PhaseName::parse("implement").unwrap();
        event.state.stage = Stage::Implement;
    });
    world.commit("chore: advance by hand");
    world.breaks(&["AO-E4", "AO-E8", "AO-P1", "AO-P9"]);
}

#[test]
fn a_submit_by_hand_over_an_empty_specification() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.pass(&task);
    world.branch("work");
    let spec = world.document(&task, "spec.md");
    world.sandbox.write(&spec, "# Specification\n");
    world.forge(&task, EventKind::Submit, |event| event.evidence = vec![world.evidence(&spec)]);
    world.commit("chore: submit by hand");
    world.breaks(&["AO-P1", "AO-P4", "AO-P5", "AO-P9"]);
}

#[test]
fn a_state_that_folding_does_not_give() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    world.forge(&task, EventKind::Abandon, |event| {
        event.reason = "nobody wants it".to_owned();
        event.state.title = "Something else".to_owned();
    });
    world.commit("chore: abandon by hand");
    world.breaks(&["AO-E4"]);
}

#[test]
fn an_event_of_an_unknown_actor() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.forge(&task, EventKind::Abandon, |event| {
        event.reason = "nobody wants it".to_owned();
        event.actor = principal("mallory");
    });
    world.commit("chore: abandon by hand");
    world.breaks(&["AO-E5"]);
}

#[test]
fn an_actor_without_a_part_in_the_profile() {
    let world = World::with_profiles(&[PROFILE, "devops"]);
    world.amend("alice", |text| {
        let (head, tail) = text.split_once("[actors.claude]").unwrap();
        format!("{head}[actors.claude]{}", tail.replacen("profiles = [\"*\"]", "profiles = [\"devops\"]", 1))
    });
    world.branch("work");
    let chain = {
        // Alice opens it; the event is then Claude's by hand.
        let request = agentops::engine::tasks::task::NewTask {
            title: "Reset links expire".into(),
            profile: Some(PROFILE.into()),
            ..Default::default()
        };
        let opened = agentops::engine::tasks::task::open(&world.site("alice"), &Default::default(), &request).unwrap();
        opened.outcome.task.to_string()
    };
    world.forge(&chain, EventKind::Abandon, |event| event.reason = "nobody wants it".to_owned());
    world.commit("chore: abandon by hand");
    world.breaks(&["AO-E5"]);
}

#[test]
fn an_event_in_another_profile() {
    let world = World::with_profiles(&[PROFILE, "devops"]);
    let task = world.open("Reset links expire");
    world.branch("work");
    let path = newest(&world, &task);
    world.sandbox.write(&path.replace(PROFILE, "devops"), world.sandbox.read(&path));
    world.commit("chore: copy a task");
    world.breaks(&["AO-E3"]);
    // What follows it over there has no beginning.
    world.git("reset -q --hard main");
    let forged = world.forge(&task, EventKind::Abandon, |event| event.reason = "nobody wants it".to_owned());
    world.sandbox.write(&forged.replace(PROFILE, "devops"), world.sandbox.read(&forged));
    std::fs::remove_file(world.sandbox.path().join(&forged)).unwrap();
    world.commit("chore: abandon a task elsewhere");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).is_superset(&["AO-E3", "AO-E4"].into()), "{}", shown(&report));
}

#[test]
fn an_event_in_a_profile_that_is_not_there() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let path = newest(&world, &task);
    world.sandbox.write(&path.replace(PROFILE, "devops"), world.sandbox.read(&path));
    world.commit("chore: copy a task");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).contains("AO-E4"), "{}", shown(&report));
}

#[test]
fn an_event_edited() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let path = newest(&world, &task);
    world.commit_file(&path, world.sandbox.read(&path).replace("Reset links", "Other links"), "chore: edit an event");
    world.breaks(&["AO-E1", "AO-E2"]);
    assert!(!world.all("work").passes());
}

#[test]
fn an_event_removed() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.branch("work");
    world.git(&format!("rm -q {}", newest(&world, &task)));
    world.commit("chore: remove an event");
    world.breaks(&["AO-E1"]);
}

#[test]
fn an_event_renamed() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let path = newest(&world, &task);
    world.git(&format!("mv {path} {}", path.replace("0001-", "0002-")));
    world.commit("chore: rename an event");
    world.breaks(&["AO-E1", "AO-E2"]);
}

#[test]
fn a_reject_committed_and_taken_away_on_the_branch() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.vote(&task, "alice", agentops::model::vote::Verdict::Reject);
    world.git("rm -q -r .agentops/product-dev/votes");
    world.commit("chore: forget a vote");
    world.vote(&task, "bob", agentops::model::vote::Verdict::Approve);
    world.next(&task);
    world.breaks(&["AO-E1"]);
}

#[test]
fn other_bytes_under_the_short_name_of_an_event() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    let chain = world.chain(&task);
    let mut event = chain.links[0].event.clone();
    let name = newest(&world, &task);
    event.state.title = "Reset links live for ever".to_owned();
    assert_ne!(event.print(), world.sandbox.read(&name));
    world.sandbox.write(&name, event.print());
    world.git("add -A");
    world.git("commit --quiet --amend --no-edit");
    world.breaks(&["AO-E2"]);
}

#[test]
fn a_task_opened_twice() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    let mut event = world.chain(&task).links[0].event.clone();
    event.reason = "once more".to_owned();
    world.put(&event);
    world.commit("chore: open it again");
    world.breaks(&["AO-E3", "AO-E6"]);
}

#[test]
fn one_id_in_two_profiles() {
    let world = World::with_profiles(&[PROFILE, "devops"]);
    world.branch("work");
    let task = world.open("Reset links expire");
    let path = newest(&world, &task);
    world.sandbox.write(&path.replace(PROFILE, "devops"), world.sandbox.read(&path));
    world.commit("chore: open it there too");
    world.breaks(&["AO-E3"]);
}

#[test]
fn a_chain_with_a_hole() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    let open = newest(&world, &task);
    world.submit(&task);
    world.git(&format!("rm -q {open}"));
    world.commit("chore: leave the beginning out");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).is_superset(&["AO-E1", "AO-E3"].into()), "{}", shown(&report));
    // As a squash, there is only the step to look at.
    let tree = world.git("rev-parse HEAD^{tree}");
    world.commit_tree(&tree, &["main"], "chore: squash");
    let report = world.landing("main", "HEAD");
    assert!(laws(&report).is_superset(&["AO-E3", "AO-E4"].into()), "{}", shown(&report));
}

#[test]
fn a_resolve_without_a_fork() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.submit(&task);
    world.branch("work");
    let chain = world.chain(&task);
    world.forge(&task, EventKind::Resolve, |event| {
        event.prev = chain.links.iter().map(|link| link.digest).collect();
        event.prev.sort();
        event.reason = "there was nothing to settle".to_owned();
        event.state.status = Status::Working;
        event.state.attempt = 2;
    });
    world.commit("chore: resolve by hand");
    world.breaks(&["AO-E4"]);
}

#[test]
fn a_fork_lands_on_no_protected_branch() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    world.step(&task, EventKind::Abandon, None);
    world.switch("main");
    world.submit(&task);
    let report = world.landing("main", "work");
    assert_eq!(laws(&report), ["AO-E6"].into(), "{}", shown(&report));
    let request = agentops::engine::judging::landing::Landing {
        base: "main".into(),
        tip: Some("work".into()),
        onto: Some("refs/heads/feature".into()),
        ..Default::default()
    };
    let report = agentops::engine::judging::landing::landing(&world.site("alice"), &request).unwrap();
    assert!(report.passes() && warnings(&report).contains("AO-E6"), "{}", shown(&report));
    world.switch("work");
    world.git("merge --quiet --no-edit main");
    world.step(&task, EventKind::Resolve, None);
    world.breaks(&[]);
}

#[test]
fn an_advance_before_what_it_comes_after() {
    let world = World::new();
    world.branch("work");
    let first = world.open("Reset links expire");
    let second = world.open_after("Second factor by mail", &[&first]);
    world.fill(&second);
    assert!(world.try_next(&second, "claude").is_err());
    let path = world.document(&second, "requirements.md");
    world.forge(&second, EventKind::Submit, |event| event.evidence = vec![world.evidence(&path)]);
    world.commit("chore: submit by hand");
    world.vote(&second, "bob", agentops::model::vote::Verdict::Approve);
    world.forge(&second, EventKind::Advance, |_| {});
    world.commit("chore: advance by hand");
    world.breaks(&["AO-E4"]);
}

#[test]
fn malformed_event_files() {
    let world = World::new();
    let task = world.open("Reset links expire");
    let path = world.forge(&task, EventKind::Abandon, |event| event.reason = "nobody wants it".to_owned());
    let good = world.sandbox.read(&path).into_bytes();
    world.git("add -A");
    world.git("stash --quiet");
    world.branch("work");
    let crlf = String::from_utf8(good.clone()).unwrap().replace('\n', "\r\n").into_bytes();
    let cases: [(&str, Vec<u8>); 6] = [
        ("oversized", [good.as_slice(), &vec![b'#'; 70_000]].concat()),
        ("with CRLF", crlf),
        ("with a byte order mark", [b"\xef\xbb\xbf", good.as_slice()].concat()),
        ("not UTF-8", [good.as_slice(), b"\xff\n"].concat()),
        ("with a comment", [b"# hello\n", good.as_slice()].concat()),
        ("empty", Vec::new()),
    ];
    for (what, bytes) in cases {
        // Under the name that these very bytes ask for, so that nothing but their form is wrong.
        let digest = agentops::model::digest::Digest::of(&bytes).short();
        let name = format!("{}-{digest}.toml", path.rsplit_once('-').unwrap().0);
        world.commit_file(&name, bytes, "chore: write an event by hand");
        let report = world.landing("main", "HEAD");
        // What is not TOML breaks the law on syntax as well.
        let found: Vec<&str> = laws(&report).into_iter().filter(|law| *law != "AO-Y1").collect();
        assert_eq!(found, ["AO-E2"], "{what}\n{}", shown(&report));
        world.git("reset -q --hard main");
    }
}

#[test]
fn escape_sequences_in_a_title() {
    let world = World::new();
    let task = world.open("Reset links expire");
    world.branch("work");
    world.forge(&task, EventKind::Abandon, |event| {
        event.reason = "nobody wants it".to_owned();
        event.state.title = "Reset\u{1b}[2J\u{202e}links".to_owned();
    });
    world.commit("chore: write a title by hand");
    world.breaks(&["AO-E2"]);
    for form in ["human", "json"] {
        let told = world.sandbox.agentops(&format!("check --base main --format {form}")).run().expect_code(3);
        let text = told.stdout + &told.stderr;
        assert!(!text.contains('\u{202e}') && !text.contains('\u{1b}') && !text.contains("\\u001b"), "{text}");
    }
}

#[test]
fn a_document_of_no_open_task() {
    let world = World::new();
    world.branch("work");
    world.commit_file(
        ".agentops/product-dev/specs/2026-11-21-auth-k3f9/spec.md",
        specification("auth-k3f9"),
        "docs: write a specification",
    );
    world.breaks(&["AO-N1"]);
}
