//! `reference-transaction`, installed by `hooks install --strict`: commits that went past the other hooks, refused when a
//! branch is to move to them.

use super::{Answer, Call, HookError, input};
use crate::engine::judging::unguarded;
use crate::model::digest::ObjectId;

/// The one state in which a transaction can still be refused, and whose moves are final.
const PREPARED: &str = "prepared";
/// The others that git tells: before it, and after it.
const OTHERS: [&str; 3] = ["preparing", "committed", "aborted"];

pub(super) fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    let lines = match input::read(call)? {
        Ok(lines) => lines,
        Err(refusal) => return Ok(refusal),
    };
    let state = call.arguments.first().map(|state| state.to_string_lossy()).unwrap_or_default();
    if OTHERS.contains(&&*state) {
        return Ok(Answer::default());
    }
    if state != PREPARED {
        return Err(HookError::NoState { state: state.into_owned() });
    }
    let moves = branches(&lines).map_err(|line| input::unexpected(&line))?;
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
        for found in unguarded::find(&site, &new, &known, usize::MAX)?.found {
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

/// The branches that move to a commit, from `<old> <new> <reference>` a line. The line that is none is the error.
fn branches(input: &str) -> Result<Vec<(String, ObjectId)>, String> {
    // A symbolic reference is written `ref:<name>`, and an id of zeros is no object.
    let value = |text: &str| match text.strip_prefix("ref:") {
        Some(_) => Some(None),
        None => ObjectId::parse(text).ok().map(|id| (!id.is_null()).then_some(id)),
    };
    let read = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let (old, new, name) = (parts.next()?, parts.next()?, parts.next()?);
        value(old)?;
        let new = value(new)?;
        Some(new.filter(|_| name.starts_with("refs/heads/")).map(|new| (name.to_owned(), new)))
    };
    let lines = input.lines().filter(|line| !line.is_empty());
    lines.filter_map(|line| read(line).ok_or_else(|| line.to_owned()).transpose()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_that_move() {
        let (one, zero) = ("1".repeat(40), "0".repeat(40));
        let text = format!(
            "{zero} {one} HEAD\n{zero} {one} refs/heads/a\n{one} {zero} refs/heads/b\n{zero} {one} refs/tags/c\n\
             {zero} ref:refs/heads/a refs/heads/d\nref:refs/heads/a {zero} HEAD\n"
        );
        assert_eq!(branches(&text), Ok(vec![("refs/heads/a".to_owned(), ObjectId::parse(&one).unwrap())]));
        for line in ["garbage".to_owned(), format!("{one} {one}"), format!("{one} new refs/heads/a")] {
            assert_eq!(branches(&format!("{text}{line}\n")), Err(line));
        }
    }
}
