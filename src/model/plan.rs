//! A plan's machine-readable parts: what is to change, and which commands prove it.
//!
//! ```markdown
//! ## Changes
//! - `src/login.rs:10-20` — check the token before the session
//! - `src/token.rs` (new file) — read and verify tokens
//! - `src/legacy.rs` (removed) — nobody calls it any more
//!
//! ## Tests
//! - run `test` `tests/login.rs` — a wrong token is refused
//! ```
//!
//! Items inside an item that names a change describe that change; items inside any other item are changes themselves,
//! so that changes may be grouped. Read by phase checks and by `phase next`.

use std::collections::BTreeSet;

use super::citation::{CitationKind, Cited, code_spans};
use super::document::{Document, Item, Problem};
use super::name::Word;
use super::path::RepoPath;

/// One change that a plan announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// Where: an ordinary path.
    pub path: RepoPath,
    /// First and last line of what changes, from 1, as written.
    pub lines: Option<(u32, u32)>,
    /// Whether the file is to be created.
    pub new_file: bool,
    /// Whether the file is to be deleted.
    pub removed: bool,
    /// What changes and why.
    pub description: String,
    /// Its line in the plan, from 1.
    pub line: usize,
}

impl PlannedChange {
    /// The place as cited.
    pub fn cited(&self) -> Cited {
        Cited { path: self.path.as_str().unwrap_or_default().to_owned(), lines: self.lines }
    }
}

/// One command that a plan wants run, with paths added to its command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedCommand {
    /// The command's name in the profile.
    pub name: Word,
    /// What is added to its command line: ordinary paths, none of which looks like an option.
    pub paths: Vec<String>,
    /// What it proves.
    pub description: String,
    /// Its line in the plan, from 1.
    pub line: usize,
}

/// A plan as data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The items of `## Changes`.
    pub changes: Vec<PlannedChange>,
    /// All paths named below `## Changes`, in what describes a change, too: an item may say more than its first path.
    pub mentioned: BTreeSet<RepoPath>,
    /// The `run` items of `## Tests`.
    pub tests: Vec<SelectedCommand>,
    /// Items of `## Changes` that are no change.
    pub change_problems: Vec<Problem>,
    /// Items of `## Tests` that start with `run` and are no command.
    pub test_problems: Vec<Problem>,
}

impl Plan {
    /// Reads the plan in Markdown. Sections that are not there leave their lists empty.
    pub fn parse(text: &str) -> Self {
        Self::of(&Document::parse(text))
    }

    /// Reads the plan in a document that is already parsed.
    pub fn of(document: &Document) -> Self {
        let mut plan = Self::default();
        for section in document.sections.iter().filter(|section| section.is("Changes")) {
            plan.read_changes(&section.items);
            plan.mentioned.extend(section.items.iter().flat_map(mentioned));
        }
        for section in document.sections.iter().filter(|section| section.is("Tests")) {
            for item in &section.items {
                match selected(item) {
                    Some(Ok(test)) => plan.tests.push(test),
                    Some(Err(problem)) => plan.test_problems.push(problem),
                    None => {}
                }
            }
        }
        plan
    }

    fn read_changes(&mut self, items: &[Item]) {
        let mut change_depth: Option<usize> = None;
        for (index, item) in items.iter().enumerate() {
            if change_depth.is_some_and(|depth| item.depth > depth) {
                continue;
            }
            let inner: Vec<&Item> = items[index + 1..].iter().take_while(|inner| inner.depth > item.depth).collect();
            change_depth = None;
            let Some(named) = named(item) else {
                if inner.is_empty() {
                    let message = "this item names no path in backticks, such as `src/login.rs:10`".to_owned();
                    self.change_problems.push(Problem { line: item.line, message });
                }
                continue;
            };
            change_depth = Some(item.depth);
            match named.change(item, &inner) {
                Ok(change) => self.changes.push(change),
                Err(problem) => self.change_problems.push(problem),
            }
        }
    }
}

/// The part of an item that says where.
struct Named {
    cited: Cited,
    new_file: bool,
    removed: bool,
    description: String,
    line: usize,
}

