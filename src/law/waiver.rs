//! Waivers: `Agentops-Waive: ID reason` in a commit message excuses what its own
//! commit breaks of a law that allows it, in its message and at the paths that it changes.
//!
//! Read here by one rule. The judge applies and counts those that are well-formed; AO-T1 names the others.

use super::substance::assess_reason;
use crate::model::law_id::LawId;
use crate::model::message::Message;

/// The trailer's key.
pub(crate) const WAIVE: &str = "Agentops-Waive";

/// A waiver that may be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiver {
    /// The law that it excuses from.
    pub law: LawId,
    /// Why.
    pub reason: String,
    /// Which of the step's commits holds it.
    pub commit_index: usize,
    /// Its line in that message, from 1.
    pub line: usize,
}

/// A waiver that excuses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadWaiver {
    /// Which of the step's commits holds it.
    pub commit_index: usize,
    /// Its line in that message, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// How a waiver is written.
pub(crate) const FORM: &str = "write `Agentops-Waive: AO-L1 <why this commit is an exception>`; AO-L1 to L3, R2, R3, Y1 and \
                               B1 can be waived";

/// The waivers in the step's messages, in their order.
pub(crate) fn read(messages: &[Message]) -> Vec<Result<Waiver, BadWaiver>> {
    let mut waivers = Vec::new();
    for (commit_index, message) in messages.iter().enumerate() {
        for trailer in message.trailers_named(WAIVE) {
            let line = trailer.line;
            let waiver = read_one(&trailer.value);
            waivers.push(match waiver {
                Ok((law, reason)) => Ok(Waiver { law, reason, commit_index, line }),
                Err(problem) => Err(BadWaiver { commit_index, line, problem }),
            });
        }
    }
    waivers
}

fn read_one(value: &str) -> Result<(LawId, String), String> {
    let (id, reason) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let reason = reason.trim();
    let law = LawId::parse(id).map_err(|error| error.to_string())?;
    if !law.may_be_waived() {
        return Err(format!("{law} cannot be waived"));
    }
    assess_reason(reason).map_err(|weakness| format!("the reason for waiving {law} {}", weakness.problem()))?;
    Ok((law, reason.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::policy;

    #[test]
    fn waivers_are_read() {
        let read_from = |value: &str| {
            let text = format!("feat: x\n\nAgentops-Waive: {value}\n");
            read(&[Message::default(), Message::parse(&text, &policy().config.sections)]).remove(0)
        };
        let waiver = read_from("ao-l1 vendored\n sources of zlib").unwrap();
        assert_eq!(waiver.law, LawId::L1);
        assert_eq!((waiver.reason.as_str(), waiver.commit_index, waiver.line), ("vendored sources of zlib", 1, 3));
        for (value, problem) in [
            ("", "is not a law id"),
            ("AO-X9 vendored sources", "is not a law id"),
            ("AO-E1 vendored sources", "AO-E1 cannot be waived"),
            ("AO-L1", "the reason for waiving AO-L1 is empty"),
            ("AO-L1 todo", "is a placeholder"),
            ("AO-L1 because it is not needed", "could stand below any change"),
        ] {
            let bad = read_from(value).unwrap_err();
            assert!(bad.problem.contains(problem), "{value}: {}", bad.problem);
        }
    }
}
