//! Strict reading of TOML: a file with its problems, and tables that refuse unknown and miss no mandatory keys.
//!
//! Reading goes on after a problem, so that one run tells all of them. Used by the readers of `config` alone.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::Problem;
use super::values::Value;
use crate::model::canonical::line_of;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_STATE_FILE, SightError, TreeView};

/// One file's text, and what was found wrong in it so far.
#[derive(Debug)]
pub(crate) struct Source {
    path: RepoPath,
    text: String,
    problems: RefCell<Vec<Problem>>,
}

impl Source {
    /// A file whose text is known.
    pub(crate) fn new(path: RepoPath, text: impl Into<String>) -> Rc<Self> {
        Rc::new(Self { path, text: text.into(), problems: RefCell::default() })
    }

    /// Reads the file at `path`; `None` where nothing is there. What is not a plain UTF-8 file of at most 64 KiB gives
    /// an empty text with a problem.
    pub(crate) fn read(tree: &dyn TreeView, path: &RepoPath) -> Result<Option<Rc<Self>>, SightError> {
        let Some(entry) = tree.entry(path)? else { return Ok(None) };
        if !entry.mode.is_file() {
            let source = Self::new(path.clone(), "");
            source.report(0, "this is not a plain file.", "replace it by a plain file of mode 100644");
            return Ok(Some(source));
        }
        let bytes = match tree.blob(&entry.id, path, MAX_STATE_FILE) {
            Ok(bytes) => bytes,
            Err(SightError::TooLarge { size, limit, .. }) => {
                let source = Self::new(path.clone(), "");
                let message = format!("the file has {size} bytes; at most {limit} are read.");
                source.report(0, message, format!("shorten it to {limit} bytes"));
                return Ok(Some(source));
            }
            Err(error) => return Err(error),
        };
        Ok(Some(match String::from_utf8(bytes) {
            Ok(text) => Self::new(path.clone(), text),
            Err(error) => {
                let offset = error.utf8_error().valid_up_to();
                let source = Self::new(path.clone(), String::from_utf8_lossy(error.as_bytes()));
                source.report(offset, "this byte is not UTF-8.", "save the file as UTF-8");
                source
            }
        }))
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where the file lies.
    pub(crate) fn path(&self) -> &RepoPath {
        &self.path
    }

    /// Notes a problem at the byte `offset`.
    pub(crate) fn report(&self, offset: usize, message: impl Into<String>, fix: impl Into<String>) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line_start = self.text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
        self.problems.borrow_mut().push(Problem {
            path: self.path.clone(),
            line: line_of(&self.text, offset),
            column: 1 + self.text[line_start..offset].chars().count(),
            message: message.into(),
            fix: fix.into(),
        });
    }

    /// Whether anything was found wrong so far.
    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.borrow().is_empty()
    }

    /// Hands over what was found.
    pub(crate) fn take_problems(&self) -> Vec<Problem> {
        self.problems.take()
    }

    /// The file as a TOML document; `None`, with a problem, where it is none. An unreadable file stays at its first
    /// problem: what follows from it would only confuse.
    pub(crate) fn document(&self) -> Option<Spanned<DeTable<'_>>> {
        if self.has_problems() {
            return None;
        }
        match DeTable::parse(&self.text) {
            Ok(document) => Some(document),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                let message = format!("this is not TOML: {}.", error.message().trim().replace('\n', " "));
                self.report(offset, message, "correct the syntax; https://toml.io describes it");
                None
            }
        }
    }
}

/// A place in a file.
#[derive(Debug, Clone)]
pub(crate) struct Spot {
    source: Rc<Source>,
    offset: usize,
}

impl Spot {
    /// The byte `offset` of `source`.
    pub(crate) fn new(source: &Rc<Source>, offset: usize) -> Self {
        Self { source: Rc::clone(source), offset }
    }

    /// Notes a problem here.
    pub(crate) fn report(&self, message: impl Into<String>, fix: impl Into<String>) {
        self.source.report(self.offset, message, fix);
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    /// What was read.
    pub(crate) value: T,
    /// Where.
    pub(crate) spot: Spot,
}

/// The values alone.
pub(crate) fn plain<T>(items: Vec<At<T>>) -> Vec<T> {
    items.into_iter().map(|at| at.value).collect()
}

/// One table of a document.
#[derive(Clone)]
pub(crate) struct Table<'d> {
    source: &'d Rc<Source>,
    entries: &'d DeTable<'d>,
    span: Range<usize>,
    title: String,
}

impl<'d> Table<'d> {
    /// The top of a document, which may have the keys `known` and no others.
    pub(crate) fn top(source: &'d Rc<Source>, document: &'d Spanned<DeTable<'d>>, known: &[&str]) -> Self {
        let title = "the top of the file".to_owned();
        let table = Self { source, entries: document.get_ref(), span: 0..0, title };
        table.only(known);
        table
    }

    /// A table whose keys are names that the reader checks itself.
    pub(crate) fn open(
        source: &'d Rc<Source>,
        entries: &'d DeTable<'d>,
        span: Range<usize>,
        title: impl Into<String>,
    ) -> Self {
        Self { source, entries, span, title: title.into() }
    }

    /// Reports every key that is not among `known`.
    pub(crate) fn only(&self, known: &[&str]) {
        for key in self.entries.keys() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let message = format!("`{}` is not a key of {}.", shorten(name), self.title);
            let fix = match nearest(name, known) {
                Some(meant) => format!("did you mean `{meant}`? The keys are {}", listed(known)),
                None => format!("remove it; the keys are {}", listed(known)),
            };
            self.source.report(key.span().start, message, fix);
        }
    }

    /// The value of `key` where it is given.
    pub(crate) fn get(&self, key: &str) -> Option<Value<'d>> {
        let (name, node) = self.entries.get_key_value(key)?;
        Some(Value::new(self.source, name.get_ref(), name.span(), node))
    }

    /// The value of `key`; reports where it is missing.
    pub(crate) fn need(&self, key: &str, example: &str) -> Option<Value<'d>> {
        let value = self.get(key);
        if value.is_none() {
            let message = format!("`{key}` is missing in {}.", self.title);
            self.source.report(self.span.start, message, format!("add a line such as `{key} = {example}`"));
        }
        value
    }

    /// The table at `key`, which may have the keys `known` and no others; `None` where it is not given.
    pub(crate) fn table(&self, key: &str, title: &str, known: &[&str]) -> Option<Table<'d>> {
        let table = self.get(key)?.table(title)?;
        table.only(known);
        Some(table)
    }

    /// All keys with their values, sorted by key.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (At<&'d str>, Value<'d>)> + use<'d> {
        let source = self.source;
        self.entries.iter().map(move |(key, node)| {
            let name: &'d str = key.get_ref();
            let value = Value::new(source, name, key.span(), node);
            (At { value: name, spot: Spot::new(source, key.span().start) }, value)
        })
    }

    /// Where the table begins.
    pub(crate) fn spot(&self) -> Spot {
        Spot::new(self.source, self.span.start)
    }
}

/// What a value is, for messages.
pub(crate) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The known word that somebody who wrote `word` most likely meant.
pub(crate) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    // The distance is quadratic, and nobody misspells a name into a page of text.
    if word.len() > 64 {
        return None;
    }
    let word = word.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&word, &candidate.to_lowercase());
    let best = known.iter().map(|candidate| (distance(candidate), *candidate)).min()?;
    (best.0 <= 1 + word.chars().count() / 4).then_some(best.1)
}

/// `a`, `b` and `c`, as people write lists.
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}

/// The first 80 characters: enough to recognise a text in a message.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