impl Named {
    fn change(self, item: &Item, inner: &[&Item]) -> Result<PlannedChange, Problem> {
        let fail = |message: String| Err(Problem { line: item.line, message });
        let path = RepoPath::from(self.cited.path.as_str());
        if !path.is_ordinary() {
            return fail(format!("`{path}` is not a plain path from the repository's root"));
        }
        if self.new_file && self.removed {
            return fail(format!("`{path}` cannot be both a new file and removed"));
        }
        let mut description = self.description;
        for detail in inner {
            description.push('\n');
            description.push_str(&detail.text);
        }
        if !description.chars().any(char::is_alphanumeric) {
            return fail(format!("the item about `{path}` does not say what changes"));
        }
        Ok(PlannedChange {
            path,
            lines: self.cited.lines,
            new_file: self.new_file,
            removed: self.removed,
            description: description.trim().to_owned(),
            line: self.line,
        })
    }
}

/// The paths in an item's code spans.
fn mentioned(item: &Item) -> impl Iterator<Item = RepoPath> {
    let spans = code_spans(&item.text).into_iter();
    let named = spans
        .filter(|(_, code)| matches!(CitationKind::of_code(code), Some(CitationKind::Path(_) | CitationKind::Word(_))));
    named.map(|(_, code)| RepoPath::from(Cited::parse(code.trim()).path.as_str())).filter(RepoPath::is_ordinary)
}

/// The path an item is about: the code span it starts with; or else the first place that it cites with a line or a note;
/// or else the first path. Names such as `spec.replicas` look like paths too.
fn named(item: &Item) -> Option<Named> {
    let mut first = None;
    for (range, code) in code_spans(&item.text) {
        let leads = !item.text[..range.start].contains(char::is_alphanumeric);
        let (new_file, removed, rest) = notes(&item.text[range.end..]);
        let kind = CitationKind::of_code(&code);
        let fits = match kind {
            Some(CitationKind::Path(_)) => true,
            Some(CitationKind::Word(_)) => leads,
            _ => leads && (new_file || removed),
        };
        if !fits {
            continue;
        }
        let description = if leads { after_separator(rest) } else { item.text.clone() };
        let line = item.line + item.text[..range.start].matches('\n').count();
        let cited = Cited::parse(code.trim());
        let is_place = leads || cited.lines.is_some() || new_file || removed;
        let named = Named { cited, new_file, removed, description, line };
        if is_place {
            return Some(named);
        }
        first.get_or_insert(named);
    }
    first
}

/// Reads `(new file)` and `(removed)` after a path; hands back what follows them.
fn notes(text: &str) -> (bool, bool, &str) {
    let (mut new_file, mut removed) = (false, false);
    let mut rest = text;
    loop {
        let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || "*_".contains(c));
        let Some((note, after)) = trimmed.strip_prefix('(').and_then(|inner| inner.split_once(')')) else { break };
        match note.trim().to_lowercase().as_str() {
            "new file" | "new" => new_file = true,
            "removed" | "deleted" => removed = true,
            _ => break,
        }
        rest = after;
    }
    (new_file, removed, rest)
}

fn after_separator(text: &str) -> String {
    text.trim_start_matches(|c: char| c.is_whitespace() || "—–-:.,;*_".contains(c)).trim_end().to_owned()
}

