//! What is told about hooks that were there before, because nothing else would tell it.

use super::status::{Chained, State, Status};
use super::{Step, is_there, read};
use crate::hooks::chained;

/// By these a script asks how it was called.
const OWN_NAME: [&str; 7] = ["$0", "${0", "BASH_SOURCE", "__FILE__", "__file__", "argv[0]", "$PROGRAM_NAME"];
/// By these it takes the folder of the answer, which is the same as before.
const FOLDER: [&str; 2] = ["dirname", "%/*"];
/// By these it takes the name.
const LAST_PART: [&str; 2] = ["basename", "##*/"];

/// Sentences about one hook that was looked at and with which `step` is done.
pub(super) fn of(status: &Status, step: Step) -> Vec<String> {
    let name = status.hook.name();
    let place = status.file.with_file_name(name);
    let kept = chained::beside(&place);
    if let State::NoFile(kind) = status.state {
        return vec![format!(
            "`{}` is {kind}, which git cannot run: it is left alone, and agentops does not judge there; remove it and \
             install again",
            status.file.display()
        )];
    }
    let moves = matches!(step, Step::Chained | Step::SetAside);
    let file = if moves { &place } else { &kept };
    if step == Step::SetAside || status.chained == Chained::Idle {
        let why = if file.exists() { "because it has no exec bit" } else { "because it is a link that leads nowhere" };
        return vec![format!(
            "the `{name}` hook that was there is kept; git did not run it {why}, and agentops does not either"
        )];
    }
    let is_chained = step == Step::Chained || status.chained == Chained::Run;
    if !is_chained || !is_there(file) {
        return Vec::new();
    }
    let line = read(file).ok().flatten().and_then(|bytes| line_with_own_name(&bytes));
    let kept = kept.file_name().unwrap_or_default().to_string_lossy();
    let tell = |line| {
        format!(
            "the `{name}` hook that was there reads its own name (line {line}), and now runs under the name `{kept}`: where \
             it compares that name, make it know this one too"
        )
    };
    line.map(tell).into_iter().collect()
}

/// A sentence about the hooks by these names, which are not ours and call us.
pub(super) fn of_callers(names: &[&str]) -> Option<String> {
    let tell = || {
        let call = if names.len() == 1 { "calls" } else { "call" };
        format!(
            "{} still {call} `agentops hooks run`: that is the project's own, and stays until somebody removes it",
            names.join(", ")
        )
    };
    (!names.is_empty()).then(tell)
}

/// The first line, counted from one, in which a script asks for the name that it was called by; none where it knows both.
fn line_with_own_name(bytes: &[u8]) -> Option<usize> {
    if bytes.contains(&0) {
        return None;
    }
    let has = |line: &str, words: &[&str]| words.iter().any(|word| line.contains(word));
    let asks = |line: &str| has(line, &OWN_NAME) && (has(line, &LAST_PART) || !has(line, &FOLDER));
    let text = String::from_utf8_lossy(bytes);
    if text.contains(chained::SUFFIX) {
        return None;
    }
    let mut lines = text.lines().map(str::trim_start);
    lines.position(|line| !line.starts_with('#') && asks(line)).map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_that_read_their_own_name() {
        for (script, line) in [
            ("#!/bin/sh\ncase \"$(basename \"$0\")\" in pre-commit) exit 1;; esac\n", Some(2)),
            ("#!/bin/bash\n# $0\nname=${BASH_SOURCE[0]##*/}\n", Some(3)),
            ("#!/usr/bin/env python3\nimport sys\nprint(sys.argv[0])\n", Some(3)),
            ("#!/bin/sh\n. \"$(dirname \"$0\")/common.sh\"\n", None),
            ("#!/bin/sh\n. \"${0%/*}/common.sh\"\n# basename $0\nexit 0\n", None),
            ("#!/bin/sh\ncase \"$(basename \"$0\" .agentops-chained)\" in pre-commit) exit 1;; esac\n", None),
            ("\0ELF $0", None),
        ] {
            assert_eq!(line_with_own_name(script.as_bytes()), line, "{script}");
        }
    }
}
