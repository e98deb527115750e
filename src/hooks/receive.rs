//! `pre-receive`: each reference of a push, on the server, before any moves. All move or none.

use super::{Answer, Call, HookError, input};
use crate::engine::judging::PushMemory;
use crate::engine::judging::receive::{Server, Update};
use crate::model::digest::ObjectId;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    let lines = match input::read(call)? {
        Ok(lines) => lines,
        Err(refusal) => return Ok(refusal),
    };
    let updates = parse(&lines).map_err(|line| input::unexpected(&line))?;
    let site = call.open()?;
    let server = Server::of(&site)?;
    let mut answer = Answer::default();
    let mut memory = PushMemory::of_push(&site, updates.len());
    for update in updates {
        let judged = match server.judge(&site, &update, &mut memory) {
            Ok(judged) => judged,
            Err(error) => {
                answer.fail(update.reference, error);
                continue;
            }
        };
        for (why, remedy) in judged.refused {
            answer.refuses = true;
            answer.notes.push(why);
            answer.remedies.push(remedy);
        }
        answer.notes.extend(judged.notes.into_iter().map(|note| format!("not judged: {note}")));
        if let Some(report) = judged.report {
            answer.add(Some(update.reference), report);
        }
    }
    Ok(answer)
}

/// `<old id> <new id> <reference>` a line; an id of zeros is no object. The line that is none is the error.
fn parse(input: &str) -> Result<Vec<Update>, String> {
    let id = |text: &str| -> Option<Option<ObjectId>> {
        if text.bytes().all(|byte| byte == b'0') { Some(None) } else { ObjectId::parse(text).ok().map(Some) }
    };
    let read = |line: &str| -> Option<Update> {
        let mut parts = line.splitn(3, ' ');
        let (old, new, reference) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Update { old: id(old)?, new: id(new)?, reference: reference.to_owned() })
    };
    input.lines().filter(|line| !line.is_empty()).map(|line| read(line).ok_or_else(|| line.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_push() {
        let (one, two, zero) = ("1".repeat(40), "2".repeat(64), "0".repeat(40));
        let text = format!("{zero} {one} refs/heads/a\n{one} {zero} refs/tags/b c\n{one} {two} refs/heads/d\n");
        let updates = parse(&text).unwrap();
        let shown: Vec<_> = updates
            .iter()
            .map(|update| (update.old.is_some(), update.new.is_some(), update.reference.as_str()))
            .collect();
        assert_eq!(
            shown,
            [(false, true, "refs/heads/a"), (true, false, "refs/tags/b c"), (true, true, "refs/heads/d")]
        );
        assert_eq!(parse(&format!("{one} refs/heads/a\n")), Err(format!("{one} refs/heads/a")));
    }
}
