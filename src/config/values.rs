//! Values of strict TOML files: each reading checks kind, size and form, and reports what does not fit.

use std::ops::{Range, RangeInclusive};
use std::rc::Rc;
use std::str::FromStr;

use globset::GlobBuilder;
use toml::Spanned;
use toml::de::DeValue;

use super::strict::{At, Source, Spot, Table, kind_of, listed, nearest, shorten};
use crate::model::escape::is_hidden;
use crate::model::law_id::{LawId, Level};
use crate::model::name::NameError;

/// The longest glob, in characters.
const MAX_GLOB: usize = 200;

/// One value, with the key that it belongs to.
#[derive(Clone)]
pub(crate) struct Value<'d> {
    source: &'d Rc<Source>,
    key: &'d str,
    key_span: Range<usize>,
    node: &'d Spanned<DeValue<'d>>,
}

impl<'d> Value<'d> {
    /// The value `node` of `key`.
    pub(crate) fn new(
        source: &'d Rc<Source>,
        key: &'d str,
        key_span: Range<usize>,
        node: &'d Spanned<DeValue<'d>>,
    ) -> Self {
        Self { source, key, key_span, node }
    }

    /// Where the value stands. Arrays of tables and dotted tables have no place of their own: then, where its key does.
    pub(crate) fn spot(&self) -> Spot {
        let span = self.node.span();
        let start = if span.is_empty() { self.key_span.start } else { span.start };
        Spot::new(self.source, start)
    }

    /// The bytes that the value covers.
    pub(crate) fn span(&self) -> Range<usize> {
        self.node.span()
    }

    fn at<T>(&self, value: T) -> At<T> {
        At { value, spot: self.spot() }
    }

    fn wrong_kind<T>(&self, wanted: &str, example: &str) -> Option<T> {
        let message = format!("`{}` must be {wanted}, not {}.", shorten(self.key), kind_of(self.node.get_ref()));
        self.spot().report(message, format!("write it as `{example}`"));
        None
    }

    /// Any text of at most `limit` bytes without NUL: what a program is given as an argument.
    pub(crate) fn raw_text(&self, limit: usize) -> Option<At<String>> {
        let Some(text) = self.node.get_ref().as_str() else { return self.wrong_kind("a text", "\"…\"") };
        if text.len() > limit || text.contains('\0') {
            let message = format!("`{}` must be a text of at most {limit} bytes without NUL.", shorten(self.key));
            self.spot().report(message, "shorten it, or move it to a script that is named here");
            return None;
        }
        Some(self.at(text.to_owned()))
    }

    /// One line for people or programs: 1 to `limit` characters, none of them hidden, no space at its ends.
    pub(crate) fn line(&self, limit: usize) -> Option<At<String>> {
        let Some(text) = self.node.get_ref().as_str() else { return self.wrong_kind("a text", "\"…\"") };
        let report = |what: &str, fix: &str| self.spot().report(format!("`{}` {what}.", shorten(self.key)), fix);
        let length = text.chars().count();
        if text.trim().is_empty() {
            report("is empty", "write a text between the quotes");
        } else if length > limit {
            report(&format!("has {length} characters; at most {limit} are allowed"), "shorten it");
        } else if text.chars().any(is_hidden) {
            report("holds control or invisible characters", "remove them, line breaks included");
        } else if text.trim() != text {
            report("begins or ends with a space", "remove the space");
        } else {
            return Some(self.at(text.to_owned()));
        }
        None
    }

    /// A name of one of the model's types.
    pub(crate) fn name<T: FromStr<Err = NameError>>(&self) -> Option<At<T>> {
        let Some(text) = self.node.get_ref().as_str() else { return self.wrong_kind("a text", "\"…\"") };
        match text.parse() {
            Ok(name) => Some(self.at(name)),
            Err(error) => {
                self.spot().report(format!("{error}."), "choose a name of that form");
                None
            }
        }
    }

    /// One of a few known words.
    pub(crate) fn word<T: Copy>(&self, known: &[(&str, T)]) -> Option<At<T>> {
        let words: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
        let Some(text) = self.node.get_ref().as_str() else {
            return self.wrong_kind("a text", &format!("\"{}\"", words.first().unwrap_or(&"…")));
        };
        if let Some((_, value)) = known.iter().find(|(word, _)| *word == text) {
            return Some(self.at(*value));
        }
        let message = format!("`{}` is no value of `{}`.", shorten(text), shorten(self.key));
        let fix = match nearest(text, &words) {
            Some(meant) => format!("did you mean `{meant}`? Allowed are {}", listed(&words)),
            None => format!("allowed are {}", listed(&words)),
        };
        self.spot().report(message, fix);
        None
    }

    /// The level of a law.
    pub(crate) fn level(&self) -> Option<At<Level>> {
        self.word(&[("off", Level::Off), ("warn", Level::Warn), ("error", Level::Error)])
    }

    /// A law's id.
    pub(crate) fn law(&self) -> Option<At<LawId>> {
        let Some(text) = self.node.get_ref().as_str() else { return self.wrong_kind("a text", "\"AO-L1\"") };
        law_of(text, &self.spot()).map(|law| self.at(law))
    }

