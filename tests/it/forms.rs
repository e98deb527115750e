//! One history in five forms: as it was made, merged, squashed, rebased onto a base that moved on, and in a shallow clone.
//! The same laws name what is wrong with its trees, in each of them.

use std::collections::BTreeSet;

use agentops::engine::Site;
use agentops::engine::judging::landing::{self, Landing};
use agentops::model::event::EventKind;
use agentops::model::layout;
use agentops::model::report::Report;
use agentops::model::vote::{Proof, Verdict};

use super::sandbox::lawful;
use super::world::{World, code, code_path, laws, principal, requirements, shown, specification, told};

/// The laws that read trees. A squash has a message of its own, and a rebase new commits.
fn tree_laws(report: &Report) -> BTreeSet<&'static str> {
    let of_trees = |law: &&str| {
        matches!(law.as_bytes()[3], b'E' | b'P' | b'G' | b'N' | b'Y' | b'B') || *law == "AO-R1" || *law == "AO-R2"
    };
    laws(report).into_iter().filter(of_trees).collect()
}

/// Tasks at three places of their way, on `main`; and `onward`, where main went meanwhile.
struct Ground {
    world: World,
    waiting: String,
    planning: String,
    building: String,
}

impl Ground {
    fn new() -> Self {
        let world = World::with(|text| {
            text.replace("readonly = []", "readonly = [\"vendor/**\"]")
                .replace("generated = []", "generated = [{ output = \"gen/*.rs\", source = \"api/*.proto\" }]")
        });
        world.commit_file("src/old.rs", "//! Old.\n", "feat: add what goes later");
        let waiting = world.open("Reset links expire");
        world.submit(&waiting);
        let planning = world.open("Second factor by mail");
        world.pass(&planning);
        let building = world.open("Sessions have an age");
        world.pass(&building);
        world.pass(&building);
        world.branch("onward");
        world.commit_file("src/onward.rs", "//! Onward.\n", "feat: move on");
        world.switch("main");
        Self { world, waiting, planning, building }
    }

    /// Judges the branch `work` in every form.
    fn forms(&self) -> Vec<(&'static str, Report)> {
        let world = &self.world;
        let mut reports = vec![("linear", world.landing("main", "work"))];
        world.git("switch --quiet -C merged main");
        world.git("merge --quiet --no-ff --no-edit work");
        reports.push(("merge", world.landing("main", "merged")));
        world.git("switch --quiet -C squashed main");
        world.git("merge --quiet --squash work");
        world.sandbox.try_git("commit --quiet --file=-").stdin(lawful("feat: all in one")).run().expect_code(0);
        reports.push(("squash", world.landing("main", "squashed")));
        world.git("switch --quiet -C rebased work");
        world.git("rebase --quiet onward");
        reports.push(("rebase", world.landing("onward", "rebased")));
        world.switch("main");
        reports.push(("shallow", self.shallow()));
        reports
    }

    fn shallow(&self) -> Report {
        let world = &self.world;
        let depth = 1 + world.git("rev-list --count main..work").parse::<usize>().unwrap();
        let dir = world.sandbox.root().join("shallow");
        let _ = std::fs::remove_dir_all(&dir);
        let url = format!("file://{}", world.sandbox.path().display());
        let clone = world.sandbox.try_git(&format!("clone --quiet --branch work --depth {depth}")).arg(url).arg(&dir);
        clone.run().expect_code(0);
        let (env, clock) = (agentops::env::Env::fixed(), agentops::clock::Clock::fixed(0, 0));
        let site = Site::open(&dir, &env, &clock, None).unwrap();
        let request = Landing { base: world.git("rev-parse main"), tip: Some("HEAD".into()), ..Landing::default() };
        landing::landing(&site, &request).unwrap_or_else(|error| panic!("{}", told(&error)))
    }
}

