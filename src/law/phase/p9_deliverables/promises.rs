//! The end of the plan: promises that can be held against the tree, and that agree with what the plan changes.

use std::collections::BTreeMap;

use crate::law::Findings;
use crate::law::phase::{Artifact, Material};
use crate::law::substance::assess;
use crate::model::deliverables::{Change, Criterion, Deliverables};
use crate::model::layout;
use crate::model::name::Word;
use crate::model::path::RepoPath;
use crate::model::plan::Plan;
use crate::model::profile::ArtifactKind;
use crate::model::report::Finding;
use crate::model::tree::SightError;
use crate::workflow::delivery::is_there;

pub(super) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for artifact in material.present(ArtifactKind::Deliverables, findings) {
        match Deliverables::parse(artifact.bytes.as_deref().unwrap_or_default()) {
            Ok(promises) => Examination { material, artifact, plan: &plan(material), findings }.run(&promises)?,
            Err(problems) => {
                for problem in problems {
                    let fix = "fill it in as `agentops explain AO-P9` shows, or take the entry out";
                    findings.add(Finding::new(artifact.line(problem.line), problem.message, fix));
                }
            }
        }
    }
    let absent =
        material.artifacts.iter().find(|item| item.spec.kind == ArtifactKind::Deliverables && item.bytes.is_none());
    // A profile that requires it of everybody has said so above.
    if let Some(artifact) = absent.filter(|artifact| !artifact.spec.required) {
        say_absent(material, artifact, findings);
    }
    Ok(())
}

fn say_absent(material: &Material<'_>, artifact: &Artifact<'_>, findings: &mut Findings) {
    let (actor, phase, task) = (material.actor, &material.phase.name, material.task);
    if !material.is_agent {
        findings.note(format!("task `{task}` promises no deliverables: a person has to finish its implement phase"));
        return;
    }
    let template = artifact.spec.template.as_deref().unwrap_or_default();
    findings.add(Finding::new(
        artifact.place(),
        format!("`{}` is missing, and `{actor}`, who leaves phase `{phase}`, is an agent", artifact.path),
        format!(
            "say in it what will be there when the work is done, starting from `{}`, then run `agentops phase next {task}`",
            layout::template(&material.profile.name, template)
        ),
    ));
}

/// The plan that is left with the promises.
fn plan(material: &Material<'_>) -> Plan {
    let plans = material.artifacts.iter().filter(|artifact| artifact.spec.kind == ArtifactKind::Plan);
    let text = plans.filter_map(|artifact| std::str::from_utf8(artifact.bytes.as_deref()?).ok()).next();
    text.map(Plan::parse).unwrap_or_default()
}

struct Examination<'a, 'm, 'f> {
    material: &'a Material<'m>,
    artifact: &'a Artifact<'m>,
    plan: &'a Plan,
    findings: &'f mut Findings,
}