/// The command that an item selects; `None` for an item that does not start with `run`.
fn selected(item: &Item) -> Option<Result<SelectedCommand, Problem>> {
    let text = item.text.as_str();
    let run = text.get(..3).filter(|word| word.eq_ignore_ascii_case("run"))?;
    let after = text[run.len()..].chars().next();
    if after.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let fail = |message: String| Some(Err(Problem { line: item.line, message }));
    let mut spans = code_spans(text).into_iter();
    let name = spans.next().filter(|(range, _)| text[run.len()..range.start].trim_matches([' ', '\n', ':']).is_empty());
    let Some((mut last, name)) = name else {
        return fail("this item starts with `run` and names no command in backticks, such as `run` `test`".to_owned());
    };
    let name = match Word::parse(name.trim()) {
        Ok(name) => name,
        Err(error) => return fail(format!("{error}; paths follow in backticks of their own")),
    };
    let mut paths = Vec::new();
    for (range, path) in spans {
        if !text[last.end..range.start].trim_matches([' ', '\n', ',']).is_empty() {
            break;
        }
        let path = path.trim().to_owned();
        if !RepoPath::from(path.as_str()).is_ordinary() || path.starts_with('-') || path.contains(char::is_control) {
            let path = RepoPath::from(path);
            return fail(format!("`{path}` is not a plain path from the repository's root"));
        }
        paths.push(path);
        last = range;
    }
    Some(Ok(SelectedCommand { name, paths, description: after_separator(&text[last.end..]), line: item.line }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "\
# Plan

## Changes

- `src/a.rs:10` — read the token first
- **`src/b.rs:10-20`**: drop the cache
  - `src/c.rs:1` shows how
- `src/new.rs` (new file) — holds the token
- `old.rs` (removed)
  - nobody calls it
- Backend
  - `src/d.rs:3` — call it
- In `src/e.rs:4` the loop ends early
- Tidy up
- `../x:1` — outside
- `/etc/passwd:1` — outside
- `.git/config:1` — outside
- `src/f.rs:1` —
- Set `spec.replicas` to 3 in `keep.rs:1`, so that two may fail
- Take `cfg.old` out with `gone.rs` (removed)
- `src/g.rs:7` — as `src/h.rs:8` does

## Tests

- run `test` `tests/login.rs`, `tests/token.rs` — a wrong token is refused
- Run `lint` — no `unwrap` is left
- running by hand is not needed
- run the tests
- run `test all`
- run `test` `--exec=evil` — no
";

    #[test]
    fn every_path_of_an_item_is_mentioned() {
        let plan = Plan::parse(
            "## Changes\n- `src/a.rs:1` — say hello, and raise the rate in `src/rates.rs:7`\n  - beside `Makefile`, not `a()`\n",
        );
        assert_eq!(plan.changes.iter().map(|change| change.path.clone()).collect::<Vec<_>>(), ["src/a.rs".into()]);
        assert_eq!(plan.mentioned, ["Makefile", "src/a.rs", "src/rates.rs"].map(RepoPath::from).into());
    }

    #[test]
    fn changes_are_read() {
        let plan = Plan::parse(TEXT);
        let seen: Vec<(String, bool, bool, usize)> = plan
            .changes
            .iter()
            .map(|change| (change.cited().to_string(), change.new_file, change.removed, change.line))
            .collect();
        let expected = [
            ("src/a.rs:10", false, false, 5),
            ("src/b.rs:10-20", false, false, 6),
            ("src/new.rs", true, false, 8),
            ("old.rs", false, true, 9),
            ("src/d.rs:3", false, false, 12),
            ("src/e.rs:4", false, false, 13),
            ("keep.rs:1", false, false, 19),
            ("gone.rs", false, true, 20),
            ("src/g.rs:7", false, false, 21),
        ];
        assert_eq!(seen, expected.map(|(path, new, gone, line)| (path.to_owned(), new, gone, line)));
        assert_eq!(plan.changes[0].description, "read the token first");
        assert_eq!(plan.changes[1].description, "drop the cache\n`src/c.rs:1` shows how");
        assert_eq!(plan.changes[3].description, "nobody calls it");
        let problems: Vec<usize> = plan.change_problems.iter().map(|problem| problem.line).collect();
        assert_eq!(problems, [14, 15, 16, 17, 18]);
    }

    #[test]
    fn commands_are_read() {
        let plan = Plan::parse(TEXT);
        let seen: Vec<(&str, Vec<&str>, &str)> = plan
            .tests
            .iter()
            .map(|test| {
                (test.name.as_str(), test.paths.iter().map(String::as_str).collect(), test.description.as_str())
            })
            .collect();
        assert_eq!(
            seen,
            [
                ("test", vec!["tests/login.rs", "tests/token.rs"], "a wrong token is refused"),
                ("lint", vec![], "no `unwrap` is left"),
            ]
        );
        let problems: Vec<usize> = plan.test_problems.iter().map(|problem| problem.line).collect();
        assert_eq!(problems, [28, 29, 30], "an option can never reach a command line");
    }

    proptest! {
        #[test]
        fn paths_of_plans_are_ordinary(
            items in proptest::collection::vec("(  )?- (run )?(`[-a./:~1]{1,12}`|x| |—|\\(new file\\)|\\(removed\\)){0,5}", 0..6)
        ) {
            let items = items.join("\n");
            let plan = Plan::parse(&format!("## Changes\n{items}\n## Tests\n{items}\n"));
            for change in &plan.changes {
                prop_assert!(change.path.is_ordinary());
            }
            for path in plan.tests.iter().flat_map(|test| &test.paths) {
                prop_assert!(RepoPath::from(path.as_str()).is_ordinary() && !path.starts_with('-'));
            }
        }
    }
}
