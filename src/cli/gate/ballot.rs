//! What a voter is shown before voting: the gate, and each artifact in full or against what was approved before.

use similar::{ChangeTag, TextDiff};

use super::list::fill_gate;
use crate::engine::tasks::gate::Ballot;
use crate::engine::tasks::submitted::Submitted;
use crate::model::vote::Window;
use crate::ui::{Page, dim, error, good, plain, strong, warning};

/// The whole ballot. Every line is escaped by the page: no document can disguise another.
pub(super) fn fill(page: &mut Page, ballot: &Ballot, window: &Window) {
    fill_gate(page, &ballot.gate);
    for document in &ballot.documents {
        page.blank();
        fill_document(page, document);
    }
    page.blank();
    let proof = ballot.proof;
    let worth = match &ballot.key {
        Some(key) => format!("your key {}", key.fingerprint()),
        None => proof.honest().to_owned(),
    };
    page.text(format!("you vote as {}; proof: {} ({worth})", ballot.voter, proof.as_str()));
    if !window.is_always() {
        page.text(format!("your approval counts {window}, by the date of the advance"));
    }
}

fn fill_document(page: &mut Page, document: &Submitted) {
    page.line([strong(&document.path), dim(format!("  sha256 {}", document.digest.hex()))]);
    match (std::str::from_utf8(&document.bytes), &document.approved) {
        (Err(_), _) => page.line([warning("  not UTF-8"), plain(format!(": {} bytes", document.bytes.len()))]),
        (Ok(_), Some(approved)) if *approved == document.bytes => {
            page.line([dim("  unchanged since it was last approved; its whole text:")]);
            fill_text(page, &document.bytes);
        }
        (Ok(text), Some(approved)) => {
            page.line([dim("  against what was approved before:")]);
            fill_difference(page, &String::from_utf8_lossy(approved), text);
        }
        (Ok(_), None) => fill_text(page, &document.bytes),
    }
}

fn fill_text(page: &mut Page, bytes: &[u8]) {
    for line in String::from_utf8_lossy(bytes).lines() {
        page.line(if line.is_empty() { vec![dim("  |")] } else { vec![dim("  | "), plain(line)] });
    }
}

/// A unified difference with three lines around each change.
pub(in crate::cli) fn fill_difference(page: &mut Page, before: &str, after: &str) {
    let difference = TextDiff::from_lines(before, after);
    for hunk in difference.unified_diff().context_radius(3).iter_hunks() {
        page.line([dim(format!("  {}", hunk.header()))]);
        for change in hunk.iter_changes() {
            let text = change.value().trim_end_matches('\n').to_owned();
            page.line(match change.tag() {
                ChangeTag::Delete => [error(format!("  -{text}"))],
                ChangeTag::Insert => [good(format!("  +{text}"))],
                ChangeTag::Equal => [plain(format!("   {text}"))],
            });
        }
    }
}