impl Examination<'_, '_, '_> {
    fn run(&mut self, promises: &Deliverables) -> Result<(), SightError> {
        self.files(promises)?;
        for test in &promises.tests {
            self.command(&test.command, test.line);
            let texts: Vec<Option<&str>> = match test.contains.as_slice() {
                [] => vec![None],
                texts => texts.iter().map(|text| Some(text.as_str())).collect(),
            };
            self.reachable("the test", &test.path, &texts, test.line)?;
        }
        let mut texts: BTreeMap<String, &Word> = BTreeMap::new();
        for criterion in &promises.criteria {
            self.criterion(criterion)?;
            self.text(&criterion.text, criterion.line);
            let words = criterion.text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ");
            if let Some(first) = texts.insert(words, &criterion.name) {
                let message = format!("criterion `{}` says the same as criterion `{first}`", criterion.name);
                self.add(criterion.line, message, "say in each what must be true, or take one out");
            }
        }
        for point in &promises.integrations {
            self.command(&point.command, point.line);
            self.text(&point.text, point.line);
        }
        if let Some(coverage) = &promises.coverage
            && (self.planned(&coverage.report).is_some() || self.material.cited.entry(&coverage.report)?.is_some())
        {
            let message =
                format!("`{}` is a file of the repository, not a report that a command writes", coverage.report);
            self.add(coverage.line, message, "name a file that the tests write anew each time and that git ignores");
        }
        Ok(())
    }

    fn files(&mut self, promises: &Deliverables) -> Result<(), SightError> {
        for file in &promises.files {
            let path = &file.path;
            let planned = self.planned(path);
            if planned != Some(file.change) {
                let message = match planned {
                    None => format!("`{path}` is promised, but the plan does not change it"),
                    Some(planned) => {
                        format!("`{path}` is promised as {}, but the plan says {}", said(file.change), said(planned))
                    }
                };
                self.add(file.line, message, "let the promise and `## Changes` of the plan say the same");
            }
            if file.change == Change::Changed {
                for text in &file.contains {
                    if is_there(path, Some(text), self.material.cited)? {
                        let message =
                            format!("`{path}` holds `{text}` already, so the promise is kept before the work begins");
                        self.add(file.line, message, "promise a text that the work will bring");
                    }
                }
            }
        }
        let files = promises.files.iter().map(|file| &file.path);
        let tests = promises.tests.iter().map(|test| &test.path);
        let evidence = promises.criteria.iter().flat_map(|criterion| &criterion.evidence).map(|item| &item.path);
        let mut seen: Vec<&RepoPath> = files.chain(tests).chain(evidence).collect();
        for change in self.plan.changes.iter().filter(|change| !change.path.is_below(layout::ROOT)) {
            if !seen.contains(&&change.path) {
                seen.push(&change.path);
                let message = format!("the plan changes `{}`, but nothing is promised of it", change.path);
                let fix = "promise it in a `[[deliverables.file]]`, so that somebody notices when it is left out";
                self.findings.add(Finding::new(self.artifact.line(1), message, fix).warning());
            }
        }
        Ok(())
    }

    fn criterion(&mut self, criterion: &Criterion) -> Result<(), SightError> {
        let name = &criterion.name;
        if let Some(command) = &criterion.command {
            self.command(command, criterion.line);
        }
        let mut is_met = criterion.command.is_none();
        for item in &criterion.evidence {
            let text = item.contains.as_deref();
            self.reachable(&format!("the evidence of criterion `{name}`"), &item.path, &[text], item.line)?;
            is_met &= is_there(&item.path, text, self.material.cited)?;
        }
        if is_met {
            let message =
                format!("criterion `{name}` is met before the work begins: all of its evidence is there already");
            let fix = "name evidence that the work will bring, or a command of the profile that shows it";
            self.add(criterion.line, message, fix);
        }
        Ok(())
    }

    /// What is not there yet must be brought by a change of the plan.
    fn reachable(
        &mut self,
        what: &str,
        path: &RepoPath,
        texts: &[Option<&str>],
        line: usize,
    ) -> Result<(), SightError> {
        let missing = match self.planned(path) {
            Some(Change::Removed) => format!("{what} lies in `{path}`, which the plan removes"),
            Some(_) => return Ok(()),
            None => {
                let mut absent = None;
                for text in texts {
                    if !is_there(path, *text, self.material.cited)? {
                        absent = Some(text.map_or_else(String::new, |text| format!(" with `{text}`")));
                        break;
                    }
                }
                let Some(text) = absent else { return Ok(()) };
                format!("{what} is `{path}`{text}, which is not there, and the plan does not change it")
            }
        };
        self.add(line, missing, "add the path to `## Changes` of the plan, or name another place");
        Ok(())
    }

    fn command(&mut self, name: &Word, line: usize) {
        let profile = self.material.profile;
        let Some(command) = profile.commands.get(name) else {
            let known: Vec<String> = profile.commands.keys().map(|known| format!("`{known}`")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!("the profile has no command `{name}`; it has {known}");
            return self.add(line, message, "name one of the profile's commands, which `agentops profile show` lists");
        };
        if command.run.is_empty() {
            let file = layout::profile_file(&profile.name);
            let fix = format!("set `[commands.{name}] run = […]` in {file}, then `agentops policy amend`");
            let message = format!("the profile names no command line for `{name}`, so nothing could show this");
            self.findings.add(Finding::new(self.artifact.line(line), message, fix).warning());
        }
    }

    fn text(&mut self, text: &str, line: usize) {
        if let Err(weakness) = assess(text) {
            self.add(line, format!("the text `{text}` {}", weakness.problem()), weakness.remedy());
        }
    }

    /// What the plan does with a file; several changes may name it.
    fn planned(&self, path: &RepoPath) -> Option<Change> {
        let mut changes = self.plan.changes.iter().filter(|change| change.path == *path).peekable();
        changes.peek()?;
        Some(changes.fold(Change::Changed, |planned, change| match (change.removed, change.new_file) {
            (true, _) => Change::Removed,
            (_, true) => Change::Created,
            _ => planned,
        }))
    }

    fn add(&mut self, line: usize, message: String, fix: &str) {
        self.findings.add(Finding::new(self.artifact.line(line), message, fix));
    }
}

fn said(change: Change) -> &'static str {
    match change {
        Change::Created => "created",
        Change::Changed => "changed",
        Change::Removed => "removed",
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Gate, shown};
    use crate::model::law_id::LawId;

    const PLAN: &str = "## Changes\n- `a.rs:1` — take the limit\n- `a.rs:2` — use it\n- `new.rs` (new file) — the limit\n\
                        - `old.rs` (removed) — nobody calls it\n";
    const PROMISES: &str = r#"[deliverables]
coverage = { report = "target/lcov.info" }

