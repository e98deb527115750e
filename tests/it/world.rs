//! A world: a governed repository with the humans Alice and Bob and the agent Claude, driven through the library, and
//! hands to forge what no verb would write.

use std::collections::BTreeSet;

use agentops::clock::Clock;
use agentops::config::{self, builtin};
use agentops::engine::EngineError;
use agentops::engine::Site;
use agentops::engine::governance::policy;
use agentops::engine::judging::landing::{self, Landing};
use agentops::engine::judging::replay;
use agentops::engine::records::learn::{self, NewLearning};
use agentops::engine::records::session::{self, End};
use agentops::engine::tasks::advance::{self, Next};
use agentops::engine::tasks::gate::{self, Choice, Wish};
use agentops::engine::tasks::phase;
use agentops::engine::tasks::task::{self, NewTask};
use agentops::engine::writing::transact::Target;
use agentops::env::Env;
use agentops::model::canonical::Canonical as _;
use agentops::model::digest::Digest;
use agentops::model::event::{Event, EventKind, EventName, Evidence};
use agentops::model::law_id::Level;
use agentops::model::layout;
use agentops::model::name::{Principal, ProfileName, TaskId, Word};
use agentops::model::path::RepoPath;
use agentops::model::policy::{Actor, ActorKind, Policy};
use agentops::model::record::{Grade, Improvement};
use agentops::model::report::Report;
use agentops::model::vote::{Proof, Verdict, Vote};
use agentops::workflow::chain::Chain;
use agentops::workflow::gate::gate_digest;
use agentops::workflow::governance::Governed;
use agentops::workflow::risk::Gate;
use agentops::workflow::transition;

use super::sandbox::{Sandbox, lawful};

/// The project's id.
pub(crate) const PROJECT: &str = "00112233445566778899aabbccddeeff";
/// The profile that every world has.
pub(crate) const PROFILE: &str = "product-dev";
const START: u64 = 1_795_244_400;

/// A governed repository on `main`.
pub(crate) struct World {
    /// Its working tree, and git.
    pub(crate) sandbox: Sandbox,
    env: Env,
    clock: Clock,
}

impl World {
    /// Two commits: code from before adoption, and the one that brings `.agentops` with `product-dev`.
    pub(crate) fn new() -> Self {
        Self::with(|text| text)
    }

    /// As [`new`](Self::new), with the text of `config.toml` changed before adoption.
    pub(crate) fn with(edit: impl FnOnce(String) -> String) -> Self {
        let world = Self::before_adoption();
        world.adopt(edit);
        world
    }

    /// As [`new`](Self::new), with more than one profile.
    pub(crate) fn with_profiles(profiles: &[&str]) -> Self {
        let world = Self::before_adoption();
        for (path, bytes) in adoption(profiles, |text| text) {
            world.sandbox.write(&path, bytes);
        }
        world.sandbox.commit_all("chore: adopt agentops");
        world
    }

    /// Only the code from before adoption.
    pub(crate) fn before_adoption() -> Self {
        let sandbox = Sandbox::new();
        // The library runs in this process: it sees this repository's configuration, not that of the sandbox's home.
        let own = "[user]\n\tname = Alice\n\temail = alice@example.org\n[commit]\n\tgpgSign = false\n";
        let config = sandbox.read(".git/config") + own;
        sandbox.write(".git/config", config);
        let lines: Vec<String> = (1..=20).map(|number| format!("fn step_{number}() {{}}\n")).collect();
        sandbox.write("src/login.rs", lines.concat());
        sandbox.write("src/session.rs", "pub struct Session;\n");
        sandbox.commit_all("before adoption");
        Self { sandbox, env: Env::fixed(), clock: Clock::fixed(START, 7) }
    }

    /// The commit that brings `.agentops`.
    pub(crate) fn adopt(&self, edit: impl FnOnce(String) -> String) {
        for (path, bytes) in adoption(&[PROFILE], edit) {
            self.sandbox.write(&path, bytes);
        }
        self.sandbox.commit_all("chore: adopt agentops");
    }

