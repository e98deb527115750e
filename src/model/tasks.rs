//! A task list's boxes: what is open, done with evidence, or struck out with a reason.
//!
//! ```markdown
//! - [ ] check the token
//! - [x] write the test — evidence: `tests/login.rs:12`
//! - [-] cache the token — the session holds it already
//! ```
//!
//! Read by phase checks and by `phase status`.

use super::citation::{Citation, citations};
use super::document::{Document, Item, Problem};

/// How a box stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tick {
    /// `[ ]`
    Open,
    /// `[x]`
    Ticked,
    /// `[-]`
    Struck,
}

/// One box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskItem {
    /// How it stands.
    pub tick: Tick,
    /// What is to be done, without evidence or reason.
    pub text: String,
    /// What is cited after `evidence:`.
    pub evidence: Vec<Citation>,
    /// Why it was struck out: what follows the dash.
    pub reason: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A task list as data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tasks {
    /// The boxes in order, inner ones after their outer one.
    pub items: Vec<TaskItem>,
    /// Items that look like a box and are none.
    pub problems: Vec<Problem>,
}

impl Tasks {
    /// Reads the boxes of a Markdown document, wherever they stand.
    pub fn parse(text: &str) -> Self {
        Self::of(&Document::parse(text))
    }

    /// Reads the boxes of a document that is already parsed.
    pub fn of(document: &Document) -> Self {
        let mut tasks = Self::default();
        for item in &document.items {
            match boxed(item) {
                Some(Ok(item)) => tasks.items.push(item),
                Some(Err(problem)) => tasks.problems.push(problem),
                None => {}
            }
        }
        tasks
    }

    /// How many boxes stand so.
    pub fn count(&self, tick: Tick) -> usize {
        self.items.iter().filter(|item| item.tick == tick).count()
    }
}

fn boxed(item: &Item) -> Option<Result<TaskItem, Problem>> {
    let (mark, text) = item.text.strip_prefix('[')?.split_once(']')?;
    let mut marks = mark.chars();
    let mark = marks.next().unwrap_or(' ');
    // `[1]` and `[name](target)` are references and links.
    if marks.next().is_some() || text.starts_with(['(', '[']) || mark.is_ascii_digit() {
        return None;
    }
    let tick = match mark {
        ' ' => Tick::Open,
        'x' | 'X' => Tick::Ticked,
        '-' => Tick::Struck,
        _ => {
            let message = format!("`[{mark}]` is no box: write `[ ]`, `[x]` or `[-]`");
            return Some(Err(Problem { line: item.line, message }));
        }
    };
    let (mut text, mut evidence, mut reason) = (text, Vec::new(), "");
    if let Some((start, end)) = evidence_at(text) {
        let line = item.line + text[..end].matches('\n').count();
        evidence = citations(&text[end..], line);
        text = &text[..start];
    }
    if tick == Tick::Struck
        && let Some((what, why)) = [" — ", " – ", " -- ", " - "].iter().find_map(|dash| text.split_once(dash))
    {
        (text, reason) = (what, why);
    }
    let text = text.trim_end_matches(|c: char| c.is_whitespace() || "—–-(".contains(c)).trim_start().to_owned();
    Some(Ok(TaskItem { tick, text, evidence, reason: reason.trim().to_owned(), line: item.line }))
}

/// Where the word `evidence:` starts and ends: the first one that stands alone.
fn evidence_at(text: &str) -> Option<(usize, usize)> {
    const WORD: &str = "evidence:";
    let lower = text.to_ascii_lowercase();
    lower
        .match_indices(WORD)
        .map(|(at, _)| at)
        .find(|at| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '`'))
        .map(|at| (at, at + WORD.len()))
}

#[cfg(test)]
mod tests {
    use super::super::citation::{CitationKind, Cited};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn boxes_are_read() {
        let tasks = Tasks::parse(
            "- [ ] open one\n\n## Tasks\n\n- [x] write it — evidence: `src/a.rs:3`\n  - [X] inner\n    -- Evidence: commit \
             abcdef1\n- [-] cache it — the session holds it\n- [-] drop it\n- plain\n- [link](https://example.org)\n- [?] odd\n\
             ```\n- [ ] code\n```\n",
        );
        let seen: Vec<(Tick, &str, usize, &str, usize)> = tasks
            .items
            .iter()
            .map(|item| (item.tick, item.text.as_str(), item.evidence.len(), item.reason.as_str(), item.line))
            .collect();
        assert_eq!(
            seen,
            [
                (Tick::Open, "open one", 0, "", 1),
                (Tick::Ticked, "write it", 1, "", 5),
                (Tick::Ticked, "inner", 1, "", 6),
                (Tick::Struck, "cache it", 0, "the session holds it", 8),
                (Tick::Struck, "drop it", 0, "", 9),
            ]
        );
        assert_eq!(tasks.items[2].evidence[0].line, 7);
        let cited = Cited { path: "src/a.rs".into(), lines: Some((3, 3)) };
        assert_eq!(tasks.items[1].evidence[0].kind, CitationKind::Path(cited));
        assert_eq!(tasks.problems.iter().map(|problem| problem.line).collect::<Vec<_>>(), [12]);
        assert_eq!(tasks.count(Tick::Struck), 2);
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(- |\\[|\\]|[ x\\-`a\né]|evidence:|—){0,60}") {
            let _ = Tasks::parse(&text);
        }
    }
}
