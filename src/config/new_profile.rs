//! The files of a fresh profile of the user's own: small, valid from the first moment, meant to be edited.

use crate::model::layout;
use crate::model::name::ProfileName;
use crate::model::path::RepoPath;

/// The files of a new profile `name`. With a parent it states nothing but itself, an agent and a standard; without,
/// it has three phases (research, plan, implement) and templates of its own. Either is valid where the parent is.
pub fn new_profile(name: &ProfileName, extends: Option<&ProfileName>) -> Vec<(RepoPath, Vec<u8>)> {
    let space = layout::namespace(name);
    let file = |path: &str, text: String| (RepoPath::from(format!("{space}/{path}")), text.into_bytes());
    let mut files = vec![
        file("agents/maker.md", AGENT.replace("NAME", name.as_str())),
        file("standards/working.md", STANDARD.replace("NAME", name.as_str())),
    ];
    match extends {
        Some(parent) => {
            let text = CHILD.replace("NAME", name.as_str()).replace("PARENT", parent.as_str());
            files.push(file("profile.toml", text));
        }
        None => {
            files.push(file("profile.toml", ROOT.replace("NAME", name.as_str())));
            files.push(file("templates/deliverables.toml", DELIVERABLES.to_owned()));
            files.push(file("templates/plan.md", PLAN.to_owned()));
            files.push(file("templates/research.md", RESEARCH.to_owned()));
        }
    }
    files.sort();
    files
}

const CHILD: &str = r#"# The profile NAME: PARENT, with what is said here instead.
# Commands, syntax checks and laws replace PARENT's by key; `examples`, `documents` and `phases` as a whole.
# A file in templates/ takes the place of PARENT's file of the same name.

name = "NAME"
version = 1
description = "The work of NAME, in the phases of PARENT"  # one line; routing reads it
extends = "PARENT"
examples = []   # titles of typical tasks, from which routing learns
"#;

const ROOT: &str = r#"# The profile NAME: its phases, what each produces, and what must hold to leave it.

name = "NAME"
version = 1
description = "The work of NAME"  # one line; routing reads it
examples = []   # titles of typical tasks, from which routing learns
documents = []  # globs of documents that may be written at any time, below .agentops/NAME/

# Program and arguments; `agentops phase next` runs them where a gate names them.
[commands.test]
run = []
timeout_seconds = 900
takes_paths = true

# Further checks of the files that a task changed: glob = name of a command, run when its implement phase is left.
[syntax]

[[phases]]
name = "research"
stage = "research"
purpose = "Find out what is there and what is wanted, with sources"
budget = { tokens = 60000, artifact_tokens = 12000, green = 20, yellow = 30 }
artifacts = [
  { name = "research", kind = "research", path = "work/{opened}-{task}/research.md", template = "research.md", required = true },
]
[phases.gate]
title = "Research review"
vote = "review"  # none, review or approval
voters = 1
roles = []       # empty: any human of the profile
checks = ["AO-P1", "AO-P2", "AO-P3"]
commands = []

[[phases]]
name = "plan"
stage = "plan"
purpose = "Decide every change, as path and line, before anything is changed"
budget = { tokens = 60000, artifact_tokens = 12000, green = 20, yellow = 30 }
artifacts = [
  { name = "plan", kind = "plan", path = "work/{opened}-{task}/plan.md", template = "plan.md", required = true },
  { name = "deliverables", kind = "deliverables", path = "work/{opened}-{task}/deliverables.toml", template = "deliverables.toml", required = false },
]
[phases.gate]
title = "Plan approval"
vote = "approval"
voters = 1
roles = []
checks = ["AO-P1", "AO-P4", "AO-P5", "AO-P9"]  # AO-P9: agents promise what will be there, and deliver it
commands = []

[[phases]]
name = "implement"
stage = "implement"
purpose = "Change what the approved plan says, in small commits, with tests"
budget = { tokens = 80000, artifact_tokens = 12000, green = 30, yellow = 40 }
artifacts = [
  { name = "manifest", kind = "manifest", path = "work/{opened}-{task}/manifest.txt", required = true },
]
[phases.gate]
title = "Automated tests"
vote = "none"
voters = 0
roles = []
checks = ["AO-P6", "AO-P7", "AO-P9"]
commands = ["test"]
"#;