    /// The world seen by `actor`.
    pub(crate) fn site(&self, actor: &str) -> Site<'_> {
        Site::open(self.sandbox.path(), &self.env, &self.clock, Some(actor.to_owned())).unwrap()
    }

    /// What a successful `git` prints.
    pub(crate) fn git(&self, arguments: &str) -> String {
        self.sandbox.git(arguments)
    }

    /// A new branch at HEAD.
    pub(crate) fn branch(&self, name: &str) {
        self.git(&format!("switch --quiet -c {name}"));
    }

    /// Changes to another branch.
    pub(crate) fn switch(&self, name: &str) {
        self.git(&format!("switch --quiet {name}"));
    }

    /// Commits everything under a message that passes.
    pub(crate) fn commit(&self, subject: &str) -> String {
        self.sandbox.commit_all(&lawful(subject))
    }

    /// Writes a file and commits it.
    pub(crate) fn commit_file(&self, path: &str, bytes: impl AsRef<[u8]>, subject: &str) -> String {
        self.sandbox.write(path, bytes);
        self.commit(subject)
    }

    /// Opens a task as Claude; its id.
    pub(crate) fn open(&self, title: &str) -> String {
        self.open_after(title, &[])
    }

    /// Templates that the engine laid out are taken away: what a test wants in a commit, it writes.
    fn tidy(&self, laid_out: &[RepoPath]) {
        for path in laid_out {
            let path = self.sandbox.path().join(path.as_str().unwrap());
            std::fs::remove_file(&path).unwrap();
            // Git knows no empty folders.
            let _ = std::fs::remove_dir(path.parent().unwrap());
        }
    }

    /// Opens a task that comes after others.
    pub(crate) fn open_after(&self, title: &str, after: &[&str]) -> String {
        let request = NewTask {
            title: title.to_owned(),
            profile: Some(PROFILE.to_owned()),
            after: after.iter().map(|id| (*id).to_owned()).collect(),
            ..NewTask::default()
        };
        let opened = task::open(&self.site("claude"), &Target::default(), &request).unwrap();
        self.tidy(&opened.outcome.laid_out);
        opened.outcome.task.to_string()
    }

    /// `phase next` as `actor`.
    pub(crate) fn try_next(&self, task: &str, actor: &str) -> Result<Next, EngineError> {
        let next = advance::next(&self.site(actor), &Target::default(), task, &mut |_| {});
        if let Ok(Next::Moved(moved, _)) = &next {
            self.tidy(&moved.outcome.laid_out);
        }
        next
    }

    /// `phase next` as Claude, which passes.
    #[track_caller]
    pub(crate) fn next(&self, task: &str) {
        if let Err(error) = self.try_next(task, "claude") {
            panic!("{}", told(&error));
        }
    }

    /// Fills in the documents of the task's current phase.
    pub(crate) fn fill(&self, task: &str) {
        let chain = self.chain(task);
        let state = &chain.head().unwrap().event.state;
        let (name, text) = match state.phase.as_str() {
            "research" => ("requirements.md", requirements(task)),
            "spec" => {
                self.promise(task);
                ("spec.md", specification(task))
            }
            "implement" => {
                self.commit_file(&code_path(task), code(task), &format!("feat: build {task}"));
                return;
            }
            other => panic!("no text for phase {other}"),
        };
        self.sandbox.write(&self.document(task, name), text);
    }

    /// Writes what the specification's work will bring.
    pub(crate) fn promise(&self, task: &str) {
        self.sandbox.write(&self.document(task, "deliverables.toml"), deliverables(task));
    }

    /// The specification and the promises of the working tree, as evidence.
    pub(crate) fn planned(&self, task: &str) -> Vec<Evidence> {
        ["deliverables.toml", "spec.md"].map(|name| self.evidence(&self.document(task, name))).into()
    }

    /// The path of one of a task's documents.
    pub(crate) fn document(&self, task: &str, name: &str) -> String {
        let opened = self.chain(task).links[0].event.state.opened.clone();
        format!(".agentops/{PROFILE}/specs/{opened}-{task}/{name}")
    }

    /// Fills in and submits the current phase.
    #[track_caller]
    pub(crate) fn submit(&self, task: &str) {
        self.fill(task);
        self.next(task);
    }

    /// A vote of a human on what waits.
    pub(crate) fn try_vote(&self, task: &str, voter: &str, verdict: Verdict) -> Result<(), EngineError> {
        let reason = if verdict == Verdict::Reject { "the second requirement cannot be tested" } else { "" };
        let (site, target) = (self.site(voter), Target::default());
        let submit = gate::prepare(&site, &target, task, &Wish::Person { key: None })?.gate.submit;
        let (task, reason) = (task.to_owned(), reason.to_owned());
        gate::cast(
            &site,
            &target,
            &Choice { task, verdict, reason, proof: Proof::Terminal, key: None, window: Default::default(), submit },
        )
        .map(|_| ())
    }

    /// A vote that is accepted.
    #[track_caller]
    pub(crate) fn vote(&self, task: &str, voter: &str, verdict: Verdict) {
        self.try_vote(task, voter, verdict).unwrap_or_else(|error| panic!("{}", told(&error)));
    }

    /// Submits, lets Bob approve, and advances.
    #[track_caller]
    pub(crate) fn pass(&self, task: &str) {
        self.submit(task);
        self.vote(task, "bob", Verdict::Approve);
        self.next(task);
    }

    /// Takes the task through all phases.
    #[track_caller]
    pub(crate) fn finish(&self, task: &str) {
        self.pass(task);
        self.pass(task);
        self.fill(task);
        self.record(task);
        self.next(task);
    }

    /// A learning and a session record of Claude about the task.
    #[track_caller]
    pub(crate) fn record(&self, task: &str) {
        self.record_of("claude", task);
    }

    /// A session record of `actor` about the task, with a learning of Claude.
    #[track_caller]
    pub(crate) fn record_of(&self, actor: &str, task: &str) {
        let learning = self.learn(task);
        let end = End {
            summary: format!("Built what the specification of {task} says"),
            improvements: vec![Improvement {
                what: format!("Generate the fixture of {task} from the schema instead of copying it by hand"),
                impact: Grade::Medium,
                effort: Grade::Low,
                priority: Grade::Medium,
            }],
            learnings: vec![learning],
            tasks: vec![task.to_owned()],
            ..End::default()
        };
        session::end(&self.site(actor), &Target::default(), &end).unwrap_or_else(|error| panic!("{}", told(&error)));
    }

    /// A learning about the task; its id.
    #[track_caller]
    pub(crate) fn learn(&self, task: &str) -> String {
        self.learn_anew(task, 0)
    }

    /// One more learning about the task, unlike those with other numbers; its id.
    #[track_caller]
    pub(crate) fn learn_anew(&self, task: &str, number: usize) -> String {
        let count = self.git("rev-list --count HEAD");
        let request = NewLearning {
            pattern: learning_text(&format!("{task} {number} {count} {}", self.git("branch --show-current"))),
            profile: Some(PROFILE.to_owned()),
            evidence: vec!["src/login.rs:3".to_owned()],
            application: "Whenever a handler reads the session before the token".to_owned(),
            reusability: Grade::Medium,
            tags: Vec::new(),
            task: Some(task.to_owned()),
            supersedes: Vec::new(),
        };
        let done = learn::add(&self.site("claude"), &Target::default(), &request);
        done.unwrap_or_else(|error| panic!("{}", told(&error))).outcome.learning.id.to_string()
    }

    /// A transition that needs no gate.
    #[track_caller]
    pub(crate) fn step(&self, task: &str, kind: EventKind, to: Option<&str>) {
        let reason = "the requirement about time limits was misread";
        let moved = phase::step(&self.site("claude"), &Target::default(), task, kind, to, reason)
            .unwrap_or_else(|error| panic!("{}", told(&error)));
        self.tidy(&moved.outcome.laid_out);
    }

    /// Changes the config and amends, as `actor`.
    #[track_caller]
    pub(crate) fn amend(&self, actor: &str, edit: impl FnOnce(String) -> String) {
        let text = edit(self.sandbox.read(layout::CONFIG));
        self.sandbox.write(layout::CONFIG, text);
        self.try_amend(actor).unwrap_or_else(|error| panic!("{}", told(&error)));
    }

    /// Amends what the working tree holds of governed files.
    pub(crate) fn try_amend(&self, actor: &str) -> Result<(), EngineError> {
        let reason = "the team of four reviews in pairs since Monday";
        policy::amend(&self.site(actor), &Target::default(), reason, None).map(|_| ())
    }

    /// The policy at HEAD.
    pub(crate) fn policy(&self) -> Policy {
        self.site("alice").base().unwrap().policy.as_ref().clone()
    }

    /// The governed digest at HEAD.
    pub(crate) fn governed(&self) -> Digest {
        let site = self.site("alice");
        let base = site.base().unwrap();
        Governed::new(&base.policy.config.governed).digest(&base.tree).unwrap()
    }

    /// The task's events at HEAD.
    pub(crate) fn chain(&self, task: &str) -> Chain {
        let site = self.site("alice");
        let base = site.base().unwrap();
        Chain::read(&base.tree, &profile_name(), &TaskId::parse(task).unwrap()).unwrap()
    }

    /// The event that would follow HEAD's, with the evidence of the working tree, changed by `forge`, as a file that is
    /// not committed; its path.
    pub(crate) fn forge(&self, task: &str, kind: EventKind, forge: impl FnOnce(&mut Event)) -> String {
        let chain = self.chain(task);
        let policy = self.policy();
        let rules = &policy.profiles[&profile_name()];
        let head = chain.head().unwrap();
        let drafted = transition::draft(&chain, kind, Some(&head.event.state.phase), rules, false);
        let (prev, seq, state) =
            drafted.unwrap_or_else(|_| (vec![head.digest], head.event.seq + 1, head.event.state.clone()));
        let mut event = Event {
            seq,
            kind,
            prev,
            state,
            actor: principal("claude"),
            reason: String::new(),
            evidence: Vec::new(),
            runs: Vec::new(),
            note: Default::default(),
            ..head.event.clone()
        };
        forge(&mut event);
        self.put(&event)
    }

    /// Writes an event's file where it belongs; its path.
    pub(crate) fn put(&self, event: &Event) -> String {
        let path = layout::event(&profile_name(), &event.task, &EventName::of(event)).to_string();
        self.sandbox.write(&path, event.print());
        path
    }

    /// A file of the working tree as evidence.
    pub(crate) fn evidence(&self, path: &str) -> Evidence {
        Evidence { path: path.to_owned(), sha256: Digest::of(self.sandbox.read(path).as_bytes()) }
    }

    /// An approval of Bob on what waits, changed by `forge`, as a file that is not committed; its path.
    pub(crate) fn forge_vote(&self, task: &str, forge: impl FnOnce(&mut Vote)) -> String {
        let chain = self.chain(task);
        let policy = self.policy();
        let rules = &policy.profiles[&profile_name()];
        let submit = chain.links.iter().rev().find(|link| link.event.kind == EventKind::Submit).unwrap();
        let (_, phase) = rules.phase(&submit.event.state.phase).unwrap();
        let site = self.site("bob");
        let base = site.base().unwrap();
        let gate = Gate::resolve(&policy, rules, phase, &chain, base.view()).unwrap();
        let mut vote = Vote {
            v: 1,
            project: PROJECT.to_owned(),
            task: submit.event.task.clone(),
            submit: submit.digest,
            gate: gate_digest(&policy, rules, &gate),
            voter: principal("bob"),
            verdict: Verdict::Approve,
            reason: String::new(),
            at: submit.event.at.clone(),
            proof: Proof::Terminal,
            not_before: None,
            not_after: None,
            signature: None,
        };
        let folder = layout::votes(&profile_name(), &vote.task, &vote.submit);
        forge(&mut vote);
        let path = folder.join(vote.file_name().as_bytes()).to_string();
        self.sandbox.write(&path, vote.print());
        path
    }

    /// Judges the landing of `tip` on `base`.
    pub(crate) fn try_landing(&self, base: &str, tip: &str) -> Result<Report, EngineError> {
        let request = Landing { base: base.to_owned(), tip: Some(tip.to_owned()), ..Landing::default() };
        landing::landing(&self.site("alice"), &request)
    }

    /// A landing that is judged.
    #[track_caller]
    pub(crate) fn landing(&self, base: &str, tip: &str) -> Report {
        self.try_landing(base, tip).unwrap_or_else(|error| panic!("{}", told(&error)))
    }

    /// Fails unless landing HEAD on `main` breaks exactly these laws.
    #[track_caller]
    pub(crate) fn breaks(&self, expected: &[&str]) -> Report {
        let report = self.landing("main", "HEAD");
        assert_eq!(laws(&report), expected.iter().copied().collect(), "{}", shown(&report));
        report
    }

    /// Replays the first-parent line of `tip`.
    #[track_caller]
    pub(crate) fn all(&self, tip: &str) -> Report {
        replay::all(&self.site("alice"), Some(tip), None).unwrap_or_else(|error| panic!("{}", told(&error)))
    }

    /// Fails unless every edge of the first-parent line of `tip` passes.
    #[track_caller]
    pub(crate) fn replays(&self, tip: &str) {
        let report = self.all(tip);
        assert!(report.passes(), "{}", shown(&report));
    }

    /// Writes an object by hand, malformed where wanted; its id.
    pub(crate) fn object(&self, kind: &str, bytes: impl AsRef<[u8]>) -> String {
        let call = self.sandbox.try_git(&format!("hash-object -t {kind} --literally --stdin -w")).stdin(bytes);
        call.run().expect_code(0).stdout.trim().to_owned()
    }

    /// Writes a raw tree of `(mode, name, id)` in the order given; its id.
    pub(crate) fn raw_tree(&self, entries: &[(&str, &[u8], &str)]) -> String {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(mode.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(name);
            bytes.push(0);
            for pair in id.as_bytes().chunks(2) {
                bytes.push(u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap());
            }
        }
        self.object("tree", bytes)
    }

    /// The entries of the tree at `rev:path`, as [`raw_tree`](Self::raw_tree) takes them.
    pub(crate) fn entries(&self, tree: &str) -> Vec<(String, Vec<u8>, String)> {
        let listed = self.git(&format!("ls-tree {tree}"));
        let entry = |line: &str| {
            let (head, name) = line.split_once('\t').unwrap();
            let parts: Vec<&str> = head.split(' ').collect();
            let mode = parts[0].trim_start_matches('0').to_owned();
            (mode, name.as_bytes().to_vec(), parts[2].to_owned())
        };
        listed.lines().map(entry).collect()
    }

    /// Replaces the folder at `path` of HEAD's tree by what `edit` makes of its entries, and commits that on HEAD's branch
    /// without touching index or working tree.
    pub(crate) fn commit_raw(&self, path: &str, edit: impl FnOnce(&mut Vec<(String, Vec<u8>, String)>)) -> String {
        let mut names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
        let mut entries = self.entries(&format!("HEAD:{path}"));
        edit(&mut entries);
        loop {
            let borrowed: Vec<(&str, &[u8], &str)> =
                entries.iter().map(|(mode, name, id)| (mode.as_str(), name.as_slice(), id.as_str())).collect();
            let id = self.raw_tree(&borrowed);
            let Some(name) = names.pop() else {
                return self.commit_tree(&id, &["HEAD"], "chore: write trees by hand");
            };
            entries = self.entries(&format!("HEAD:{}", names.join("/")));
            entries.iter_mut().find(|entry| entry.1 == name.as_bytes()).unwrap().2 = id;
        }
    }

    /// Commits a tree on HEAD's branch with any parents; index and working tree stay.
    pub(crate) fn commit_tree(&self, tree: &str, parents: &[&str], subject: &str) -> String {
        let parents: Vec<String> = parents.iter().map(|parent| format!("-p {parent}")).collect();
        let call = self.sandbox.try_git(&format!("commit-tree {} {tree}", parents.join(" "))).stdin(lawful(subject));
        let id = call.run().expect_code(0).stdout.trim().to_owned();
        self.git(&format!("update-ref HEAD {id}"));
        id
    }
}

