//! What the demo does, step by step.

use super::Step::{self, Chapter, Edit, Run, Say, Write};
use super::Who::{Agent, Human};

const REQUIREMENTS: &str = include_str!("../../../../templates/demo/requirements.md");
const SPECIFICATION: &str = include_str!("../../../../templates/demo/spec.md");
const DELIVERABLES: &str = include_str!("../../../../templates/demo/deliverables.toml");

const GREET: &str = "#!/bin/sh\n# Greets whoever reads it.\necho \"Hello, world!\"\n";
const GREET_BY_NAME: &str = "#!/bin/sh\n# Greets whoever reads it.\necho \"Hello, ${1:-world}!\"\n";
const TEST: &str = "#!/bin/sh\nset -e\ntest \"$(sh greet.sh)\" = \"Hello, world!\"\n";
const TEST_BY_NAME: &str = "#!/bin/sh\nset -e\ntest \"$(sh greet.sh)\" = \"Hello, world!\"\n\
    test \"$(sh greet.sh Ada)\" = \"Hello, Ada!\"\ntest \"$(sh greet.sh 'Ada Lovelace')\" = \"Hello, Ada Lovelace!\"\n";

/// The whole story. A little project gets a feature: an agent works, a person holds the gates, git proves it.
pub const SCRIPT: &[Step] = &[
    Chapter("A project, and its rules"),
    Say("Ada has a small project under git: a script and its test."),
    Run(Human, &["git", "init", "--quiet"], 0),
    Write("greet.sh", GREET),
    Write("test.sh", TEST),
    Run(Human, &["git", "add", "."], 0),
    Run(Human, &["git", "commit", "--quiet", "-m", "A script that greets the world"], 0),
    Say("She sets agentops up: rules, templates and agents as files of the repository, hooks for git, one commit."),
    Run(Human, &["agentops", "init", "--profile", "product-dev", "--test-command", "sh test.sh"], 0),
    Say("Nobody sits at the keyboard here, so this repository alone shall accept simulated votes. Rules are governed \
         files: they change by an amend, which says why, and the amend is judged like everything else."),
    Edit(".agentops/config.toml", "proof = [\"terminal\"]", "proof = [\"simulated\"]"),
    Run(Human, &["agentops", "policy", "amend", "--reason", "The demo runs unattended, so its votes are simulated"], 0),
    Chapter("Research: what is wanted, and why"),
    Say("From here on an agent does the work. It opens a sitting and a task."),
    Run(Agent, &["agentops", "task", "new", "Greet people by name", "--profile", "product-dev"], 0),
    Run(Agent, &["agentops", "session", "start", "--profile", "product-dev", "--task", "{task}"], 0),
    Say("A template that nobody filled in does not pass. Exit code 3: a law is violated."),
    Run(Agent, &["agentops", "phase", "next", "{task}"], 3),
    Say(
        "The agent writes the requirements, and tries again. The checks pass, and a human must read them: exit code 4.",
    ),
    Write("{folder}/requirements.md", REQUIREMENTS),
    Run(Agent, &["agentops", "phase", "next", "{task}"], 4),
    Say("An agent cannot vote, not even for somebody else's work."),
    Run(Agent, &["agentops", "gate", "approve", "{task}", "--simulated"], 1),
    Say("Ada sees what waits, and approves exactly these bytes."),
    Run(Human, &["agentops", "gate", "list"], 0),
    Run(Human, &["agentops", "gate", "approve", "{task}", "--simulated"], 0),
    Run(Agent, &["agentops", "phase", "next", "{task}"], 0),
    Chapter("Plan: every change, before it is made"),
    Write("{folder}/spec.md", SPECIFICATION),
    Say(
        "An agent also says what will be there at the end. It is voted on with the plan, and held against the tree later.",
    ),
    Write("{folder}/deliverables.toml", DELIVERABLES),
    Run(Agent, &["agentops", "phase", "next", "{task}"], 4),
    Run(Human, &["agentops", "gate", "approve", "{task}", "--simulated"], 0),
    Run(Agent, &["agentops", "phase", "next", "{task}"], 0),
    Chapter("Implement: small commits that say what was learned"),
    Write("greet.sh", GREET_BY_NAME),
    Write("test.sh", TEST_BY_NAME),
    Run(Agent, &["git", "add", "greet.sh", "test.sh"], 0),
    Say("A commit that says nothing is refused by the hooks, with the law, the place and the remedy."),
    Run(Agent, &["git", "commit", "-m", "wip"], 1),
    Say("The remedy: a message with context, solution, learning and impact. `agentops commit` composes it."),
    Run(
        Agent,
        &[
            "agentops",
            "commit",
            "--type",
            "feat",
            "--scope",
            "greet",
            "--subject",
            "greet people by their name",
            "--task",
            "{task}",
            "--context",
            "The banner greeted the whole world, and 14 people wrote to support in October to see their name.",
            "--solution",
            "The first argument of greet.sh replaces the word `world`; an empty one counts as none.",
            "--learning",
            "`${1:-world}` also covers an empty argument, which `${1-world}` does not; cron passes one.",
            "--impact",
            "Callers without an argument see the same bytes as before; test.sh pins that.",
        ],
        0,
    ),
    Say("What was found out is kept as a file that later tasks can find, and the sitting leaves a record."),
    Run(
        Agent,
        &[
            "agentops",
            "learn",
            "add",
            "--task",
            "{task}",
            "--pattern",
            "`${1:-default}` keeps a script's output for callers without an argument, and for an empty one",
            "--evidence",
            "greet.sh:3",
            "--application",
            "Whenever a script gains its first optional argument",
        ],
        0,
    ),
    Run(
        Agent,
        &[
            "agentops",
            "session",
            "end",
            "--summary",
            "Greeted people by name, from requirements to tests",
            "--improvement",
            "Run test.sh under dash and bash both, because their echo differs on backslashes",
        ],
        0,
    ),
    Say("The last gate is checks alone: the profile's test command runs, and the task is done."),
    Run(Agent, &["agentops", "phase", "next", "{task}"], 0),
    Chapter("Proof: from git alone"),
    Say(
        "Anybody with a clone can prove that every change of state was legal; a CI job does the same for each landing.",
    ),
    Run(Human, &["agentops", "phase", "log", "{task}"], 0),
    Run(Human, &["agentops", "check", "--all"], 0),
    Run(Human, &["git", "log", "--graph", "--oneline"], 0),
];
