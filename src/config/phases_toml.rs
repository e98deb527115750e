//! The `[[phases]]` of a profile: stages, artifacts, gates and budgets, with the rules that hold within the list.

use super::strict::{At, Spot, Table, plain, shorten};
use super::values::Value;
use crate::model::law_id::LawId;
use crate::model::layout::NAMESPACE_FOLDERS;
use crate::model::name::{PhaseName, Word};
use crate::model::path::RepoPath;
use crate::model::profile::{ArtifactKind, ArtifactSpec, Budget, FourEyes, GateSpec, Phase, VoteKind};
use crate::model::state::Stage;

/// Most tokens that a budget may name.
const MAX_TOKENS: u32 = 100_000_000;
/// A file below `.agentops` lies at most 8 levels deep, and `.agentops/<profile>/` are two of them.
const MAX_NAMES: usize = 6;

/// A list of phases, with what must be looked up elsewhere.
#[derive(Default)]
pub(crate) struct Lifecycle {
    /// The phases that have no problem of their own, in order.
    pub(crate) phases: Vec<Phase>,
    /// Templates that artifacts name.
    pub(crate) templates: Vec<At<String>>,
    /// Commands that gates name.
    pub(crate) commands: Vec<At<Word>>,
}

/// What earlier phases of the list already took.
#[derive(Default)]
struct Taken {
    phases: Vec<PhaseName>,
    artifacts: Vec<Word>,
    paths: Vec<String>,
    last: Option<Stage>,
    has_implement: bool,
    all_stages_known: bool,
}

/// Reads the list.
pub(crate) fn read(value: &Value<'_>) -> Lifecycle {
    let mut lifecycle = Lifecycle::default();
    let mut taken = Taken { all_stages_known: true, ..Taken::default() };
    let Some(rows) = value.list(32) else { return lifecycle };
    for row in &rows {
        if let Some(phase) = row.table("`[[phases]]`").and_then(|table| read_phase(&table, &mut lifecycle, &mut taken))
        {
            lifecycle.phases.push(phase);
        }
    }
    if !taken.has_implement && taken.all_stages_known {
        let fix = "add a phase with `stage = \"implement\"`";
        value.spot().report("no phase has the stage `implement`.", fix);
    }
    lifecycle
}

fn read_phase(table: &Table<'_>, lifecycle: &mut Lifecycle, taken: &mut Taken) -> Option<Phase> {
    table.only(&["name", "stage", "purpose", "budget", "artifacts", "gate"]);
    let name = table.need("name", "\"research\"").and_then(|value| value.name::<PhaseName>());
    if let Some(name) = &name {
        if taken.phases.contains(&name.value) {
            name.spot.report(format!("there are two phases `{}`.", name.value), "rename one of them");
        }
        taken.phases.push(name.value.clone());
    }
    let stage = read_stage(table, taken);
    let purpose = table.need("purpose", "\"What is found out or made here\"").and_then(|value| value.line(500));
    let budget = table
        .need("budget", "{ tokens = 60000, artifact_tokens = 12000, green = 30, yellow = 40 }")
        .and_then(|value| read_budget(&value));
    let mut artifacts = Vec::new();
    match table.get("artifacts") {
        None => check_manifests(&[], stage, &table.spot()),
        Some(value) => {
            let items = value.list(32);
            artifacts.extend(items.iter().flatten().filter_map(|item| read_artifact(item, lifecycle, taken)));
            if items.is_some_and(|items| items.len() == artifacts.len()) {
                check_manifests(&artifacts, stage, &value.spot());
            }
        }
    }
    let gate = table.need("gate", "{ title = \"…\", vote = \"none\", voters = 0 }").and_then(|value| {
        let gate = value.table("`[phases.gate]`")?;
        read_gate(&gate, stage, lifecycle)
    });
    let asks = gate.as_ref().is_some_and(|gate| gate.checks.contains(&LawId::P9));
    let spot = |key: &str| table.get(key).map_or_else(|| table.spot(), |value| value.spot());
    if let (Some(stage), Some(_)) = (stage, &gate) {
        check_deliverables(&artifacts, asks, stage, (&spot("artifacts"), &spot("gate")));
    }
    Some(Phase { name: name?.value, stage: stage?, purpose: purpose?.value, artifacts, gate: gate?, budget: budget? })
}