/// What is done on the branch, the laws that name it, and the forms in which nothing of it is left to be seen.
struct Branch {
    name: &'static str,
    make: fn(&Ground),
    expected: &'static [&'static str],
    unseen_in: &'static [&'static str],
}

const BRANCHES: &[Branch] = &[
    Branch { name: "code alone", make: code_alone, expected: &[], unseen_in: &[] },
    Branch { name: "a whole task", make: whole_task, expected: &[], unseen_in: &[] },
    Branch { name: "a file that goes as planned", make: removal, expected: &[], unseen_in: &[] },
    Branch { name: "an approval and what follows", make: approval, expected: &[], unseen_in: &[] },
    Branch { name: "citing what is new", make: citing_new, expected: &[], unseen_in: &[] },
    Branch { name: "citing a ghost", make: citing_ghost, expected: &["AO-P2"], unseen_in: &[] },
    Branch { name: "an amend", make: amend, expected: &[], unseen_in: &[] },
    Branch { name: "read-only", make: readonly, expected: &["AO-R1"], unseen_in: &[] },
    Branch { name: "generated", make: generated, expected: &["AO-R2"], unseen_in: &[] },
    Branch { name: "syntax", make: syntax, expected: &["AO-Y1"], unseen_in: &[] },
    Branch { name: "budget", make: budget, expected: &["AO-B1", "AO-E8"], unseen_in: &[] },
    Branch { name: "namespace", make: namespace, expected: &["AO-N1"], unseen_in: &[] },
    Branch { name: "write-once", make: write_once, expected: &["AO-E1"], unseen_in: &[] },
    Branch { name: "form", make: form, expected: &["AO-E2"], unseen_in: &[] },
    Branch { name: "opened twice", make: opened_twice, expected: &["AO-E3", "AO-E6"], unseen_in: &[] },
    Branch { name: "transition", make: transition, expected: &["AO-E4"], unseen_in: &[] },
    Branch { name: "actor", make: actor, expected: &["AO-E5"], unseen_in: &[] },
    Branch { name: "mode", make: mode, expected: &["AO-E7"], unseen_in: &[] },
    Branch { name: "evidence", make: evidence, expected: &["AO-E8"], unseen_in: &[] },
    Branch { name: "plan", make: plan, expected: &["AO-P1", "AO-P4", "AO-P5", "AO-P9"], unseen_in: &[] },
    Branch { name: "manifest", make: manifest, expected: &["AO-P7"], unseen_in: &[] },
    Branch { name: "no vote", make: no_vote, expected: &["AO-G1"], unseen_in: &[] },
    Branch { name: "simulated vote", make: simulated, expected: &["AO-G1"], unseen_in: &[] },
    Branch { name: "no amend", make: no_amend, expected: &["AO-G3"], unseen_in: &[] },
    Branch { name: "broken config", make: broken_config, expected: &["AO-G3", "AO-G5"], unseen_in: &[] },
    // A squash keeps the outcome alone: what was there in between cannot be proved from it any more.
    Branch { name: "a vote taken away", make: vote_taken_away, expected: &["AO-E1"], unseen_in: &["squash"] },
    Branch { name: "a vote after its advance", make: late_vote, expected: &["AO-G1"], unseen_in: &["squash"] },
    // A rebase makes no merges, so it has none that could drop anything; what was dropped is not in its trees.
    Branch { name: "an evil merge", make: evil_merge, expected: &["AO-E9"], unseen_in: &["squash", "rebase"] },
];

