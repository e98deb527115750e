//! `reference-transaction`, installed by `hooks install --strict`: commits that went past the other hooks, refused when a
//! branch is to move to them.

use super::{Answer, Call, HookError, chained};
use crate::engine::judging::unguarded;
use crate::model::digest::ObjectId;

/// The one state in which a transaction can still be refused.
const PREPARED: &str = "prepared";

pub(super) fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    let input = match chained::input(call)? {
        Ok(input) => input,
        Err(refusal) => return Ok(refusal),
    };
    if call.arguments.first().is_none_or(|state| state != PREPARED) {
        return Ok(Answer::default());
    }
    let moves = branches(&input);
    // Every reference passes here, and most are none of ours.
    if moves.is_empty() {
        return Ok(Answer::default());
    }
    let site = call.open()?;
    // What some reference leads to was let in before, or came from elsewhere.
    let mut known = Vec::new();
    for prefix in ["refs/heads/", "refs/remotes/", "refs/tags/"] {
        known.extend(site.repo.references(prefix)?.into_iter().map(|(_, id)| id));
    }
    let mut answer = Answer::default();
    for (name, new) in moves {
        for found in unguarded::find(&site, &new, &known, usize::MAX)? {
            answer.add(Some(name.clone()), found.report);
        }
    }
    if answer.refuses {
        answer.remedies.push(
            "mend the commit: where git was asked to make it, its message is kept in `.git/COMMIT_EDITMSG`. To be without this \
             hook: `agentops hooks uninstall && agentops hooks install`"
                .into(),
        );
    }
    Ok(answer)
}

/// The branches that move to a commit, from `<old> <new> <reference>` a line.
fn branches(input: &str) -> Vec<(String, ObjectId)> {
    let read = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let (_, new, name) = (parts.next()?, parts.next()?, parts.next()?);
        // A symbolic reference is written `ref:<name>`, and an id of zeros is no object.
        let new = ObjectId::parse(new).ok().filter(|id| !id.is_null())?;
        name.starts_with("refs/heads/").then(|| (name.to_owned(), new))
    };
    input.lines().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_that_move() {
        let (one, zero) = ("1".repeat(40), "0".repeat(40));
        let text = format!(
            "{zero} {one} HEAD\n{zero} {one} refs/heads/a\n{one} {zero} refs/heads/b\n{zero} {one} refs/tags/c\n\
             {zero} ref:refs/heads/a refs/heads/d\n"
        );
        assert_eq!(branches(&text), [("refs/heads/a".to_owned(), ObjectId::parse(&one).unwrap())]);
    }
}