fn read_stage(table: &Table<'_>, taken: &mut Taken) -> Option<Stage> {
    let words = [Stage::Research, Stage::Plan, Stage::Implement, Stage::Post].map(|stage| (stage.as_str(), stage));
    let Some(stage) = table.need("stage", "\"research\"").and_then(|value| value.word(&words)) else {
        taken.all_stages_known = false;
        return None;
    };
    if let Some(last) = taken.last.filter(|last| *last > stage.value) {
        let message = format!("the stage `{}` comes after `{last}`.", stage.value);
        stage.spot.report(message, "order the phases by stage: research, plan, implement, post");
    }
    taken.last = Some(taken.last.map_or(stage.value, |last| last.max(stage.value)));
    taken.has_implement |= stage.value == Stage::Implement;
    Some(stage.value)
}

fn read_budget(value: &Value<'_>) -> Option<Budget> {
    let table = value.table("`budget`")?;
    table.only(&["tokens", "artifact_tokens", "green", "yellow"]);
    let number =
        |key: &str, example: &str, limit: u32| table.need(key, example).and_then(|value| value.number(1..=limit));
    let tokens = number("tokens", "60000", MAX_TOKENS);
    let artifact_tokens = number("artifact_tokens", "12000", MAX_TOKENS);
    let green = number("green", "30", 100);
    let yellow = number("yellow", "40", 100);
    let (tokens, artifact_tokens, green, yellow) = (tokens?, artifact_tokens?, green?, yellow?);
    if artifact_tokens.value > tokens.value {
        let message = "one artifact may be larger than the whole budget of the phase.";
        artifact_tokens.spot.report(message, "lower `artifact_tokens`, or raise `tokens`");
        return None;
    }
    if green.value >= yellow.value {
        let message = "the green band does not end below the yellow one.";
        green.spot.report(message, "write percent of the window, such as `green = 30, yellow = 40`");
        return None;
    }
    Some(Budget {
        tokens: tokens.value,
        artifact_tokens: artifact_tokens.value,
        // Both were read within 1..=100.
        green: u8::try_from(green.value).unwrap_or(u8::MAX),
        yellow: u8::try_from(yellow.value).unwrap_or(u8::MAX),
    })
}

fn read_artifact(value: &Value<'_>, lifecycle: &mut Lifecycle, taken: &mut Taken) -> Option<ArtifactSpec> {
    let table = value.table("an artifact")?;
    table.only(&["name", "kind", "path", "template", "required"]);
    let name = table.need("name", "\"plan\"").and_then(|value| value.name::<Word>());
    if let Some(name) = &name {
        if taken.artifacts.contains(&name.value) {
            name.spot.report(format!("there are two artifacts `{}`.", name.value), "rename one of them");
        }
        taken.artifacts.push(name.value.clone());
    }
    let kinds = ArtifactKind::ALL.map(|kind| (kind.as_str(), kind));
    let kind = table.need("kind", "\"plan\"").and_then(|value| value.word(&kinds)).map(|at| at.value);
    let path = table.need("path", "\"specs/{opened}-{task}/plan.md\"").and_then(|value| read_path(&value, taken));
    let given = table.get("template");
    match (kind, &given) {
        (Some(ArtifactKind::Manifest), Some(template)) => {
            template.spot().report("a manifest has no template: `phase next` writes it.", "remove `template`");
        }
        (Some(kind), None) if kind != ArtifactKind::Manifest => {
            let fix = "add `template = \"plan.md\"` and the file below `templates/`";
            table.spot().report("the artifact has no template.", fix);
            return None;
        }
        _ => {}
    }
    let template = given.and_then(|value| read_template(&value));
    if let Some(template) = &template {
        lifecycle.templates.push(template.clone());
    }
    let required = match table.get("required") {
        Some(value) => value.flag(),
        None => Some(true),
    };
    Some(ArtifactSpec {
        name: name?.value,
        kind: kind?,
        path: path?.value,
        template: template.map(|at| at.value),
        required: required?,
    })
}

