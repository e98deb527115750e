//! `[[gates.risk]]` of `config.toml`: classes of risk, read strictly.

use super::phases_toml::four_eyes;
use super::strict::{At, Table, plain};
use super::values::Value;
use crate::model::name::Word;
use crate::model::profile::VoteKind;
use crate::model::risk::RiskClass;
use crate::model::state::Stage;
use crate::model::vote::Proof;

/// More classes than this nobody keeps in mind.
const MOST: usize = 64;

/// Reads the list; classes with a problem are left out, for then the file does not count.
pub(crate) fn read(value: &Value<'_>) -> Vec<RiskClass> {
    let mut classes: Vec<RiskClass> = Vec::new();
    for item in value.list(MOST).unwrap_or_default() {
        let Some((name, class)) = item.table("`[[gates.risk]]`").and_then(|table| read_class(&table)) else { continue };
        if classes.iter().any(|other| other.name == class.name) {
            name.spot.report(format!("there are two classes `{}`.", class.name), "rename one of them");
        }
        classes.push(class);
    }
    classes
}

fn read_class(table: &Table<'_>) -> Option<(At<Word>, RiskClass)> {
    const ASKS: [&str; 5] = ["vote", "voters", "roles", "proof", "four_eyes"];
    table.only(&[&["name", "labels", "paths", "stages"][..], &ASKS].concat());
    let name = table.need("name", "\"payments\"").and_then(|value| value.name::<Word>());
    let words = |key: &str| match table.get(key) {
        Some(value) => value.set(32, Value::name).map(plain),
        None => Some(Vec::new()),
    };
    let stages = [Stage::Research, Stage::Plan, Stage::Implement, Stage::Post].map(|stage| (stage.as_str(), stage));
    let stages = match table.get("stages") {
        Some(value) => value.set(4, |item| item.word(&stages)).map(plain),
        None => Some(Vec::new()),
    };
    let paths = match table.get("paths") {
        Some(value) => value.set(1000, Value::glob).map(plain),
        None => Some(Vec::new()),
    };
    let is_by_path = paths.as_ref().is_some_and(|paths| !paths.is_empty());
    let is_in_time = |stage: &Stage| matches!(stage, Stage::Plan | Stage::Implement);
    if let (Some(value), Some(stages)) = (table.get("stages"), &stages)
        && is_by_path
        && !(stages.is_empty() || stages.iter().any(is_in_time))
    {
        let what = "the votes of this class are asked for when its paths are not planned yet, or have landed.";
        value.spot().report(what, "add \"plan\" or \"implement\" to `stages`, or leave `stages` out");
    }
    let votes = [VoteKind::None, VoteKind::Review, VoteKind::Approval].map(|vote| (vote.as_str(), vote));
    let vote = match table.get("vote") {
        Some(value) => value.word(&votes).map(|at| at.value),
        None => Some(VoteKind::None),
    };
    let voters = match table.get("voters") {
        Some(value) => value.number(1..=16).map(|at| at.value),
        None => Some(0),
    };
    let proofs = [Proof::Signature, Proof::Terminal].map(|proof| (proof.as_str(), proof));
    let proof = match table.get("proof") {
        Some(value) => Some(value.word(&proofs)?.value),
        None => None,
    };
    let eyes = match table.get("four_eyes") {
        Some(value) => four_eyes(&value),
        None => Some(Default::default()),
    };
    if ASKS.iter().all(|key| table.get(key).is_none()) {
        let fix = "say what it asks for: `vote = \"approval\"`, `voters = 2`, `roles`, `proof` or `four_eyes`";
        table.spot().report("the class asks for nothing.", fix);
    }
    let (labels, roles) = (words("labels"), words("roles"));
    let name = name?;
    let class = RiskClass {
        name: name.value.clone(),
        labels: labels?,
        paths: paths?,
        stages: stages?,
        vote: vote?,
        voters: voters?,
        roles: roles?,
        proof,
        four_eyes: eyes?,
    };
    Some((name, class))
}

#[cfg(test)]
mod tests {
    use super::super::config_toml;
    use super::super::strict::Source;
    use crate::model::layout;

    #[test]
    fn a_class_by_paths_is_for_plan_or_implement_gates() {
        let problems = |rest: &str| {
            let text = format!("[[gates.risk]]\nname = \"a\"\nvoters = 2\n{rest}\n");
            let source = Source::new(layout::CONFIG.into(), &text);
            config_toml::read(&source);
            source.take_problems()
        };
        for rest in [
            "paths = [\"src\"]\nstages = [\"plan\", \"post\"]",
            "paths = [\"src\"]\nstages = [\"implement\"]",
            "paths = [\"src\"]",
            "labels = [\"pay\"]\nstages = [\"post\"]",
        ] {
            assert_eq!(problems(rest), [], "{rest}");
        }
        for stages in ["\"research\"", "\"post\"", "\"research\", \"post\""] {
            let found = problems(&format!("paths = [\"src\"]\nlabels = [\"pay\"]\nstages = [{stages}]"));
            assert_eq!((found.len(), found[0].line), (1, 6), "{found:?}");
            assert!(found[0].message.starts_with("the votes of this class are asked for when"), "{found:?}");
        }
    }
}
