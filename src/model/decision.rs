//! Decisions: what became of an improvement that a session record proposes, one immutable file each.

use serde::Deserialize;

use super::canonical::{Canonical, FormError, Printer, check_line};
use super::digest::{Digest, ObjectId};
use super::event::{check_project, check_version};
use super::name::{Principal, ProfileName, RecordId};
use super::time::Timestamp;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// A commit brought it.
    Adopted,
    /// Nobody is going to bring it.
    Dropped,
}

impl Fate {
    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Adopted => "adopted",
            Self::Dropped => "dropped",
        }
    }
}

/// What one actor decided about one improvement. Decisions form chains: a later one names those that it replaces.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Format of this file: 1.
    pub v: u32,
    /// The project's id.
    pub project: String,
    /// The namespace, which is that of the session.
    pub profile: ProfileName,
    /// The session record that proposes the improvement.
    pub session: RecordId,
    /// Which of its improvements, from 1, in the order of the record.
    pub number: u32,
    /// What became of it.
    pub fate: Fate,
    /// Full id of the commit that brought it; empty where it was dropped.
    pub commit: String,
    /// Why; mandatory where it was dropped.
    pub reason: String,
    /// Digests of the decisions on the same improvement that this one replaces, sorted.
    pub prev: Vec<Digest>,
    /// Who decided: a claim.
    pub actor: Principal,
    /// When: for display, never for ordering.
    pub at: Timestamp,
}

impl Decision {
    /// The name of the decision's file: `<number>-<hash32>.toml`.
    pub fn file_name(&self) -> String {
        format!("{}-{}.toml", self.number, Digest::of(self.print().as_bytes()).short())
    }
}

impl Canonical for Decision {
    fn print(&self) -> String {
        let mut out = Printer::new();
        out.number("v", self.v)
            .text("project", &self.project)
            .text("profile", self.profile.as_str())
            .text("session", self.session.as_str())
            .number("number", self.number)
            .text("fate", self.fate.as_str())
            .text("commit", &self.commit)
            .text("reason", &self.reason)
            .texts("prev", &self.prev)
            .text("actor", self.actor.as_str())
            .text("at", self.at.as_str());
        out.finish()
    }

    fn validate(&self) -> Result<(), FormError> {
        let fail = |message: &str| Err(FormError::Value(message.to_owned()));
        check_version(self.v)?;
        check_project(&self.project)?;
        check_line("the reason", &self.reason, 1000, self.fate == Fate::Adopted)?;
        if !(1..=MAX_NUMBER).contains(&self.number) {
            return fail("`number` counts the improvements of a session record, from 1 to 32");
        }
        match self.fate {
            Fate::Adopted if ObjectId::parse(&self.commit).is_err() => {
                return fail("what is adopted names the full id of a commit");
            }
            Fate::Dropped if !self.commit.is_empty() => return fail("what is dropped names no commit"),
            _ => {}
        }
        if !self.prev.is_sorted_by(|a, b| a < b) || self.prev.len() > 64 {
            return fail("`prev` is sorted and without repeats, 64 digests at most");
        }
        Ok(())
    }
}

/// A session record has so many improvements at most.
const MAX_NUMBER: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fate_says_what_it_must() {
        let dropped = Decision {
            v: 1,
            project: "0".repeat(32),
            profile: ProfileName::parse("sre").unwrap(),
            session: RecordId::parse("01arz3ndektsv4rrffq69g5fav").unwrap(),
            number: 2,
            fate: Fate::Dropped,
            commit: String::new(),
            reason: "the queue is gone".into(),
            prev: Vec::new(),
            actor: Principal::parse("alice").unwrap(),
            at: Timestamp::from_seconds(0),
        };
        let adopted =
            Decision { fate: Fate::Adopted, commit: "ab".repeat(20), reason: String::new(), ..dropped.clone() };
        for fine in [&dropped, &adopted] {
            assert_eq!(Decision::parse(fine.print().as_bytes()).as_ref(), Ok(fine));
        }
        let broken = [
            Decision { reason: String::new(), ..dropped.clone() },
            Decision { commit: "ab".repeat(20), ..dropped.clone() },
            Decision { commit: "abcdef".into(), ..adopted.clone() },
            Decision { number: 0, ..adopted.clone() },
            Decision { number: 33, ..adopted.clone() },
            Decision { prev: vec![Digest::of(b"a"); 2], ..adopted },
        ];
        for decision in broken {
            assert!(decision.validate().is_err(), "{}", decision.print());
        }
    }
}