fn read_template(value: &Value<'_>) -> Option<At<String>> {
    let name = value.line(64)?;
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if name.value.starts_with('.') || !name.value.bytes().all(plain) {
        let message = format!("`{}` is not the name of a template.", shorten(&name.value));
        name.spot.report(message, "name a file directly below `templates/`, in a-z, 0-9, `.`, `_` and `-`");
        return None;
    }
    Some(name)
}

/// An artifact's path: below the namespace, its own for each task, and in no folder that has another purpose.
fn read_path(value: &Value<'_>, taken: &mut Taken) -> Option<At<String>> {
    let path = value.line(160)?;
    let text = path.value.as_str();
    let bare = text.replace("{task}", "").replace("{opened}", "");
    let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'/' | b'-');
    let fault = if !RepoPath::from(text).is_ordinary() {
        Some(("is not a relative path of ordinary names", "write it as `specs/{opened}-{task}/plan.md`"))
    } else if bare.contains(['{', '}']) {
        Some(("holds an unknown placeholder", "use `{task}` and `{opened}` only"))
    } else if !bare.bytes().all(plain) {
        Some(("holds other characters than a-z, 0-9, `.`, `_`, `/` and `-`", "spell it in lower case, without spaces"))
    } else if !text.contains("{task}") {
        Some(("is the same for every task", "put `{task}` into it, as in `specs/{opened}-{task}/plan.md`"))
    } else if text.split('/').count() > MAX_NAMES {
        Some(("lies too deep: below `.agentops` there are at most 8 levels", "use 6 names at most"))
    } else if text.split('/').next().is_some_and(|first| NAMESPACE_FOLDERS.contains(&first)) {
        Some(("lies in a folder that agentops uses for something else", "choose another folder"))
    } else {
        None
    };
    if let Some((what, fix)) = fault {
        path.spot.report(format!("the path `{}` {what}.", shorten(text)), fix);
        return None;
    }
    let is_inside = |inner: &str, outer: &str| inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    if let Some(other) =
        taken.paths.iter().find(|other| *other == text || is_inside(text, other) || is_inside(other, text))
    {
        let message = format!("the path `{text}` collides with that of another artifact, `{other}`.");
        path.spot.report(message, "give each artifact a file of its own");
    }
    taken.paths.push(text.to_owned());
    Some(path)
}

/// An implement phase binds its code by one manifest; without it, nothing would be bound.
fn check_manifests(artifacts: &[ArtifactSpec], stage: Option<Stage>, spot: &Spot) {
    let mut manifests = artifacts.iter().filter(|artifact| artifact.kind == ArtifactKind::Manifest);
    let first = manifests.next();
    if manifests.next().is_some() {
        spot.report("the phase has two manifests.", "keep one: it lists every path of the task");
    }
    if stage == Some(Stage::Implement) && !first.is_some_and(|manifest| manifest.required) {
        let fix = "add `{ name = \"manifest\", kind = \"manifest\", path = \"specs/{opened}-{task}/manifest.txt\", \
                   required = true }`";
        spot.report("an implement phase needs a required artifact of kind `manifest`.", fix);
    }
}

/// `claimed` or `proved`.
pub(crate) fn four_eyes(value: &Value<'_>) -> Option<FourEyes> {
    value.word(&FourEyes::ALL.map(|word| (word.as_str(), word))).map(|at| at.value)
}

/// Promises are made in a plan phase and judged by AO-P9; one without the other would look like a rule and be none.
fn check_deliverables(artifacts: &[ArtifactSpec], asks: bool, stage: Stage, (list, gate): (&Spot, &Spot)) {
    let count = artifacts.iter().filter(|artifact| artifact.kind == ArtifactKind::Deliverables).count();
    if count > 1 {
        list.report(
            "the phase has two artifacts of kind `deliverables`.",
            "keep one: it holds all promises of the task",
        );
    }
    match stage {
        Stage::Plan if count > 0 && !asks => {
            gate.report(
                "AO-P9 is not among the checks, so nobody reads the deliverables.",
                "add \"AO-P9\" to `checks`",
            );
        }
        Stage::Plan if count == 0 && asks => {
            let fix = "add `{ name = \"deliverables\", kind = \"deliverables\", path = \
                       \"specs/{opened}-{task}/deliverables.toml\", template = \"deliverables.toml\", required = false }`";
            list.report("AO-P9 is among the checks, but the phase has no artifact of kind `deliverables`.", fix);
        }
        Stage::Plan => {}
        _ if count > 0 => {
            list.report("deliverables are promised with the plan.", "list the artifact in the phase of stage `plan`");
        }
        Stage::Research | Stage::Post if asks => {
            gate.report("AO-P9 is a check of plan and implement phases.", "take \"AO-P9\" out of `checks`");
        }
        _ => {}
    }
}

