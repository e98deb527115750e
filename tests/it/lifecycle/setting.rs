//! A governed repository to work in: the product profile, two people (Alice, Bob) and an agent (Claude), and a product
//! of three files. Documents that pass their gates, records that a task must bring, votes typed at a terminal.

use agentops::config;
use agentops::model::canonical::Canonical as _;
use agentops::model::layout;
use agentops::model::name::{PhaseName, Principal, ProfileName, RecordId, TaskId, Word};
use agentops::model::policy::{Actor, ActorKind};
use agentops::model::record::{Grade, Improvement, Learning, Session, Suggestions, Work};
use agentops::model::time::Timestamp;
use agentops::model::vote::Proof;

use crate::sandbox::{Output, Sandbox, lawful};
use crate::terminal::Ending;

const PROJECT: &str = "0123456789abcdef0123456789abcdef";

/// A task with where its documents lie.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Its id.
    pub(crate) id: String,
    /// Its title.
    pub(crate) title: String,
    /// The folder of its documents, below the root of the repository.
    pub(crate) folder: String,
}

impl Task {
    /// One of its documents.
    pub(crate) fn document(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// The profile of all these tests.
pub(crate) fn profile() -> ProfileName {
    ProfileName::parse("product-dev").unwrap()
}

impl Sandbox {
    /// A repository with one commit that governs it, as `init` would.
    pub(crate) fn governed() -> Self {
        Self::governed_with(&[Proof::Terminal])
    }

    /// As [`governed`](Self::governed), with the proofs that gates accept.
    pub(crate) fn governed_with(proofs: &[Proof]) -> Self {
        let sandbox = Self::new();
        sandbox.govern(proofs);
        sandbox.write("src/app.txt", (1..=30).map(|line| format!("line {line}\n")).collect::<String>());
        sandbox.write("README.md", "# A product\n");
        sandbox.write("test.sh", "exit 0\n");
        sandbox.commit_all("chore: begin");
        sandbox
    }

    fn govern(&self, proofs: &[Proof]) {
        let actor = |kind, email: &str, roles: &[&str]| Actor {
            kind,
            emails: vec![email.into()],
            profiles: Vec::new(),
            all_profiles: true,
            roles: roles.iter().map(|role| Word::parse(role).unwrap()).collect(),
        };
        let name = |text: &str| Principal::parse(text).unwrap();
        let actors = [
            (name("alice"), actor(ActorKind::Human, "alice@example.org", &["owner", "reviewer"])),
            (name("bob"), actor(ActorKind::Human, "bob@example.org", &["reviewer"])),
            (name("claude"), actor(ActorKind::Agent, "claude@example.org", &[])),
        ];
        let markers = [("CLAUDECODE".to_owned(), name("claude"))];
        self.write(layout::CONFIG, config::default_config(&actors, &markers, proofs, &[]));
        self.write(layout::FORMAT, config::default_format(PROJECT));
        self.write(".agentops/allowed_signers", "");
        self.write(".agentops/.gitattributes", "* -text -eol -filter -ident -working-tree-encoding\n");
        for (path, bytes) in config::builtin::files(&profile()) {
            let path = path.as_str().unwrap().to_owned();
            let bytes = if path.ends_with("/profile.toml") {
                let text = String::from_utf8(bytes).unwrap();
                let run = ["sh".to_owned(), "test.sh".to_owned()];
                config::set_command(&profile(), &text, &Word::parse("test").unwrap(), &run).unwrap().into_bytes()
            } else {
                bytes
            };
            self.write(&path, bytes);
        }
    }

    /// Opens a task as Claude.
    pub(crate) fn open_task(&self, title: &str, flags: &str) -> Task {
        let opened = self.agentops(&format!("task new --actor claude --json {flags}")).arg(title).run().expect_code(0);
        let id = opened.json()["task"].as_str().unwrap().to_owned();
        let folder = format!(".agentops/product-dev/specs/2026-11-21-{id}");
        Task { id, title: title.to_owned(), folder }
    }

    /// `phase next` as Claude.
    pub(crate) fn next(&self, task: &Task) -> Output {
        self.agentops(&format!("phase next {} --actor claude", task.id)).run()
    }

    /// A gate's verb at a terminal: types the task's id when asked.
    pub(crate) fn vote(&self, arguments: &str, task: &Task) -> Ending {
        let mut terminal = self.terminal(&format!("gate {arguments}"));
        terminal.wait_for("to leave:");
        terminal.type_line(&task.id);
        terminal.finish()
    }

    /// Bob approves what waits.
    #[track_caller]
    pub(crate) fn approve(&self, task: &Task) {
        let ending = self.vote(&format!("approve {} --actor bob", task.id), task);
        assert_eq!(ending.code, 0, "{}", ending.text);
    }

    /// Requirements that pass their gate.
    pub(crate) fn fill_requirements(&self, task: &Task) {
        self.write(&task.document("requirements.md"), requirements(&task.title));
    }

    /// A specification that passes its gate, with its promises: it plans `src/app.txt` and the new file `new`.
    pub(crate) fn fill_spec(&self, task: &Task, new: &str) {
        self.write(&task.document("deliverables.toml"), deliverables(&task.id, new));
        self.write(&task.document("spec.md"), spec(&task.title, new));
    }

    /// From a fresh task to the implement phase.
    pub(crate) fn reach_implement(&self, task: &Task, new: &str) {
        self.reach_spec(task);
        self.fill_spec(task, new);
        self.next(task).expect_code(4);
        self.approve(task);
        self.next(task).expect_code(0);
    }

    /// From a fresh task to the spec phase.
    pub(crate) fn reach_spec(&self, task: &Task) {
        self.fill_requirements(task);
        self.next(task).expect_code(4);
        self.approve(task);
        self.next(task).expect_code(0);
    }

    /// Does what the specification plans, in one commit.
    pub(crate) fn implement(&self, task: &Task, new: &str) {
        let changed = self.read("src/app.txt").replace("line 5\n", &format!("line 5 for {}\n", task.id));
        self.write("src/app.txt", changed);
        self.write(new, format!("tokens of {}\n", task.id));
        self.git(&format!("add src/app.txt {new}"));
        let message = lawful(&format!("feat(reset): {} in {new}", task.title.to_lowercase()));
        self.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
    }

    /// What a task must bring before it is done: a learning and a session record, in one commit.
    pub(crate) fn bring_records(&self, task: &Task, number: u8) {
        let id = |kind: char| RecordId::parse(&format!("01k0000000000000000000{kind}{number:03}")).unwrap();
        let at = Timestamp::parse("2026-11-21T08:00:00Z").unwrap();
        let claude = Principal::parse("claude").unwrap();
        let learning = Learning {
            v: 1,
            project: PROJECT.into(),
            id: id('a'),
            profile: profile(),
            actor: claude.clone(),
            at: at.clone(),
            task: task.id.clone(),
            pattern: format!(
                "The mail queue drops what has no account, so reset {number} answers alike for everybody."
            ),
            evidence: vec!["src/app.txt:5".into()],
            application: "Queue the mail in both cases instead of branching on the account.".into(),
            reusability: Grade::Medium,
            tags: Vec::new(),
            supersedes: Vec::new(),
        };
        let session = Session {
            v: 1,
            project: PROJECT.into(),
            id: id('b'),
            profile: profile(),
            actor: claude,
            started: at.clone(),
            ended: at.clone(),
            summary: "Built the reset of passwords".into(),
            work: vec![Work {
                task: TaskId::parse(&task.id).unwrap(),
                phase: PhaseName::parse("implement").unwrap(),
                attempt: "1".into(),
            }],
            learnings: vec![learning.id.clone()],
            bundles: Vec::new(),
            usage: "unmeasured".into(),
            measured: Default::default(),
            spent: Vec::new(),
            peaks: Vec::new(),
            collapses: Vec::new(),
            suggestions: Suggestions {
                shown: (1..=5)
                    .map(|n| format!("Suggestion {n}: measure ticket {number}{n} again in a month"))
                    .collect(),
                choice: "none".into(),
            },
            improvements: vec![Improvement {
                what: format!("Run `test.sh` {number} on every push to `main`, which catches a lost token store early"),
                impact: Grade::Medium,
                effort: Grade::Low,
                priority: Grade::Medium,
            }],
        };
        let learning_path = layout::learning(&profile(), &at.date(), &learning.id);
        let session_path = layout::session(&profile(), &at.date(), &session.id);
        self.write(learning_path.as_str().unwrap(), learning.print());
        self.write(session_path.as_str().unwrap(), session.print());
        self.git(&format!("add {learning_path} {session_path}"));
        let message = format!("chore(product-dev): records of {}\n\nAssisted-by: claude\n", task.id);
        self.try_git("commit --quiet --file=-").stdin(message).run().expect_code(0);
    }

    /// Where a task stands, as JSON.
    pub(crate) fn status(&self, task: &Task) -> serde_json::Value {
        self.agentops(&format!("phase status {} --json", task.id)).run().expect_code(0).json()
    }

    /// `phase status` as `phase status`, e.g. `spec waiting`.
    pub(crate) fn standing(&self, task: &Task) -> String {
        let status = self.status(task);
        format!("{} {}", status["phase"].as_str().unwrap(), status["status"].as_str().unwrap())
    }
}

fn requirements(title: &str) -> String {
    format!(
        "# Requirements: {title}

## Problem
Visitors who forget their password write to support: 41 tickets in October mention a lost password, and `src/app.txt` \
         has no way to reset one.

## Users
Registered customers on a phone who last signed in months ago. Support agents, who reset passwords by hand today. Not \
         served: administrators with hardware keys.

## Requirements
- R1 (must): a signed-out visitor can ask for a reset link with an e-mail address; the answer is the same whether the \
         account exists or not
- R2 (should): the link stops working after 30 minutes and after its first use

## Measures
Tickets that mention a lost password per month: 41 in October, 10 hoped for; read from the support export. The time to \
         answer a reset request is unmeasured today.

## Out of scope
Signing in with a Google account: it needs a contract first. Changing the password policy, because the rules come from \
         another team.

## Sources
- `src/app.txt:4-9` — the sign-in flow ends without any branch for a lost password
- `README.md` — nothing about accounts is promised to users

## Pattern
Answers to a reset request must not differ by account, nor in time; queueing the mail for both cases gives that without \
         extra code.
"
    )
}

fn deliverables(id: &str, new: &str) -> String {
    format!(
        "[[deliverables.file]]
path = \"src/app.txt\"
change = \"changed\"
contains = [\"line 5 for {id}\"]

[[deliverables.file]]
path = \"{new}\"
change = \"created\"

[[deliverables.criterion]]
name = \"a1\"
kind = \"security\"
text = \"A link older than 30 minutes says that it has expired\"
evidence = [{{ path = \"{new}\", contains = \"tokens of {id}\" }}]
command = \"test\"
"
    )
}

fn spec(title: &str, new: &str) -> String {
    format!(
        "# Specification: {title}

## Behaviour
- R1: POST /reset with an address answers 202 with an empty body in every case; a mail is queued if the account exists
- R2: a link carries the second it was made; after 1800 seconds or its first use, GET /reset/<token> answers 410

## Edge cases
Two requests within a minute: the second token replaces the first. An address with 300 characters: 422. A link opened \
         twice at the same moment: the database row is locked, the second one sees 410.

## Acceptance criteria
- A1 (R2): given a link older than 30 minutes, when it is opened, the page says that it has expired
- A2 (R1): given an unknown address, the answer is 202 and no mail is queued

## Changes
- `src/app.txt:4-9` — branch for a lost password, for R1
- `{new}` (new file) — tokens with a time limit, for R2

## Tests
- run `test` — A1 and A2 together with what existed

## Order
First the token store in `{new}`, which nobody calls yet; then the branch in `src/app.txt`. Each leaves a product that \
         signs people in as before.

## Risks
Mail delivery may lag behind the 30 minutes when the queue is full: likely on Mondays, seen in the queue's age; then the \
         limit is raised. Tokens in server logs would leak accounts; the path is redacted there.

## Rollback
Revert the commit that adds the branch; tokens already stored are ignored by the old code and expire by themselves \
         within 30 minutes.
"
    )
}