/// The files of a fresh adoption with built-in profiles.
pub(crate) fn adoption(profiles: &[&str], edit: impl FnOnce(String) -> String) -> Vec<(String, Vec<u8>)> {
    let actor = |kind: ActorKind, name: &str, roles: &[&str]| {
        let actor = Actor {
            kind,
            emails: vec![format!("{name}@example.org")],
            profiles: Vec::new(),
            all_profiles: true,
            roles: roles.iter().map(|role| Word::parse(role).unwrap()).collect(),
        };
        (principal(name), actor)
    };
    let actors = [
        actor(ActorKind::Human, "alice", &["owner", "reviewer"]),
        actor(ActorKind::Human, "bob", &["reviewer"]),
        actor(ActorKind::Agent, "claude", &[]),
    ];
    let mut files: Vec<(String, Vec<u8>)> = vec![
        (layout::FORMAT.to_owned(), config::default_format(PROJECT).into_bytes()),
        (layout::CONFIG.to_owned(), edit(config::default_config(&actors, &[], &[Proof::Terminal], &[])).into_bytes()),
    ];
    for name in profiles {
        let name = ProfileName::parse(name).unwrap();
        for (path, bytes) in builtin::files(&name) {
            let bytes = match path == layout::profile_file(&name) {
                true => String::from_utf8(bytes).unwrap().replace("run = []", "run = [\"true\"]").into_bytes(),
                false => bytes,
            };
            files.push((path.to_string(), bytes));
        }
    }
    files
}

