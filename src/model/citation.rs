//! Citations in Markdown: what a text says it stands on.
//!
//! A path is cited in backticks: `` `path` ``, `` `path:line` `` or `` `path:line-line` ``; a commit as `commit <hex>`;
//! a URL anywhere. Whether a path exists is decided here too, by [`CitedTree`], so that all checks agree.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Range;

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::digest::ObjectId;
use super::document::{LineIndex, options};
use super::path::RepoPath;
use super::tree::{MAX_TEXT_FILE, Mode, SightError, TreeView};

/// A place in a repository, as cited.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cited {
    /// The path as written; not yet checked to be an ordinary one.
    pub path: String,
    /// First and last line as written, from 1; equal for one line.
    pub lines: Option<(u32, u32)>,
}

/// What is cited.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CitationKind {
    /// A path, with lines where they are given.
    Path(Cited),
    /// One word in backticks that is a path only if such a file exists at the root, like `Makefile`.
    Word(String),
    /// `http://…` or `https://…`.
    Url(String),
    /// `commit` and 7 to 64 hex digits.
    Commit(String),
}

/// One citation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Citation {
    /// What is cited.
    pub kind: CitationKind,
    /// Its line, from 1.
    pub line: usize,
}

/// The citations in the Markdown `text`, whose first line has the number `first_line`, in order.
pub fn citations(text: &str, first_line: usize) -> Vec<Citation> {
    let lines = LineIndex::new(text);
    let mut found: Vec<(usize, CitationKind)> = Vec::new();
    let parser = Parser::new_ext(text, options());
    for (_, definition) in parser.reference_definitions().iter().filter(|(_, link)| is_url(&link.dest)) {
        found.push((definition.span.start, CitationKind::Url(definition.dest.to_string())));
    }
    let (mut links, mut blocks, mut after_commit, mut seen_to) = (0_usize, 0_usize, false, 0);
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                links += 1;
                if is_url(&dest_url) {
                    found.push((range.start, CitationKind::Url(dest_url.to_string())));
                }
            }
            Event::End(TagEnd::Link) => links = links.saturating_sub(1),
            Event::Start(Tag::CodeBlock(_) | Tag::MetadataBlock(_)) => blocks += 1,
            Event::End(TagEnd::CodeBlock | TagEnd::MetadataBlock(_)) => blocks = blocks.saturating_sub(1),
            Event::Code(code) => {
                let kind = if after_commit && is_commit(&code) {
                    Some(CitationKind::Commit(code.to_string()))
                } else {
                    CitationKind::of_code(&code)
                };
                found.extend(kind.map(|kind| (range.start, kind)));
                after_commit = false;
            }
            Event::Text(_) if blocks == 0 => {
                for word in words(text, range.clone()) {
                    let plain = text[word.clone()].trim_matches(|c: char| !c.is_alphanumeric());
                    if after_commit && is_commit(plain) {
                        found.push((word.start, CitationKind::Commit(plain.to_owned())));
                    }
                    after_commit = plain.eq_ignore_ascii_case("commit");
                    if links == 0 && word.start >= seen_to {
                        let end = text[word.start..].find(char::is_whitespace).map_or(text.len(), |to| word.start + to);
                        if let Some(url) = url_in(&text[word.start..end]) {
                            found.push((word.start, CitationKind::Url(url.to_owned())));
                        }
                        // A word in many parts is looked through once: what its first part does not begin, no later does.
                        seen_to = end;
                    }
                }
            }
            Event::Start(Tag::Paragraph | Tag::Item) => after_commit = false,
            _ => {}
        }
    }
    found.sort_by_key(|(at, _)| *at);
    let mut out: Vec<Citation> = Vec::new();
    for (at, kind) in found {
        out.push(Citation { kind, line: first_line + lines.line_of(at) - 1 });
    }
    out.dedup();
    out
}

/// The code spans of the Markdown `text` with their places, backticks included.
pub(super) fn code_spans(text: &str) -> Vec<(Range<usize>, String)> {
    let events = Parser::new_ext(text, options()).into_offset_iter();
    events
        .filter_map(|(event, range)| match event {
            Event::Code(code) => Some((range, code.to_string())),
            _ => None,
        })
        .collect()
}