const RESEARCH: &str = r"# Research: {title}

## Question
<!-- What must be known before a plan can be made, and for whom the answer matters. -->

## Findings
<!-- What is there today, one list item each. Facts first; mark what is only assumed. -->

## Sources
<!-- What you read, one list item each, with the place in backticks: a path with its line, a URL or a commit. -->

## Pattern
<!-- The reusable finding: in which situation it applies, what to do there, and what it rests on. -->
";

const PLAN: &str = r"# Plan: {title}

## Changes
<!-- Every place that will change, one list item each: the path and line in backticks, then what and why. For a file that
is not there yet, write (new file) after the path. -->

## Tests
<!-- Which command proves what, one list item each, beginning with the word run and the command's name in backticks. -->

## Order
<!-- The steps in their order, each leaving something that works. -->

## Risks
<!-- What could go wrong, how one would notice, what is done about it. -->

## Rollback
<!-- How to take it back, and what happens to data written meanwhile. -->
";

const DELIVERABLES: &str = r#"# Deliverables: {title}
#
# What will be there when the work is done. Voted on with the plan, and held against the tree when an agent
# leaves the implement phase. Fill in every "" and take out what this task does not need.
# A reviewer looks for: promises that the work can break.

[deliverables]
# Where tests measure coverage: the report that they write (lcov or Cobertura), and the least share of lines in percent.
# coverage = { report = "lcov.info", least = 80 }

# Every file of the plan's changes. change: created, changed or removed. contains: texts that it holds
# afterwards and not before. For example:
# contains = ["export function total("]
[[deliverables.file]]
path = ""
change = "created"
contains = [""]

# Every test: where it is, what it holds, such as the names of its cases, and the command of the profile that runs it.
[[deliverables.test]]
path = ""
contains = [""]
command = "test"

# Every acceptance criterion. kind: function, performance, docs, security or quality. What shows it: places that the work
# brings, a command of the profile, or both. For example:
# name = "empty-input"
# text = "Without any line of input the total is 0"
# evidence = [{ path = "tests/total.js", contains = "empty input" }]
[[deliverables.criterion]]
name = ""
kind = "function"
text = ""
evidence = [{ path = "", contains = "" }]

# Every point where parts meet. kind: api (both sides agree), imports (nothing that is used is missing) or flow (it works
# from end to end). The command shows it.
# [[integration]]
# name = "total-in-page"
# kind = "flow"
# text = "The page shows the total that the server computed"
# command = "test"
"#;

const AGENT: &str = r#"---
role: "Does the work of NAME from research to the last commit"
agent_type: implementation
role_prompt: "You work in the profile NAME. You find out before you plan, plan before you change, and change only what the approved plan names. You say what you did not check."
---

# Maker

## Reads

- the task, `agentops phase status ID`, and the documents of its earlier phases
- the standards below `.agentops/NAME/standards/`

## Produces

What the phase asks for, from its template, and small commits with a full message.

## Must not

- vote at a gate, or go on while a human's vote is awaited
- write below another profile's folder, or edit events, votes and records

## Hands over

- `agentops phase next ID`; exit 4 means that a human must look first
- `agentops session end`, with what was learned and what should be improved

## Law checklist

- [ ] AO-L1: the learning says something that helps with another task
- [ ] AO-L2: the session record proposes an improvement
- [ ] AO-L3: context, solution, learning and impact are present and different from each other
- [ ] AO-N1: nothing was written outside the task's documents and its code
- [ ] AO-P9: `deliverables.toml` promised with the plan what is there at the end, and its commands pass
- [ ] AO-R3: every subject is `type(scope): …` within 72 characters
- [ ] AO-T1: commits under a human's name carry `Assisted-by:`
"#;

const STANDARD: &str = r"# Working in NAME

- A change is small enough to be read in one sitting, and does one thing.
- Every behaviour that changes has a test that failed before.
- What was not checked is said, in the document of the phase and to the reviewer.
- What somebody had to find out the hard way becomes a learning, the same day.
";