#[test]
fn every_form_gets_the_same_verdict() {
    let ground = Ground::new();
    let mut wrong = Vec::new();
    for branch in BRANCHES {
        let world = &ground.world;
        world.git("switch --quiet -C work main");
        (branch.make)(&ground);
        for (form, report) in ground.forms() {
            let expected: BTreeSet<&str> = match branch.unseen_in.contains(&form) {
                true => BTreeSet::new(),
                false => branch.expected.iter().copied().collect(),
            };
            let found = tree_laws(&report);
            if found != expected {
                wrong.push(format!("{} as {form}: {found:?} instead of {expected:?}\n{}", branch.name, shown(&report)));
            }
        }
        world.git("checkout --quiet --force main");
        world.git("clean -fdq");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn code_alone(ground: &Ground) {
    ground.world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    ground.world.commit_file("src/login.rs", "fn login() {}\n", "feat: rewrite the login");
}

fn whole_task(ground: &Ground) {
    let task = ground.world.open("Links are used once");
    ground.world.finish(&task);
}

fn removal(ground: &Ground) {
    let world = &ground.world;
    let task = world.open("Old tokens go");
    world.pass(&task);
    let text = specification(&task).replace("## Changes\n", "## Changes\n- `src/old.rs` (removed) — nobody calls it\n");
    world.promise(&task);
    world.sandbox.write(&world.document(&task, "spec.md"), text);
    world.next(&task);
    world.vote(&task, "bob", Verdict::Approve);
    world.next(&task);
    world.git("rm -q src/old.rs");
    world.commit("feat: drop old tokens");
    world.fill(&task);
    world.record(&task);
    world.next(&task);
}

fn approval(ground: &Ground) {
    ground.world.vote(&ground.waiting, "bob", Verdict::Approve);
    ground.world.next(&ground.waiting);
    ground.world.submit(&ground.waiting);
}

/// Research and a plan about code that the same branch brings.
fn citing_new(ground: &Ground) {
    let world = &ground.world;
    world.commit_file("src/fresh.rs", "//! Fresh.\n\npub struct Fresh;\n", "feat: add fresh code");
    submit_citing(world, "src/fresh.rs:3");
    let path = world.document(&ground.planning, "spec.md");
    let text =
        specification(&ground.planning).replace("## Changes\n", "## Changes\n- `src/fresh.rs:3` — give it a time\n");
    world.promise(&ground.planning);
    world.sandbox.write(&path, text);
    world.next(&ground.planning);
}

fn citing_ghost(ground: &Ground) {
    let world = &ground.world;
    world.commit_file("src/fresh.rs", "//! Fresh.\n", "feat: add fresh code");
    submit_citing(world, "src/fresh.rs:3");
}

fn submit_citing(world: &World, place: &str) {
    let task = world.open("Fresh code has a time");
    let path = world.document(&task, "requirements.md");
    let text =
        requirements(&task).replace("## Sources\n", &format!("## Sources\n- `{place}` — where the time belongs\n"));
    world.sandbox.write(&path, text);
    world.forge(&task, EventKind::Submit, |event| {
        event.evidence = vec![world.evidence(&path)];
        event.base = agentops::model::digest::ObjectId::parse(&world.git("rev-parse HEAD^{tree}")).unwrap();
    });
    world.commit("chore: submit by hand");
}

fn amend(ground: &Ground) {
    ground.world.amend("alice", |text| text.replace("max = 3", "max = 4"));
}

fn readonly(ground: &Ground) {
    ground.world.commit_file("vendor/a.c", "int a;\n", "feat: change a vendored file");
}

fn generated(ground: &Ground) {
    ground.world.commit_file("gen/a.rs", "//! Generated.\n", "feat: change a generated file");
}

fn syntax(ground: &Ground) {
    ground.world.commit_file("data/a.json", "{\n", "feat: add data");
}

fn budget(ground: &Ground) {
    let path = ground.world.document(&ground.waiting, "requirements.md");
    let text = requirements(&ground.waiting) + &"One more word about many things. ".repeat(3_000);
    ground.world.commit_file(&path, text, "docs: write too much");
}

fn namespace(ground: &Ground) {
    ground.world.commit_file(".agentops/product-dev/specs/notes.md", "Notes.\n", "docs: leave notes");
}

fn write_once(ground: &Ground) {
    let votes = format!(".agentops/product-dev/votes/{}", ground.planning);
    ground.world.git(&format!("rm -q -r {votes}"));
    ground.world.commit("chore: forget votes");
}

fn form(ground: &Ground) {
    ground.world.commit_file(".agentops/product-dev/events/readme.md", "Events.\n", "docs: explain events");
}

fn opened_twice(ground: &Ground) {
    let mut event = ground.world.chain(&ground.waiting).links[0].event.clone();
    event.reason = "once more".to_owned();
    ground.world.put(&event);
    ground.world.commit("chore: open it again");
}

fn transition(ground: &Ground) {
    ground.world.forge(&ground.planning, EventKind::Rework, |event| event.reason = "nothing waits".to_owned());
    ground.world.commit("chore: rework by hand");
}

fn actor(ground: &Ground) {
    ground.world.forge(&ground.planning, EventKind::Abandon, |event| {
        event.reason = "nobody wants it".to_owned();
        event.actor = principal("mallory");
    });
    ground.world.commit("chore: abandon by hand");
}

fn mode(ground: &Ground) {
    let world = &ground.world;
    let target = world.object("blob", "../../../etc/passwd");
    world.git(&format!("update-index --add --cacheinfo 120000,{target},.agentops/product-dev/product/notes.md"));
    world.sandbox.try_git("commit --quiet --file=-").stdin(lawful("docs: link notes")).run().expect_code(0);
    world.git("reset -q --hard");
}

fn evidence(ground: &Ground) {
    let path = ground.world.document(&ground.planning, "requirements.md");
    let text = requirements(&ground.planning).replace("30 minutes", "30 days");
    ground.world.commit_file(&path, text, "docs: edit what was approved");
}

fn plan(ground: &Ground) {
    let world = &ground.world;
    let path = world.document(&ground.planning, "spec.md");
    world.sandbox.write(&path, "# Specification\n");
    world.forge(&ground.planning, EventKind::Submit, |event| event.evidence = vec![world.evidence(&path)]);
    world.commit("chore: submit by hand");
}

fn manifest(ground: &Ground) {
    let world = &ground.world;
    world.fill(&ground.building);
    world.record(&ground.building);
    world.next(&ground.building);
    let other = code(&ground.building).replace("1800", "999_999");
    world.commit_file(&code_path(&ground.building), other, "feat: raise the limit");
}

fn no_vote(ground: &Ground) {
    ground.world.forge(&ground.waiting, EventKind::Advance, |_| {});
    ground.world.commit("chore: advance by hand");
}

fn simulated(ground: &Ground) {
    ground.world.forge_vote(&ground.waiting, |vote| vote.proof = Proof::Simulated);
    no_vote(ground);
}

fn no_amend(ground: &Ground) {
    let text = ground.world.sandbox.read(layout::CONFIG).replace("max = 3", "max = 99");
    ground.world.commit_file(layout::CONFIG, text, "chore: loosen the rules");
}

fn broken_config(ground: &Ground) {
    ground.world.commit_file(layout::CONFIG, "laws = 7\n", "chore: break the config");
}

fn vote_taken_away(ground: &Ground) {
    ground.world.vote(&ground.waiting, "bob", Verdict::Reject);
    ground.world.git(&format!("rm -q -r .agentops/product-dev/votes/{}", ground.waiting));
    ground.world.commit("chore: forget a vote");
    ground.world.vote(&ground.waiting, "bob", Verdict::Approve);
    ground.world.next(&ground.waiting);
}

fn late_vote(ground: &Ground) {
    no_vote(ground);
    ground.world.forge_vote(&ground.waiting, |_| {});
    ground.world.commit("chore: vote when all is over");
}

fn evil_merge(ground: &Ground) {
    let world = &ground.world;
    world.git("switch --quiet -C side work");
    world.vote(&ground.waiting, "bob", Verdict::Reject);
    world.switch("work");
    world.commit_file("src/new.rs", "//! New.\n", "feat: add a module");
    world.git("merge --quiet --strategy=ours --no-edit side");
}