fn read_gate(table: &Table<'_>, stage: Option<Stage>, lifecycle: &mut Lifecycle) -> Option<GateSpec> {
    table.only(&["title", "vote", "voters", "roles", "four_eyes", "checks", "commands"]);
    let title = table.need("title", "\"Plan approval\"").and_then(|value| value.line(120));
    let votes = [VoteKind::None, VoteKind::Review, VoteKind::Approval].map(|vote| (vote.as_str(), vote));
    let vote = table.need("vote", "\"none\"").and_then(|value| value.word(&votes));
    let voters = table.need("voters", "0").and_then(|value| value.number(0..=16));
    if let (Some(vote), Some(voters)) = (&vote, &voters) {
        match (vote.value, voters.value) {
            (VoteKind::None, 1..) => {
                let fix = "write `voters = 0`, or `vote = \"review\"`";
                voters.spot.report("nobody votes at this gate, but `voters` is not 0.", fix);
            }
            (VoteKind::Review | VoteKind::Approval, 0) => {
                let message = format!("the gate wants a vote (`{}`), but 0 voters.", vote.value.as_str());
                voters.spot.report(message, "write `voters = 1`, or `vote = \"none\"`");
            }
            _ => {}
        }
    }
    let roles = table.get("roles").and_then(|value| value.set(32, Value::name)).unwrap_or_default();
    let checks = table.get("checks").and_then(|value| value.set(LawId::ALL.len(), Value::law)).unwrap_or_default();
    for check in checks.iter().filter(|check| !check.value.as_str().starts_with("AO-P")) {
        let fix = "name laws of phases only: AO-P1, AO-P2 and so on";
        check.spot.report(format!("{} is not a check of phases.", check.value), fix);
    }
    let commands: Vec<At<Word>> =
        table.get("commands").and_then(|value| value.set(32, Value::name)).unwrap_or_default();
    let is_checked = |law| checks.iter().any(|check| check.value == law);
    // Without its check neither commands nor manifest would bind anything.
    if let (Some(first), false) = (table.get("commands").filter(|_| !commands.is_empty()), is_checked(LawId::P6)) {
        let message = "the gate names commands, but AO-P6 is not among its checks, so nobody asks whether they ran.";
        first.spot().report(message, "add \"AO-P6\" to `checks`, or write `commands = []`");
    }
    if stage == Some(Stage::Implement) && is_checked(LawId::P9) && !is_checked(LawId::P6) {
        let spot = table.get("checks").map_or_else(|| table.spot(), |value| value.spot());
        let message = "deliverables name commands, but AO-P6 is not among the checks, so nobody asks whether they ran.";
        spot.report(message, "add \"AO-P6\" to `checks`");
    }
    if stage == Some(Stage::Implement) && !is_checked(LawId::P7) {
        let spot = table.get("checks").map_or_else(|| table.spot(), |value| value.spot());
        let message = "AO-P7 is not among the checks of an implement phase, so nobody asks whether the manifest holds.";
        spot.report(message, "add \"AO-P7\" to `checks`");
    }
    lifecycle.commands.extend(commands.iter().cloned());
    Some(GateSpec {
        title: title?.value,
        vote: vote?.value,
        voters: voters?.value,
        roles: plain(roles),
        four_eyes: table.get("four_eyes").and_then(|value| four_eyes(&value)).unwrap_or_default(),
        checks: plain(checks),
        commands: plain(commands),
    })
}
