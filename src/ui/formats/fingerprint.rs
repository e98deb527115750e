//! What makes a finding the same finding in the next run: its law, its path and its message, and not the line it stands on
//! nor the ids that a rebase changes.

use std::collections::BTreeMap;

use crate::model::digest::Digest;
use crate::model::report::{Report, Violation};

/// The shortest run of hex digits that is taken for an id.
const SHORTEST_ID: usize = 7;

/// A fingerprint for each violation, in their order: 32 hex digits, no two alike. Findings that differ in nothing but
/// numbers and ids are told apart by counting them.
pub(super) fn fingerprints(report: &Report) -> Vec<String> {
    let mut met: BTreeMap<Digest, usize> = BTreeMap::new();
    report
        .violations
        .iter()
        .map(|violation| {
            let subject = subject(violation);
            let count = met.entry(subject).or_default();
            *count += 1;
            Digest::of(format!("{subject}\0{count}").as_bytes()).short()
        })
        .collect()
}

fn subject(violation: &Violation) -> Digest {
    let path = violation.place.path.as_ref().map_or(&b""[..], |path| path.as_bytes());
    let law = violation.law.as_str().as_bytes();
    Digest::of(&[law, path, steady(&violation.message).as_bytes()].join(&0))
}

/// The message without what changes while the finding stays: `#` stands for a number or an id of objects.
fn steady(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if end == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (word, after) = rest.split_at(end);
        let is_hex = word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if is_hex && word.len() >= SHORTEST_ID {
            out.push('#');
        } else {
            numbers_out(word, &mut out);
        }
        rest = after;
    }
    out
}

fn numbers_out(word: &str, out: &mut String) {
    let mut in_number = false;
    for c in word.chars() {
        if !c.is_ascii_digit() {
            out.push(c);
        } else if !in_number {
            out.push('#');
        }
        in_number = c.is_ascii_digit();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::reports;
    use super::*;
    use crate::model::digest::ObjectId;
    use crate::model::law_id::{LawId, Level};
    use crate::model::report::Place;

    fn of(place: Place, messages: &[&str]) -> Vec<String> {
        let one = |message: &&str| Violation {
            law: LawId::L1,
            level: Level::Error,
            place: place.clone(),
            message: (*message).to_owned(),
            fix: String::new(),
        };
        fingerprints(&Report { violations: messages.iter().map(one).collect(), ..Report::default() })
    }

    #[test]
    fn what_a_rebase_changes_is_left_out() {
        let before = of(Place::line("src/a.rs", 7), &["`Learning:` repeats that of commit 9fceb02d0ae5 (line 12)"]);
        let id = ObjectId::from_bytes(&[7; 20]).unwrap();
        let moved = Place::line("src/a.rs", 90).in_commit(Some(id));
        assert_eq!(before, of(moved, &["`Learning:` repeats that of commit 0123456789ab (line 3)"]));
        for other in [
            of(Place::line("src/b.rs", 7), &["`Learning:` repeats that of commit 9fceb02d0ae5 (line 12)"]),
            of(Place::line("src/a.rs", 7), &["`Context:` repeats that of commit 9fceb02d0ae5 (line 12)"]),
        ] {
            assert_ne!(before, other);
        }
    }

    #[test]
    fn fingerprints_stay_from_release_to_release() {
        // Whatever changes these closes every alert of every user and opens it again.
        assert_eq!(
            of(Place::path("src/a.rs"), &["no type", "no type"]),
            ["9fdac08e731ef6e427b39b55a7a2f7ad", "59e6fa05d1286cc3b67b5c34b381570d"]
        );
    }

    #[test]
    fn words_stay_and_numbers_go() {
        assert_eq!(steady("decades: 12 of 345, v2 abcdef1 é deadbeef."), "decades: # of #, v# # é #.");
    }

    proptest! {
        #[test]
        fn no_two_are_alike(report in reports()) {
            let all = fingerprints(&report);
            let distinct: std::collections::BTreeSet<_> = all.iter().collect();
            prop_assert_eq!(distinct.len(), report.violations.len());
        }
    }
}