/// The laws that a report's errors name.
pub(crate) fn laws(report: &Report) -> BTreeSet<&'static str> {
    report.violations.iter().filter(|found| found.level == Level::Error).map(|found| found.law.as_str()).collect()
}

/// The laws that a report's warnings name.
pub(crate) fn warnings(report: &Report) -> BTreeSet<&'static str> {
    report.violations.iter().filter(|found| found.level == Level::Warn).map(|found| found.law.as_str()).collect()
}

/// A report for the eyes of whoever broke a test.
pub(crate) fn shown(report: &Report) -> String {
    let mut text = String::new();
    for found in &report.violations {
        let path = found.place.path.as_ref().map(RepoPath::to_string).unwrap_or_default();
        let commit = found.place.commit.map(|id| id.short()).unwrap_or_default();
        text += &format!("{:?} {} {path} {commit}: {}\n", found.level, found.law, found.message);
    }
    for line in &report.not_checked {
        text += &format!("not checked: {line}\n");
    }
    for line in &report.notes {
        text += &format!("note: {line}\n");
    }
    text
}

/// An error with the report that it carries.
pub(crate) fn told(error: &EngineError) -> String {
    match error {
        EngineError::Law(report) => format!("{error}\n{}", shown(report)),
        other => format!("{other} ({other:?})"),
    }
}

