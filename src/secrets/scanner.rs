//! The search: keywords first, then the rule's expression on the line around one, then reasons why that may be no secret.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::Input;

use super::allow::Marker;
use super::automaton::Automaton;
use super::found::{Allow, Found};
use super::pattern::{Pattern, PatternError};
use super::{allow, builtin, checksum, entropy, placeholder, prefilter};
use crate::model::path::RepoPath;
use crate::model::secret_rules::{Allowlist, GENERIC, KEY, SecretRule, SecretRules, Target, Text};

/// Files of more bytes are not searched.
pub const MAX_SCANNED: u64 = 16 * 1024 * 1024;
/// Of one file so many secrets are told.
pub const MAX_FOUND: usize = 100;

/// So far before a keyword, and behind it, its line is read.
const BEFORE: usize = 512;
const BEHIND: usize = 4096;
/// So far behind it where a rule's expression crosses lines.
const ACROSS: usize = 16 * 1024;
/// Among so many first bytes a zero makes a file none of text, as for git.
const TEXT_PROBE: usize = 8000;

/// A rule that cannot be used after all: its expressions are compiled when they are first wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rule `{rule}` about secrets cannot be used: {source}; {}", source.fix)]
pub struct RuleError {
    /// Its id.
    pub rule: String,
    /// Why.
    #[source]
    pub source: PatternError,
}

/// Rules, ready to search with. May be used by several threads at once.
pub struct Scanner<'r> {
    own: &'r SecretRules,
    /// The repository's own rules, numbered behind the built-in ones.
    slots: Vec<Slot<'r>>,
    /// Their keywords; those of the built-in rules are there already.
    keywords: Option<Automaton>,
    lists: OnceLock<Result<Vec<List>, RuleError>>,
}

/// A rule and its expressions, each compiled when it is first asked: most keywords are followed by nothing, so most rules
/// never need more than one.
struct Slot<'r> {
    rule: &'r SecretRule,
    path: OnceLock<Result<Option<Pattern>, RuleError>>,
    pattern: OnceLock<Result<Pattern, RuleError>>,
    lists: OnceLock<Result<Vec<List>, RuleError>>,
}

/// The expressions of an allowlist.
struct List {
    paths: Vec<Pattern>,
    regexes: Vec<Pattern>,
}

/// What a search found.
#[derive(Debug, Default)]
pub struct Scan<'s> {
    /// In the order of the file.
    pub found: Vec<Found<'s>>,
    /// Whether there is more than is told.
    pub has_more: bool,
}

/// One search.
struct Search<'s, 'b> {
    path: &'b RepoPath,
    bytes: &'b [u8],
    is_text: bool,
    candidates: Vec<Candidate<'s>>,
    /// Where a rule knows why what it matches is no secret.
    explained: Vec<Range<usize>>,
}

struct Candidate<'s> {
    slot: u16,
    rule: &'s SecretRule,
    secret: Range<usize>,
}

impl<'r> Scanner<'r> {
    /// The built-in rules, less and more what a repository says. Nothing is compiled yet.
    pub fn new(own: &'r SecretRules) -> Self {
        let numbered = (builtin().len()..).map(|number| u16::try_from(number).unwrap_or(u16::MAX)).zip(&own.rules);
        let words =
            |(number, rule): (u16, &'r SecretRule)| rule.keywords.iter().map(move |word| (word.as_ref(), number));
        let keywords = (!own.rules.is_empty()).then(|| Automaton::new(numbered.flat_map(words)));
        Self { own, slots: own.rules.iter().map(Slot::new).collect(), keywords, lists: OnceLock::new() }
    }

    /// The rule of this number, if it is switched on.
    fn slot(&self, number: u16) -> Option<&Slot<'r>> {
        let number = usize::from(number);
        match builtin_slots().get(number) {
            Some(slot) => (!self.own.disabled.contains(slot.rule.id.as_ref())).then_some(slot),
            None => self.slots.get(number - builtin().len()),
        }
    }