impl CitationKind {
    /// What the code span `code` cites; `None` for code that is no citation, such as `x = 1` or `read()`.
    pub fn of_code(code: &str) -> Option<Self> {
        let code = code.trim();
        if is_url(code) {
            return Some(Self::Url(code.to_owned()));
        }
        if let Some(hex) = code.strip_prefix("commit ").map(str::trim).filter(|hex| is_commit(hex)) {
            return Some(Self::Commit(hex.to_owned()));
        }
        let cited = Cited::parse(code);
        let spaced = cited.path.contains(char::is_whitespace);
        let coded = cited.path.contains(|c: char| "(){}<>=;,\"'`$*|?!&\\".contains(c)) || cited.path.contains("::");
        if cited.path.is_empty() || coded || cited.path.contains("://") {
            return None;
        }
        let folder = cited.path.contains('/');
        if cited.lines.is_some() {
            return (!spaced || folder).then_some(Self::Path(cited));
        }
        if spaced {
            return None;
        }
        let named = cited.path.rsplit_once('.').is_some_and(|(stem, extension)| {
            !stem.is_empty()
                && (1..=10).contains(&extension.len())
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && extension.bytes().any(|byte| byte.is_ascii_alphabetic())
        });
        if folder || named {
            return Some(Self::Path(cited));
        }
        let word = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        cited.path.chars().all(word).then_some(Self::Word(cited.path))
    }
}

impl Cited {
    /// Reads `path`, `path:line`, `path:line:column` or `path:line-line`. Anything else is a path.
    pub fn parse(text: &str) -> Self {
        let number = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
        let lines = |text: &str| match text.split_once(['-', '–']) {
            Some((first, last)) => Some((number(first)?, number(last)?)),
            None => number(text).map(|line| (line, line)),
        };
        let whole = || Self { path: text.to_owned(), lines: None };
        let Some((rest, last)) = text.rsplit_once(':') else { return whole() };
        let Some(found) = lines(last).filter(|_| !rest.is_empty()) else { return whole() };
        match rest.rsplit_once(':').and_then(|(path, line)| Some((path, number(line)?))) {
            Some((path, line)) if !path.is_empty() && found.0 == found.1 => {
                Self { path: path.to_owned(), lines: Some((line, line)) }
            }
            _ => Self { path: rest.to_owned(), lines: Some(found) },
        }
    }

    /// The path, without a closing `/`.
    pub fn repo_path(&self) -> RepoPath {
        self.path.strip_suffix('/').unwrap_or(&self.path).into()
    }
}

/// A tree that citations are checked against. It counts the lines of each file once, however often it is cited.
pub struct CitedTree<'a> {
    tree: &'a dyn TreeView,
    also: Option<&'a dyn TreeView>,
    lines: RefCell<BTreeMap<ObjectId, usize>>,
}

impl<'a> CitedTree<'a> {
    /// Nothing is read yet.
    pub fn new(tree: &'a dyn TreeView) -> Self {
        Self { tree, also: None, lines: RefCell::default() }
    }

    /// What this tree does not hold may be in another one as well.
    #[must_use]
    pub fn or(self, also: Option<&'a dyn TreeView>) -> Self {
        Self { also, ..self }
    }

    /// Why the tree does not hold what is cited: the end of a sentence that starts with the citation. `None` where it
    /// does.
    pub fn problem(&self, cited: &Cited) -> Result<Option<String>, SightError> {
        match (self.problem_in(self.tree, cited)?, self.also) {
            (Some(problem), Some(also)) => Ok(self.problem_in(also, cited)?.map(|_| problem)),
            (problem, _) => Ok(problem),
        }
    }

    fn problem_in(&self, tree: &dyn TreeView, cited: &Cited) -> Result<Option<String>, SightError> {
        let path = cited.repo_path();
        if !path.is_ordinary() {
            return Ok(Some("is not a plain path from the repository's root".to_owned()));
        }
        let Some(entry) = tree.entry(&path)? else { return Ok(Some("does not exist".to_owned())) };
        let Some((first, last)) = cited.lines else { return Ok(None) };
        if first == 0 || last < first {
            return Ok(Some("names no range of lines: lines count from 1 upwards".to_owned()));
        }
        match entry.mode {
            Mode::File | Mode::Executable => {}
            Mode::Tree => return Ok(Some("is a folder and has no lines".to_owned())),
            _ => return Ok(Some("is not a file and has no lines".to_owned())),
        }
        let known = self.lines.borrow().get(&entry.id).copied();
        let count = match known {
            Some(count) => count,
            None => match tree.blob(&entry.id, &path, MAX_TEXT_FILE) {
                Ok(bytes) => {
                    let count = line_count(&bytes);
                    self.lines.borrow_mut().insert(entry.id, count);
                    count
                }
                Err(SightError::TooLarge { size, limit, .. }) => {
                    return Ok(Some(format!("has {size} bytes; lines are counted in files of at most {limit}")));
                }
                Err(error) => return Err(error),
            },
        };
        let missing = usize::try_from(last).map_or(true, |last| last > count);
        Ok(missing.then(|| format!("has no line {last}: it ends at line {count}")))
    }
}