/// A principal that is one.
pub(crate) fn principal(name: &str) -> Principal {
    Principal::parse(name).unwrap()
}

/// The profile of every world.
pub(crate) fn profile_name() -> ProfileName {
    ProfileName::parse(PROFILE).unwrap()
}

/// The file that the task's plan adds.
pub(crate) fn code_path(task: &str) -> String {
    format!("src/{task}.rs")
}

/// What is in it.
pub(crate) fn code(task: &str) -> String {
    format!("//! Time limits of {task}.\npub const LIMIT: u64 = 1800;\n")
}

/// Learnings about two tasks are not alike.
fn learning_text(task: &str) -> String {
    let text = lawful(task);
    let line = text.lines().find(|line| line.starts_with("Learning: ")).unwrap();
    format!("{} Seen in {task}.", line.trim_start_matches("Learning: "))
}

/// Requirements that pass.
pub(crate) fn requirements(task: &str) -> String {
    format!(
        "# Requirements: {task}

## Problem
Reset links never expire: support counted 41 tickets in October about links that strangers opened weeks later.

## Users
Signed-out customers who forgot their password and read mail on a shared computer; administrators reset by hand.

## Requirements
- R1 (must): a link that is older than 30 minutes is refused with a page that offers a new one
- R2 (should): a link stops working after it was used once

## Measures
Tickets about foreign resets: 41 in October, fewer than 5 hoped for by March, read from the support queue.

## Out of scope
Second factors stay as they are, because the hardware tokens of the warehouse have their own release.

## Sources
- `src/login.rs:3-5` — where a session is opened today without looking at the age of the link
- `src/session.rs:1` — the session holds no time at all

## Pattern
Whatever grants access by possession needs an end; `Session` and the link both lack one, and both get it from one clock.
"
    )
}