[[deliverables.file]]
path = "a.rs"
change = "changed"
contains = ["LIMIT"]

[[deliverables.file]]
path = "new.rs"
change = "created"

[[deliverables.file]]
path = "old.rs"
change = "removed"

[[deliverables.test]]
path = "new.rs"
contains = ["fn expired"]
command = "test"

[[deliverables.criterion]]
name = "expiry"
kind = "function"
text = "A link of 1801 seconds is refused"
evidence = [{ path = "new.rs", contains = "fn expired" }]

[[integration]]
name = "mail-token"
kind = "api"
text = "The mailer and the form agree on the name of the token"
command = "test"
"#;

    fn gate(promises: &str) -> Gate {
        Gate::plan()
            .artifact("deliverables", crate::model::profile::ArtifactKind::Deliverables, false)
            .command("test", &["cargo", "test"], false)
            .with("spec", PLAN)
            .with("deliverables", promises)
            .cites("a.rs", "fn a() {}\n// the end\n")
            .cites("old.rs", "fn old() {}\n")
    }

    #[test]
    fn promises_that_agree_with_the_plan_pass() {
        let found = gate(PROMISES).judge(LawId::P9);
        assert_eq!((shown(&found), found.notes), (Vec::new(), Vec::new()));
    }

    #[test]
    fn promises_that_prove_nothing_are_found() {
        let cases = [
            ("path = \"a.rs\"", "path = \"b.rs\"", "5: `b.rs` is promised, but the plan does not change it"),
            ("\"created\"", "\"changed\"", "10: `new.rs` is promised as changed, but the plan says created"),
            ("\"removed\"", "\"changed\"", "14: `old.rs` is promised as changed, but the plan says removed"),
            (
                "\"LIMIT\"",
                "\"fn a()\"",
                "5: `a.rs` holds `fn a()` already, so the promise is kept before the work begins",
            ),
            (
                "path = \"new.rs\"\ncontains",
                "path = \"t.rs\"\ncontains",
                "18: the test is `t.rs` with `fn expired`, which is not there, and the plan does not change it",
            ),
            (
                "command = \"test\"\n\n[[d",
                "command = \"tset\"\n\n[[d",
                "18: the profile has no command `tset`; it has `test`",
            ),
            (
                "path = \"new.rs\", contains",
                "path = \"old.rs\", contains",
                "26: the evidence of criterion `expiry` lies in `old.rs`, which the plan removes",
            ),
            (
                "path = \"new.rs\", contains = \"fn expired\"",
                "path = \"a.rs\", contains = \"fn a\"",
                "23: criterion `expiry` is met before the work begins: all of its evidence is there already",
            ),
            ("A link of 1801 seconds is refused", "TODO", "23: the text `TODO` is a placeholder"),
            (
                "\"target/lcov.info\"",
                "\"new.rs\"",
                "2: `new.rs` is a file of the repository, not a report that a command writes",
            ),
        ];
        for (from, to, message) in cases {
            assert_eq!(PROMISES.matches(from).count(), 1, "{from}");
            let found = shown(&gate(&PROMISES.replace(from, to)).judge(LawId::P9));
            assert!(found.contains(&message.to_owned()), "{from}: {found:#?}");
        }
        let twice = PROMISES.to_owned()
            + "[[deliverables.criterion]]\nname = \"again\"\nkind = \"function\"\ntext = \"a link of 1801  seconds is refused\"\ncommand = \"test\"\n";
        assert_eq!(
            shown(&gate(&twice).judge(LawId::P9)),
            ["34: criterion `again` says the same as criterion `expiry`"]
        );
        let less = PROMISES.replace("[[deliverables.file]]\npath = \"old.rs\"\nchange = \"removed\"\n", "");
        assert_eq!(
            shown(&gate(&less).judge(LawId::P9)),
            ["warning 1: the plan changes `old.rs`, but nothing is promised of it"]
        );
        let idle = gate(PROMISES).command("test", &[], false).judge(LawId::P9);
        assert!(shown(&idle)[0].starts_with("warning 18: the profile names no command line for `test`"));
        assert_eq!(shown(&gate("x").judge(LawId::P9)).len(), 1, "what cannot be read");
    }

    #[test]
    fn agents_promise_and_people_may() {
        let mut gate = gate(PROMISES);
        gate.texts.remove("deliverables");
        let found = gate.judge(LawId::P9);
        assert!(shown(&found)[0].contains("is missing, and `claude`, who leaves phase `spec`, is an agent"));
        gate.is_agent = false;
        let found = gate.judge(LawId::P9);
        assert!(shown(&found).is_empty() && found.notes[0].contains("a person has to finish"), "{:?}", found.notes);
        gate.phase.artifacts.last_mut().unwrap().required = true;
        assert_eq!(shown(&gate.judge(LawId::P9)).len(), 1, "a profile may require it of everybody");
    }
}
