//! Classes of risk compared.

use super::{Differences, more};
use crate::model::profile::FourEyes;
use crate::model::risk::RiskClass;
use crate::model::state::Stage;

pub(super) fn compare_all(old: &[RiskClass], new: &[RiskClass], found: &mut Differences) {
    for class in old {
        let name = &class.name;
        match new.iter().find(|other| other.name == *name) {
            None => found.loosened.push(format!("the class of risk `{name}` is gone")),
            Some(now) => {
                let less = less(class, now);
                found.loosened.extend(less.into_iter().map(|clause| format!("the class of risk `{name}`: {clause}")));
            }
        }
    }
}

fn less(old: &RiskClass, new: &RiskClass) -> Vec<String> {
    let RiskClass { name: _, labels, paths, stages, vote, voters, roles, proof, four_eyes } = old;
    let is_for_all = |class: &RiskClass| class.labels.is_empty() && class.paths.is_empty();
    let mut found = Vec::new();
    if is_for_all(new) {
        // Whatever is at its paths lands without a task from then on.
        found.extend(paths.iter().map(|glob| format!("what lands at `{glob}` needs no task")));
    } else {
        found.extend(is_for_all(old).then(|| "it is for some tasks only".to_owned()));
        found.extend(more(&new.labels, labels).map(|label| format!("it is not for the label `{label}`")));
        found.extend(more(&new.paths, paths).map(|glob| format!("it is not for `{glob}`")));
    }
    let asks = |stages: &[Stage], stage: Stage| stages.is_empty() || stages.contains(&stage);
    let lost = [Stage::Research, Stage::Plan, Stage::Implement, Stage::Post].into_iter();
    let lost = lost.filter(|stage| asks(stages, *stage) && !asks(&new.stages, *stage));
    found.extend(lost.map(|stage| format!("it asks for nothing at the stage `{stage}`")));
    if new.vote < *vote {
        found.push(format!("its vote is `{}`, not `{}`", new.vote.as_str(), vote.as_str()));
    }
    if new.voters < *voters {
        found.push(format!("{} voters, not {voters}", new.voters));
    }
    found.extend(roles_gained(roles, &new.roles));
    if let Some(weakest) = proof {
        match new.proof {
            None => found.push("votes with any proof that `gates.proof` has count".to_owned()),
            Some(now) if !now.is_as_strong_as(*weakest) => {
                found.push(format!("votes with proof `{}` count", now.as_str()));
            }
            Some(_) => {}
        }
    }
    if new.four_eyes < *four_eyes {
        found.push(eyes(new.four_eyes));
    }
    found
}

/// Who may vote besides, where voters need one of some roles.
pub(super) fn roles_gained<T: PartialEq + std::fmt::Display>(old: &[T], new: &[T]) -> Vec<String> {
    match (old, new) {
        ([], _) => Vec::new(),
        (_, []) => vec!["voters need no role".to_owned()],
        _ => more(old, new).map(|role| format!("the role `{role}` may vote")).collect(),
    }
}

pub(super) fn eyes(now: FourEyes) -> String {
    format!("that voters are no doers is {}, not {}", now.as_str(), FourEyes::Proved.as_str())
}