/// Promises that agree with [`specification`], and that [`code`] keeps.
pub(crate) fn deliverables(task: &str) -> String {
    format!(
        "[[deliverables.file]]
path = \"{}\"
change = \"created\"
contains = [\"pub const LIMIT: u64\"]

[[deliverables.criterion]]
name = \"expired-link\"
kind = \"security\"
text = \"A link of 1801 seconds answers 410 and opens no session\"
command = \"test\"
",
        code_path(task)
    )
}

/// A specification that passes; it plans one new file and a change of `src/login.rs`.
pub(crate) fn specification(task: &str) -> String {
    let path = code_path(task);
    format!(
        "# Specification: {task}

## Behaviour
R1: opening a link after 1800 seconds answers 410 with a form for a new one; R2: a used link answers 410 as well.

## Edge cases
A clock that runs backwards counts as age zero; two clicks within one second use the link once, the second gets 410.

## Acceptance criteria
1. A1 (R1): given a link of 1801 seconds, opening it answers 410 and no session exists afterwards.

## Changes
- `{path}` (new file) — the time limit and how the age of a link is computed

## Tests
- run `test` — A1: an expired link is refused, and nothing else broke

## Order
First the limit as a constant with its test, then the check in the handler; stopping after the first changes nothing.

## Risks
Mail that is delivered later than 30 minutes makes links useless; the queue's delay is watched at its 99th percentile.

## Rollback
Revert the commit: links carry their birth in both versions, so the old binary reads those that the new one wrote.
"
    )
}