impl std::fmt::Display for Cited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.lines {
            None => write!(f, "{}", self.path),
            Some((first, last)) if first == last => write!(f, "{}:{first}", self.path),
            Some((first, last)) => write!(f, "{}:{first}-{last}", self.path),
        }
    }
}

/// How many lines a file has; a last one without line feed counts.
fn line_count(bytes: &[u8]) -> usize {
    let feeds = bytes.iter().filter(|byte| **byte == b'\n').count();
    feeds + usize::from(bytes.last().is_some_and(|byte| *byte != b'\n'))
}

fn is_url(text: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            && text.len() > scheme.len() + 2
    })
}

/// The URL that starts somewhere in `word`, without punctuation at its end.
fn url_in(word: &str) -> Option<&str> {
    let start = word.find("http://").or_else(|| word.find("https://"))?;
    let url = word[start..].trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '>', '"', '\'', '*', '_']);
    is_url(url).then_some(url)
}

fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The words of `text[range]` as ranges of `text`.
fn words(text: &str, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let part = &text[range.clone()];
    part.split_whitespace().map(move |word| {
        let start = range.start + (word.as_ptr() as usize - part.as_ptr() as usize);
        start..start + word.len()
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::MemoryTree;
    use super::*;
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<String> {
        citations(text, 1)
            .into_iter()
            .map(|citation| match citation.kind {
                CitationKind::Path(cited) => format!("{} path {cited}", citation.line),
                CitationKind::Word(word) => format!("{} word {word}", citation.line),
                CitationKind::Url(url) => format!("{} url {url}", citation.line),
                CitationKind::Commit(hex) => format!("{} commit {hex}", citation.line),
            })
            .collect()
    }

    #[test]
    fn citations_are_found_with_their_lines() {
        let text = "- `src/a.rs` and `src/b.rs:7-9`\n- see https://example.org/a_b (x).\n- [docs](https://example.org/d)\n\
                    - commit `abcdef1`, commit abcdef2, `commit abcdef3`\n- `Makefile`, `x = 1`, `read()`, `a::b`\n\
                    <!-- `gone.rs` -->\n\n```\n`in/code.rs` https://example.org/code\n```\n";
        assert_eq!(
            kinds(text),
            [
                "1 path src/a.rs",
                "1 path src/b.rs:7-9",
                "2 url https://example.org/a_b",
                "3 url https://example.org/d",
                "4 commit abcdef1",
                "4 commit abcdef2",
                "4 commit abcdef3",
                "5 word Makefile",
            ]
        );
        assert_eq!(citations("`a/b`", 10)[0].line, 10);
    }

    #[test]
    fn spellings_of_lines() {
        let parsed = |text: &str| (Cited::parse(text).path, Cited::parse(text).lines);
        assert_eq!(parsed("a.rs:3"), ("a.rs".into(), Some((3, 3))));
        assert_eq!(parsed("a.rs:3:8"), ("a.rs".into(), Some((3, 3))));
        assert_eq!(parsed("a.rs:3–8"), ("a.rs".into(), Some((3, 8))));
        assert_eq!(parsed("a.rs:+3"), ("a.rs:+3".into(), None));
        assert_eq!(parsed("a.rs:99999999999"), ("a.rs:99999999999".into(), None));
        assert_eq!(parsed(":3"), (":3".into(), None));
    }

    #[test]
    fn a_tree_decides() {
        let mut tree = MemoryTree::new();
        tree.put("src/a.rs", "one\ntwo").put("empty", "");
        let cited = CitedTree::new(&tree);
        let problem = |text: &str| cited.problem(&Cited::parse(text)).unwrap();
        for fine in ["src/a.rs", "src/a.rs:2", "src/a.rs:1-2", "src/", "src", "empty"] {
            assert_eq!(problem(fine), None, "{fine}");
        }
        for (text, says) in [
            ("src/a.rs:3", "ends at line 2"),
            ("src/a.rs:0", "count from 1"),
            ("src/a.rs:2-1", "count from 1"),
            ("src:1", "folder"),
            ("empty:1", "ends at line 0"),
            ("src/b.rs", "does not exist"),
            ("../a", "plain path"),
            ("/etc/passwd:1", "plain path"),
            (".git/config:1", "plain path"),
        ] {
            assert!(problem(text).is_some_and(|problem| problem.contains(says)), "{text}: {:?}", problem(text));
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "([`:\\-a1/. \n<>\\[\\]()é]|commit |https://|\\[a\\]: ){0,60}") {
            let _ = citations(&text, 1);
            let _ = code_spans(&text);
            let _ = CitationKind::of_code(&text);
        }

        #[test]
        fn citations_stand_where_they_say(text in "([`:\\-a1/. \n<>\\[\\]()é]|- |\n\n|`a/b:1`|`c.rs`|commit abcdef1|https://x.y){0,40}", first in 1_usize..9) {
            let lines: Vec<&str> = text.split('\n').collect();
            for citation in citations(&text, first) {
                prop_assert!((first..first + lines.len()).contains(&citation.line), "{citation:?}");
                let from_there = lines[citation.line - first..].join(" ");
                let (CitationKind::Path(Cited { path: word, .. })
                | CitationKind::Word(word)
                | CitationKind::Url(word)
                | CitationKind::Commit(word)) = &citation.kind;
                let word = word.split_whitespace().next().unwrap_or_default();
                prop_assert!(from_there.contains(word), "{citation:?}");
            }
        }

        #[test]
        fn a_place_exists_where_the_bytes_say_so(
            files in proptest::collection::btree_map("[ab](/[ab]){0,2}|\\.git|\\.GIT/a", "([xé\n\r]|\n){0,6}", 0..4),
            path in "([ab](/[ab]){0,2}/?|\\.git|\\.GIT/a|\\.\\./a|/a|a//b|\\./a|a/\\.\\.|a\\\\b|)",
            lines in proptest::option::of((0_u32..9, proptest::option::of(0_u32..9))),
        ) {
            let mut tree = MemoryTree::new();
            // What is a file cannot be a folder as well.
            let is_folder = |path: &String| files.keys().any(|other| other.starts_with(&format!("{path}/")));
            for (path, text) in files.iter().filter(|(path, _)| !is_folder(path)) {
                tree.put(path.as_str(), text.as_str());
            }
            let spelled = match lines {
                None => path.clone(),
                Some((line, None)) => format!("{path}:{line}"),
                Some((first, Some(last))) => format!("{path}:{first}-{last}"),
            };
            let cited = Cited::parse(&spelled);
            let bare = path.strip_suffix('/').unwrap_or(&path).to_owned();
            let hostile = bare.is_empty()
                || bare.split('/').any(|name| ["", ".", ".."].contains(&name) || name.eq_ignore_ascii_case(".git") || name.contains('\\'));
            let text = files.get(&bare).filter(|_| !is_folder(&bare));
            let holds = match lines {
                None => text.is_some() || is_folder(&bare),
                Some((first, last)) => {
                    let count = text.map_or(0, |text| text.split_inclusive('\n').count());
                    let last = last.unwrap_or(first) as usize;
                    first > 0 && first as usize <= last && last <= count
                }
            };
            prop_assert_eq!(CitedTree::new(&tree).problem(&cited).unwrap().is_none(), holds && !hostile, "{}", spelled);
            // A second tree only adds, and never what is no plain path.
            let nothing = MemoryTree::new();
            let either = CitedTree::new(&nothing).or(Some(&tree)).problem(&cited).unwrap();
            prop_assert_eq!(either.is_none(), holds && !hostile, "{}", spelled);
        }

        #[test]
        fn printed_citations_read_back(path in "[a-z]{1,5}(/[a-z]{1,5}){0,2}", first in 1_u32..500, more in 0_u32..9) {
            let cited = Cited { path, lines: Some((first, first + more)) };
            prop_assert_eq!(Cited::parse(&cited.to_string()), cited);
        }
    }
}