    /// What is in a file with these bytes.
    ///
    /// # Errors
    ///
    /// A rule that is wanted and cannot be used: what was not searched for was not found to be absent.
    pub fn scan(&self, path: &RepoPath, bytes: &[u8]) -> Result<Scan<'_>, RuleError> {
        match from_utf16(bytes) {
            Some(text) => self.scan_bytes(path, text.as_bytes()),
            None => self.scan_bytes(path, bytes),
        }
    }

    fn scan_bytes(&self, path: &RepoPath, bytes: &[u8]) -> Result<Scan<'_>, RuleError> {
        let is_text = !bytes[..bytes.len().min(TEXT_PROBE)].contains(&0);
        let mut search = Search { path, bytes, is_text, candidates: Vec::new(), explained: Vec::new() };
        // For each rule, how far it has searched already.
        let mut done = vec![0usize; builtin().len() + self.slots.len()];
        let mut failed = None;
        for automaton in [Some(builtin::keywords()), self.keywords.as_ref()].into_iter().flatten() {
            prefilter::each_hit(automaton, bytes, |end, owners| {
                for owner in owners {
                    let done = &mut done[usize::from(*owner)];
                    if end <= *done || failed.is_some() || search.is_full() {
                        continue;
                    }
                    let Some(slot) = self.slot(*owner).filter(|slot| is_text || !slot.rule.has_tag(GENERIC)) else {
                        *done = usize::MAX;
                        continue;
                    };
                    match self.search_around(&mut search, (*owner, slot), end) {
                        Ok(searched) => *done = searched,
                        Err(error) => failed = Some(error),
                    }
                }
            });
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(search.finish()),
        }
    }

    /// Asks one rule about the line on which its keyword ends at `end`; how far it has been answered.
    fn search_around<'s>(
        &'s self,
        search: &mut Search<'s, '_>,
        (number, slot): (u16, &'s Slot<'r>),
        end: usize,
    ) -> Result<usize, RuleError> {
        let bytes = search.bytes;
        if let Some(shape) = builtin::shape(number) {
            let window = window(bytes, end, shape.crosses_lines);
            if !shape.may_match(&bytes[window.clone()]) {
                return Ok(answered(bytes, end, &window, shape.crosses_lines));
            }
        }
        if slot.path()?.is_some_and(|path| !path.is_match(search.path.as_bytes())) {
            return Ok(bytes.len());
        }
        let pattern = slot.pattern()?;
        let window = window(bytes, end, pattern.crosses_lines);
        let regex = &pattern.regex;
        let mut input = Input::new(bytes).range(window.clone());
        if !regex.is_match(input.clone()) {
            return Ok(answered(bytes, end, &window, pattern.crosses_lines));
        }
        let mut captures = regex.create_captures();
        loop {
            regex.search_captures(&input, &mut captures);
            let Some(whole) = captures.get_match() else { break };
            let group = match slot.rule.secret_group {
                0 => (1..captures.group_len()).find_map(|group| captures.get_group(group)),
                group => captures.get_group(group as usize),
            };
            let secret = group.map_or(whole.range(), |span| span.range());
            let next = whole.end().max(whole.start() + 1);
            if !secret.is_empty() {
                match self.weigh((number, slot), search, &whole.range(), &secret)? {
                    Weight::Secret => search.add(Candidate { slot: number, rule: slot.rule, secret }),
                    Weight::Explained => search.explained.push(secret),
                    Weight::Nothing => {}
                }
            }
            if next > window.end || search.is_full() {
                break;
            }
            input.set_start(next);
        }
        Ok(answered(bytes, end, &window, pattern.crosses_lines))
    }

    fn weigh(
        &self,
        (number, slot): (u16, &Slot<'_>),
        search: &Search<'_, '_>,
        whole: &Range<usize>,
        secret: &Range<usize>,
    ) -> Result<Weight, RuleError> {
        let rule = slot.rule;
        let is_builtin = usize::from(number) < builtin().len();
        let text = &search.bytes[secret.clone()];
        if rule.entropy > 0 && entropy::of(text) <= rule.entropy {
            return Ok(Weight::Nothing);
        }
        let made_up = rule.checksum.is_some_and(|kind| !checksum::holds(kind, text));
        let stands_for = is_builtin && !rule.has_tag(KEY) && placeholder::is_placeholder(text);
        if made_up || stands_for {
            return Ok(Weight::Explained);
        }
        let of_all = self.own.allowlists.iter().zip(self.lists()?);
        let global = of_all.filter(|(list, _)| list.rules.is_empty() || list.rules.contains(&rule.id));
        let mut lists = rule.allowlists.iter().zip(slot.lists()?).chain(global);
        if lists.any(|(list, patterns)| patterns.allows(list, search, whole, secret)) {
            return Ok(Weight::Explained);
        }
        Ok(Weight::Secret)
    }

    fn lists(&self) -> Result<&[List], RuleError> {
        let compile = || self.own.allowlists.iter().map(|list| List::new("allowlists", list)).collect();
        self.lists.get_or_init(compile).as_deref().map_err(Clone::clone)
    }
}

