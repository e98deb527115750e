//! The search: keywords first, then the rule's expression on the line around one, then reasons why that may be no secret.

use std::ops::Range;
use std::sync::OnceLock;

use regex_automata::Input;

use super::automaton::Automaton;
use super::found::Found;
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
    slots: Vec<Slot<'r>>,
    /// The keywords of the repository's own rules; those of the built-in ones are there already.
    own: Option<Automaton>,
    lists: &'r [Allowlist],
    compiled_lists: OnceLock<Result<Vec<List<'r>>, RuleError>>,
}

struct Slot<'r> {
    rule: &'r SecretRule,
    is_on: bool,
    is_builtin: bool,
    compiled: OnceLock<Result<Compiled<'r>, RuleError>>,
}

/// A rule's expressions.
struct Compiled<'r> {
    pattern: Pattern,
    path: Option<Pattern>,
    lists: Vec<List<'r>>,
}

/// An allowlist with its expressions.
struct List<'r> {
    list: &'r Allowlist,
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
    slot: usize,
    rule: &'s SecretRule,
    secret: Range<usize>,
}

impl<'r> Scanner<'r> {
    /// The built-in rules, less and more what a repository says. Nothing is compiled yet.
    pub fn new(own: &'r SecretRules) -> Self {
        let slot = |rule, is_on, is_builtin| Slot { rule, is_on, is_builtin, compiled: OnceLock::new() };
        let known = builtin().iter().map(|rule| slot(rule, !own.disabled.contains(rule.id.as_ref()), true));
        let slots: Vec<Slot<'r>> = known.chain(own.rules.iter().map(|rule| slot(rule, true, false))).collect();
        let keywords = |rules: &'r [SecretRule]| {
            let numbered = (builtin().len()..).map(|number| u16::try_from(number).unwrap_or(u16::MAX)).zip(rules);
            Automaton::new(
                numbered.flat_map(|(number, rule)| rule.keywords.iter().map(move |word| (word.as_ref(), number))),
            )
        };
        let automaton = (!own.rules.is_empty()).then(|| keywords(&own.rules));
        Self { slots, own: automaton, lists: &own.allowlists, compiled_lists: OnceLock::new() }
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
        let mut done = vec![0usize; self.slots.len()];
        let mut failed = None;
        for automaton in [Some(builtin::keywords()), self.own.as_ref()].into_iter().flatten() {
            prefilter::each_hit(automaton, bytes, |end, owners| {
                for owner in owners {
                    let Some(slot) = self.slots.get(usize::from(*owner)) else { continue };
                    let done = &mut done[usize::from(*owner)];
                    let waits = !slot.is_on || end <= *done || failed.is_some() || search.is_full();
                    if waits || (!is_text && slot.rule.has_tag(GENERIC)) {
                        continue;
                    }
                    match self.search_around(&mut search, usize::from(*owner), end) {
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
    fn search_around<'s>(&'s self, search: &mut Search<'s, '_>, number: usize, end: usize) -> Result<usize, RuleError> {
        let slot = &self.slots[number];
        let compiled = slot.compiled()?;
        let bytes = search.bytes;
        if compiled.path.as_ref().is_some_and(|path| !path.is_match(search.path.as_bytes())) {
            return Ok(bytes.len());
        }
        let window = window(bytes, end, compiled.pattern.crosses_lines);
        let regex = &compiled.pattern.regex;
        let mut input = Input::new(bytes).range(window.clone());
        if !regex.is_match(input.clone()) {
            return Ok(window.end);
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
                let lists = self.lists()?;
                match self.weigh(slot, compiled, lists, search, &whole.range(), &secret) {
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
        Ok(window.end)
    }

    fn weigh(
        &self,
        slot: &Slot<'_>,
        compiled: &Compiled<'_>,
        lists: &[List<'_>],
        search: &Search<'_, '_>,
        whole: &Range<usize>,
        secret: &Range<usize>,
    ) -> Weight {
        let rule = slot.rule;
        let text = &search.bytes[secret.clone()];
        if rule.entropy > 0 && entropy::of(text) <= rule.entropy {
            return Weight::Nothing;
        }
        let made_up = rule.checksum.is_some_and(|kind| !checksum::holds(kind, text));
        let stands_for = slot.is_builtin && !rule.has_tag(KEY) && placeholder::is_placeholder(text);
        if made_up || stands_for {
            return Weight::Explained;
        }
        let global = lists.iter().filter(|list| list.list.rules.is_empty() || list.list.rules.contains(&rule.id));
        if compiled.lists.iter().chain(global).any(|list| list.allows(search, whole, secret)) {
            return Weight::Explained;
        }
        Weight::Secret
    }

    fn lists(&self) -> Result<&[List<'r>], RuleError> {
        let compile = || self.lists.iter().map(|list| List::new("allowlists", list)).collect();
        self.compiled_lists.get_or_init(compile).as_deref().map_err(Clone::clone)
    }
}

/// What a match weighs.
enum Weight {
    Secret,
    /// No secret, and it is known what it is instead: rules that know less need not ask.
    Explained,
    Nothing,
}

impl<'r> Slot<'r> {
    fn compiled(&self) -> Result<&Compiled<'r>, RuleError> {
        let compile = || {
            let path = self.rule.path.as_ref().map(|path| compile(&self.rule.id, path)).transpose()?;
            let lists = self.rule.allowlists.iter().map(|list| List::new(&self.rule.id, list));
            Ok(Compiled {
                pattern: compile(&self.rule.id, &self.rule.regex)?,
                path,
                lists: lists.collect::<Result<_, _>>()?,
            })
        };
        self.compiled.get_or_init(compile).as_ref().map_err(Clone::clone)
    }
}

impl<'r> List<'r> {
    fn new(rule: &str, list: &'r Allowlist) -> Result<Self, RuleError> {
        let all = |texts: &[Text]| texts.iter().map(|text| compile(rule, text)).collect::<Result<Vec<_>, _>>();
        Ok(Self { list, paths: all(&list.paths)?, regexes: all(&list.regexes)? })
    }

    fn allows(&self, search: &Search<'_, '_>, whole: &Range<usize>, secret: &Range<usize>) -> bool {
        let secret_text = &search.bytes[secret.clone()];
        let target = match self.list.target {
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
                self.list.stopwords.is_empty(),
                self.list
                    .stopwords
                    .iter()
                    .any(|word| placeholder::contains(&lower, word.to_ascii_lowercase().as_bytes())),
            ),
        ];
        let mut given = kinds.iter().filter(|(is_empty, _)| !is_empty).map(|(_, holds)| *holds).peekable();
        given.peek().is_some() && if self.list.all { given.all(|holds| holds) } else { given.any(|holds| holds) }
    }
}

impl<'s> Search<'s, '_> {
    fn is_full(&self) -> bool {
        self.candidates.len() >= 2 * MAX_FOUND
    }

    fn add(&mut self, candidate: Candidate<'s>) {
        let known = |other: &Candidate<'_>| other.slot == candidate.slot && overlap(&other.secret, &candidate.secret);
        if !self.candidates.iter().any(known) {
            self.candidates.push(candidate);
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
        let (mut line, mut counted) = (1, 0);
        let found = taken.into_iter().map(|candidate| {
            let Range { start, end } = candidate.secret;
            line += self.bytes[counted..start].iter().filter(|byte| **byte == b'\n').count();
            counted = start;
            Found {
                rule: candidate.rule,
                line: self.is_text.then_some(line),
                allow: allow::reason(self.bytes, start),
                secret: self.bytes[start..end].to_vec(),
            }
        });
        Scan { found: found.collect(), has_more }
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