    /// A whole number within `range`.
    pub(crate) fn number(&self, range: RangeInclusive<u32>) -> Option<At<u32>> {
        let Some(integer) = self.node.get_ref().as_integer() else {
            return self.wrong_kind("a whole number", &range.start().to_string());
        };
        let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok();
        if let Some(number) = number.filter(|number| range.contains(number)) {
            return Some(self.at(number));
        }
        let (low, high) = (range.start(), range.end());
        let message = format!("`{}` must lie between {low} and {high}.", shorten(self.key));
        self.spot().report(message, format!("write a whole number from {low} to {high}"));
        None
    }

    /// A fraction of at most 3 decimals within `0..=limit`, in thousandths.
    pub(crate) fn thousandths(&self, limit: u32) -> Option<At<u32>> {
        let node = self.node.get_ref();
        let text =
            node.as_float().map(|float| float.as_str()).or_else(|| node.as_integer().map(|whole| whole.as_str()));
        let Some(text) = text else { return self.wrong_kind("a fraction", "3.5") };
        match text.parse::<f64>() {
            Ok(number) if (0.0..=f64::from(limit)).contains(&number) => Some(self.at((number * 1000.0).round() as u32)),
            _ => {
                let message = format!("`{}` must lie between 0 and {limit}.", shorten(self.key));
                self.spot().report(message, "write a number such as 3.5");
                None
            }
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self) -> Option<bool> {
        self.node.get_ref().as_bool().or_else(|| self.wrong_kind("`true` or `false`", "false"))
    }

    /// A command line: a program and its arguments; empty where nothing is said yet.
    pub(crate) fn words(&self) -> Option<Vec<String>> {
        let items = self.list(64)?;
        let count = items.len();
        let words: Vec<String> = items.iter().filter_map(|item| item.raw_text(4000)).map(|at| at.value).collect();
        if words.first().is_some_and(|program| program.trim().is_empty()) {
            self.spot().report("the program to run is empty.", "write the program first, then its arguments");
            return None;
        }
        (words.len() == count).then_some(words)
    }

    /// The items of a list of at most `limit` items.
    pub(crate) fn list(&self, limit: usize) -> Option<Vec<Value<'d>>> {
        let Some(items) = self.node.get_ref().as_array() else { return self.wrong_kind("a list", "[]") };
        if items.len() > limit {
            let message = format!("`{}` has {} items; at most {limit} are allowed.", shorten(self.key), items.len());
            self.spot().report(message, "remove some");
            return None;
        }
        Some(items.iter().map(|node| Self::new(self.source, self.key, self.key_span.clone(), node)).collect())
    }

    /// A list of at most `limit` different items, each read by `read`; `None` where any of them does not fit, so that
    /// nobody complains about what is then missing.
    pub(crate) fn set<T: PartialEq>(&self, limit: usize, read: impl Fn(&Self) -> Option<At<T>>) -> Option<Vec<At<T>>> {
        let items = self.list(limit)?;
        let count = items.len();
        let mut found: Vec<At<T>> = Vec::new();
        for read in items.iter().filter_map(read) {
            if found.iter().any(|other| other.value == read.value) {
                read.spot.report(format!("this item of `{}` stands there twice.", shorten(self.key)), "remove one");
            } else {
                found.push(read);
            }
        }
        (found.len() == count).then_some(found)
    }

    /// A table; its keys are not checked yet. `title` names it in messages.
    pub(crate) fn table(&self, title: &str) -> Option<Table<'d>> {
        let Some(entries) = self.node.get_ref().as_table() else {
            return self.wrong_kind("a table", "{ key = value }");
        };
        let span = self.node.span();
        let span = if span.is_empty() { self.key_span.clone() } else { span };
        Some(Table::open(self.source, entries, span, title))
    }

    /// A glob over paths of the repository.
    pub(crate) fn glob(&self) -> Option<At<String>> {
        let glob = self.line(MAX_GLOB)?;
        is_glob(&glob.value, &glob.spot).then_some(glob)
    }
}

/// Reads a law's id as it is spelled in the documentation; reports at `spot`.
pub(crate) fn law_of(text: &str, spot: &Spot) -> Option<LawId> {
    if let Some(law) = LawId::ALL.iter().copied().find(|law| law.as_str() == text) {
        return Some(law);
    }
    let ids: Vec<&str> = LawId::ALL.iter().map(|law| law.as_str()).collect();
    let fix = match nearest(text, &ids) {
        Some(meant) => format!("did you mean `{meant}`? `agentops explain` lists all laws"),
        None => "`agentops explain` lists all laws".to_owned(),
    };
    spot.report(format!("`{}` is not the id of a law.", shorten(text)), fix);
    None
}

/// Whether `text` is a glob that can match a path of a repository; reports at `spot`.
pub(crate) fn is_glob(text: &str, spot: &Spot) -> bool {
    let leaves = text.starts_with('/') || text.split('/').any(|name| matches!(name, "" | "." | ".."));
    if leaves {
        let message = format!("the glob `{}` is not relative to the root of the repository.", shorten(text));
        spot.report(message, "write it without a leading or doubled `/` and without `.` or `..`");
        return false;
    }
    // What is said by `*` and `?` alone is always one, and to compile those of a fresh config would be a seventh of reading it.
    if !text.contains(['[', ']', '{', '}', '\\']) {
        return true;
    }
    match GlobBuilder::new(text).literal_separator(true).build() {
        Ok(_) => true,
        Err(error) => {
            spot.report(format!("`{}` is not a glob: {}.", shorten(text), error.kind()), "correct the glob");
            false
        }
    }
}