/// What a match weighs.
enum Weight {
    Secret,
    /// No secret, and it is known what it is instead: rules that know less need not ask.
    Explained,
    Nothing,
}

/// The built-in rules, compiled at most once in a process.
fn builtin_slots() -> &'static [Slot<'static>] {
    static SLOTS: OnceLock<Vec<Slot<'static>>> = OnceLock::new();
    SLOTS.get_or_init(|| builtin().iter().map(Slot::new).collect())
}

impl<'r> Slot<'r> {
    fn new(rule: &'r SecretRule) -> Self {
        Self { rule, path: OnceLock::new(), pattern: OnceLock::new(), lists: OnceLock::new() }
    }

    fn path(&self) -> Result<Option<&Pattern>, RuleError> {
        let compile = || self.rule.path.as_ref().map(|path| compile(&self.rule.id, path)).transpose();
        self.path.get_or_init(compile).as_ref().map(Option::as_ref).map_err(Clone::clone)
    }

    fn pattern(&self) -> Result<&Pattern, RuleError> {
        self.pattern.get_or_init(|| compile(&self.rule.id, &self.rule.regex)).as_ref().map_err(Clone::clone)
    }

    fn lists(&self) -> Result<&[List], RuleError> {
        let compile = || self.rule.allowlists.iter().map(|list| List::new(&self.rule.id, list)).collect();
        self.lists.get_or_init(compile).as_deref().map_err(Clone::clone)
    }
}

impl List {
    fn new(rule: &str, list: &Allowlist) -> Result<Self, RuleError> {
        let all = |texts: &[Text]| texts.iter().map(|text| compile(rule, text)).collect::<Result<Vec<_>, _>>();
        Ok(Self { paths: all(&list.paths)?, regexes: all(&list.regexes)? })
    }

    fn allows(&self, list: &Allowlist, search: &Search<'_, '_>, whole: &Range<usize>, secret: &Range<usize>) -> bool {
        let secret_text = &search.bytes[secret.clone()];
        let target = match list.target {
            Target::Secret => secret_text,
            Target::Match => trimmed(&search.bytes[whole.clone()]),
            Target::Line => {
                let (start, end) = allow::line(search.bytes, secret.start);
                &search.bytes[start..end]
            }
        };
        let lower = secret_text.to_ascii_lowercase();
        let kinds = [
            (self.paths.is_empty(), self.paths.iter().any(|path| path.is_match(search.path.as_bytes()))),
            (self.regexes.is_empty(), self.regexes.iter().any(|regex| regex.is_match(target))),
            (
                list.stopwords.is_empty(),
                list.stopwords.iter().any(|word| placeholder::contains(&lower, word.to_ascii_lowercase().as_bytes())),
            ),
        ];
        let mut given = kinds.iter().filter(|(is_empty, _)| !is_empty).map(|(_, holds)| *holds).peekable();
        given.peek().is_some() && if list.all { given.all(|holds| holds) } else { given.any(|holds| holds) }
    }
}

