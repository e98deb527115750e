//! `pre-push`: each branch as a landing on what the remote has.

use super::{Answer, Call, HookError, input};
use crate::engine::judging::PushMemory;
use crate::engine::judging::push::{self, Update};
use crate::model::digest::ObjectId;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    let lines = match input::read(call)? {
        Ok(lines) => lines,
        Err(refusal) => return Ok(refusal),
    };
    let updates = parse(&lines).map_err(|line| input::unexpected(&line))?;
    if updates.is_empty() {
        return Ok(Answer::default());
    }
    let remote = call.arguments.first().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let site = call.open()?;
    let mut answer = Answer::default();
    let mut others = 0;
    let mut memory = PushMemory::of_push(&site, updates.len());
    for update in &updates {
        let judged = match push::judge(&site, &remote, update, &mut memory) {
            Ok(Some(judged)) => judged,
            Ok(None) => {
                others += 1;
                continue;
            }
            Err(error) => {
                answer.fail(update.reference.clone(), error);
                continue;
            }
        };
        answer.warnings.extend(judged.notes);
        if let Some(report) = judged.report {
            answer.add(Some(judged.reference), report);
        }
    }
    if others > 0 {
        let what = if others == 1 {
            "1 reference that is no branch"
        } else {
            &format!("{others} references that are no branches")
        };
        answer.notes.push(format!("not judged: {what}"));
    }
    Ok(answer)
}

/// `<local ref> <local id> <remote ref> <remote id>` a line; an id of zeros is no object. The line that is none is the
/// error.
fn parse(input: &str) -> Result<Vec<Update>, String> {
    let id = |text: &str| -> Result<Option<ObjectId>, ()> {
        if text.bytes().all(|byte| byte == b'0') { Ok(None) } else { ObjectId::parse(text).map(Some).map_err(|_| ()) }
    };
    let read = |line: &str| -> Result<Update, ()> {
        // The local name may be any expression, spaces included; the others hold none.
        let mut parts = line.rsplitn(4, ' ');
        let mut part = || parts.next().ok_or(());
        let (remote, reference, local) = (part()?, part()?, part()?);
        part()?;
        Ok(Update { local: id(local)?, reference: reference.to_owned(), remote: id(remote)? })
    };
    input.lines().filter(|line| !line.is_empty()).map(|line| read(line).map_err(|()| line.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_push() {
        let (one, two, zero) = ("1".repeat(40), "2".repeat(64), "0".repeat(40));
        let text = format!(
            "refs/heads/a {one} refs/heads/b {two}\n(delete) {zero} refs/heads/c {one}\nHEAD@{{1 day ago}} {one} refs/heads/d {zero}\n"
        );
        let updates = parse(&text).unwrap();
        let shown: Vec<_> = updates
            .iter()
            .map(|update| (update.local.is_some(), update.reference.as_str(), update.remote.is_some()))
            .collect();
        assert_eq!(shown, [(true, "refs/heads/b", true), (false, "refs/heads/c", true), (true, "refs/heads/d", false)]);
        assert_eq!(parse(""), Ok(Vec::new()));
        assert_eq!(parse("a b c\n"), Err("a b c".to_owned()));
        assert_eq!(parse("a b c d\n"), Err("a b c d".to_owned()));
    }
}
