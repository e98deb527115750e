//! Which session a commit belongs to, by the records that sessions left.

use std::collections::BTreeSet;

use crate::engine::error::EngineError;
use crate::engine::knowledge::filed;
use crate::engine::site::Base;
use crate::model::message::Message;
use crate::model::name::{Principal, ProfileName, RecordId, TaskId};
use crate::model::record::Session;

/// What is needed of a session's record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sitting {
    pub(super) id: RecordId,
    pub(super) profile: ProfileName,
    actor: Principal,
    /// Seconds since 1970, both ends included.
    from: i64,
    to: i64,
    tasks: BTreeSet<TaskId>,
}

/// How many sessions a commit fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit<'a> {
    None,
    One(&'a Sitting),
    Several,
}

/// The sessions on record.
#[derive(Debug, Clone, Default)]
pub(super) struct Sittings(Vec<Sitting>);

impl Sittings {
    /// All that HEAD has; malformed records are left to AO-E2.
    pub(super) fn read(base: &Base<'_>) -> Result<Self, EngineError> {
        let mut all = Vec::new();
        for file in filed::list::<Session>(base, None)? {
            let Some(record) = file.open(base)? else { continue };
            all.push(Sitting {
                id: record.id,
                profile: record.profile,
                actor: record.actor,
                from: record.started.seconds(),
                to: record.ended.seconds(),
                tasks: record.work.into_iter().map(|work| work.task).collect(),
            });
        }
        Ok(Self(all))
    }

    /// The session that the commit names in `Agentops-Session:`; otherwise the one of the same actor that was under way when
    /// the commit was written and, where the commit names tasks, worked on one of them.
    pub(super) fn of(
        &self,
        message: &Message,
        actor: Option<&Principal>,
        at: i64,
        tasks: &BTreeSet<TaskId>,
    ) -> Fit<'_> {
        let named: BTreeSet<&str> =
            message.trailers_named("Agentops-Session").map(|trailer| trailer.value.trim()).collect();
        if !named.is_empty() {
            return one(self.0.iter().filter(|sitting| named.contains(sitting.id.as_str())));
        }
        let Some(actor) = actor else { return Fit::None };
        one(self.0.iter().filter(|sitting| {
            sitting.actor == *actor
                && (sitting.from..=sitting.to).contains(&at)
                && (tasks.is_empty() || !sitting.tasks.is_disjoint(tasks))
        }))
    }
}

fn one<'a>(mut fitting: impl Iterator<Item = &'a Sitting>) -> Fit<'a> {
    match (fitting.next(), fitting.next()) {
        (None, _) => Fit::None,
        (Some(sitting), None) => Fit::One(sitting),
        (Some(_), Some(_)) => Fit::Several,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sitting(id: &str, actor: &str, (from, to): (i64, i64), task: &str) -> Sitting {
        Sitting {
            id: RecordId::parse(id).unwrap(),
            profile: ProfileName::parse("sre").unwrap(),
            actor: Principal::parse(actor).unwrap(),
            from,
            to,
            tasks: [TaskId::parse(task).unwrap()].into(),
        }
    }

    #[test]
    fn a_commit_belongs_to_the_session_it_names_or_was_made_in() {
        const FIRST: &str = "01arz3ndektsv4rrffq69g5fav";
        const SECOND: &str = "01brz3ndektsv4rrffq69g5fav";
        let all = Sittings(vec![
            sitting(FIRST, "claude", (100, 200), "auth-k3f9"),
            sitting(SECOND, "claude", (150, 300), "mail-b2c4"),
        ]);
        let of = |text: &str, actor: Option<&str>, at: i64, task: Option<&str>| {
            let message = Message::parse(&format!("feat: x\n\n{text}\n"), &[]);
            let actor = actor.map(|name| Principal::parse(name).unwrap());
            let tasks = task.map(|task| TaskId::parse(task).unwrap()).into_iter().collect();
            match all.of(&message, actor.as_ref(), at, &tasks) {
                Fit::None => "none".to_owned(),
                Fit::One(sitting) => sitting.id.to_string(),
                Fit::Several => "several".to_owned(),
            }
        };
        let trailer = format!("Agentops-Session: {SECOND}");
        assert_eq!(of(&trailer, Some("alice"), 1, None), SECOND, "named");
        assert_eq!(of("Agentops-Session: 01zzz", Some("claude"), 120, None), "none", "what it names is not on record");
        assert_eq!(of("", Some("claude"), 100, None), FIRST);
        assert_eq!(of("", Some("claude"), 160, None), "several");
        assert_eq!(of("", Some("claude"), 160, Some("mail-b2c4")), SECOND);
        assert_eq!(of("", Some("claude"), 120, Some("mail-b2c4")), "none", "it was about another task");
        assert_eq!(of("", Some("claude"), 301, None), "none");
        assert_eq!(of("", Some("alice"), 160, None), "none");
        assert_eq!(of("", None, 160, None), "none");
    }
}