impl<'s> Search<'s, '_> {
    fn is_full(&self) -> bool {
        self.candidates.len() >= 2 * MAX_FOUND
    }

    fn add(&mut self, candidate: Candidate<'s>) {
        // Two windows may hold one secret; the end of the first may cut it.
        let is_same =
            |other: &&mut Candidate<'_>| other.slot == candidate.slot && overlap(&other.secret, &candidate.secret);
        match self.candidates.iter_mut().find(is_same) {
            Some(other) if other.secret.len() < candidate.secret.len() => *other = candidate,
            Some(_) => {}
            None => self.candidates.push(candidate),
        }
    }

    /// One finding for each secret: the first rule that knows it, one that knows only its name last.
    fn finish(mut self) -> Scan<'s> {
        let mut has_more = self.is_full();
        let rank =
            |candidate: &Candidate<'_>| (candidate.rule.has_tag(GENERIC), candidate.slot, candidate.secret.start);
        self.candidates.sort_by_key(rank);
        let mut taken: Vec<Candidate<'s>> = Vec::new();
        for candidate in std::mem::take(&mut self.candidates) {
            let is_known = taken.iter().any(|other| overlap(&other.secret, &candidate.secret))
                || (candidate.rule.has_tag(GENERIC)
                    && self.explained.iter().any(|range| overlap(range, &candidate.secret)));
            if !is_known {
                taken.push(candidate);
            }
        }
        taken.sort_by_key(|candidate| candidate.secret.start);
        has_more |= taken.len() > MAX_FOUND;
        taken.truncate(MAX_FOUND);
        let (mut line, mut begins, mut counted) = (1, 0, 0);
        let mut found: Vec<Found<'s>> = Vec::with_capacity(taken.len());
        let mut markers: Vec<Option<Marker>> = Vec::with_capacity(taken.len());
        for candidate in taken {
            let Range { start, end } = candidate.secret;
            let passed = &self.bytes[counted..start];
            if self.is_text
                && let Some(last) = passed.iter().rposition(|byte| *byte == b'\n')
            {
                line += passed.iter().filter(|byte| **byte == b'\n').count();
                begins = counted + last + 1;
            }
            counted = start;
            markers.push(allow::marker(self.bytes, start));
            found.push(Found {
                rule: candidate.rule,
                line: self.is_text.then_some(line),
                column: Some(start - begins + 1),
                allow: None,
                secret: self.bytes[start..end].to_vec(),
            });
        }
        allow_marked(&mut found, markers);
        keep_columns_of_several(&mut found);
        Scan { found, has_more }
    }
}

/// Enters what the marker of each says, with how many different ones that marker is beside.
fn allow_marked(found: &mut [Found<'_>], markers: Vec<Option<Marker>>) {
    let mut beside: HashMap<usize, HashSet<Vec<u8>>> = HashMap::new();
    for (found, marker) in found.iter().zip(&markers) {
        if let Some(marker) = marker {
            beside.entry(marker.at).or_default().insert(found.secret.clone());
        }
    }
    for (found, marker) in found.iter_mut().zip(markers) {
        found.allow = marker.map(|Marker { at, excuses, reason }| Allow { reason, excuses, there: beside[&at].len() });
    }
}

/// Where one is alone on its line, the line says where it is.
fn keep_columns_of_several(found: &mut [Found<'_>]) {
    let lines: Vec<Option<usize>> = found.iter().map(|found| found.line).collect();
    for found in found {
        found.column = found.column.filter(|_| lines.iter().filter(|line| **line == found.line).count() > 1);
    }
}

fn compile(rule: &str, text: &str) -> Result<Pattern, RuleError> {
    Pattern::new(text).map_err(|source| RuleError { rule: rule.to_owned(), source })
}

fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

/// A match without the line end that its expression may have looked at.
fn trimmed(bytes: &[u8]) -> &[u8] {
    bytes.trim_ascii_end()
}

/// The line of the keyword that ends at `end`, its own end included; cut where it is long, longer where a rule wants more.
fn window(bytes: &[u8], end: usize, crosses_lines: bool) -> Range<usize> {
    let from = end.saturating_sub(BEFORE);
    let start = bytes[from..end].iter().rposition(|byte| *byte == b'\n').map_or(from, |newline| from + newline + 1);
    if crosses_lines {
        return start..bytes.len().min(end + ACROSS);
    }
    let to = bytes.len().min(end + BEHIND);
    let stop = bytes[end..to].iter().position(|byte| *byte == b'\n').map_or(to, |newline| end + newline + 1);
    start..stop
}

/// How far a window answers for the keywords in it: where it is cut, those in its second half get one of their own, so that
/// none has less than half of it behind itself.
fn answered(bytes: &[u8], end: usize, window: &Range<usize>, crosses_lines: bool) -> usize {
    let is_line = !crosses_lines && bytes[..window.end].ends_with(b"\n");
    if is_line || window.end == bytes.len() { window.end } else { end + (window.end - end) / 2 }
}

/// The text of a file that says by its first bytes that it is UTF-16.
fn from_utf16(bytes: &[u8]) -> Option<String> {
    let (little, rest) = match bytes {
        [0xff, 0xfe, rest @ ..] => (true, rest),
        [0xfe, 0xff, rest @ ..] => (false, rest),
        _ => return None,
    };
    let unit = |pair: &[u8]| {
        let pair = [pair[0], pair[1]];
        if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) }
    };
    Some(String::from_utf16_lossy(&rest.chunks_exact(2).map(unit).collect::<Vec<u16>>()))
}

#[cfg(test)]
mod tests;
