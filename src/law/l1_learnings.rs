//! AO-L1: ALWAYS extract learnings.

use std::cell::OnceCell;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};

use super::exempt::is_exempt;
use super::records::{find_in_months, new_learnings, new_sessions, tempered};
use super::substance::{Sketch, Weakness, Wording, assess, assess_reason, fingerprint};
use super::{Case, Findings, Law, Reads, for_each_of_many};
use crate::model::commit::Commit;
use crate::model::law_id::LawId;
use crate::model::layout;
use crate::model::message::{Message, SubjectKind, without_forge_suffix};
use crate::model::name::{ProfileName, RecordId};
use crate::model::path::RepoPath;
use crate::model::policy::REUSE_SINCE;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::L1,
    title: "ALWAYS extract learnings",
    rule: "Every commit says in a `Learning:` section what was found out that will serve again. The section has substance: \
           no placeholder, no sentence that could stand below any change, and not the learning of one of the 50 commits \
           before it once more. Commits of the types in `learning_optional` (build, ci, chore, style, test and revert \
           unless the config says otherwise) may say `Learning: N/A` with a reason; they are counted. A session record \
           lists at least one learning that exists (from edition 2 of the laws on in any profile, for it may serve again), and a learning's pattern has substance. When a task is done, a learning \
           names it. Clean merges, commits that \
           change nothing but state, commits still to be folded into others, and exempted bots are left alone.",
    passes: "Learning: `rename(2)` is atomic only within one file system, so the temporary\nfile must lie beside its target.",
    fails: "Learning: Learned a lot about the code.\n\nIt could stand below any change: name the part, the cause, a figure.",
    reads: Reads::Both,
    check,
};

/// The section that this law reads.
pub(crate) const LEARNING: &str = "Learning";
/// How far back a learning may not be repeated.
const WINDOW: usize = 50;

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    check_messages(case, findings)?;
    check_records(case, findings)?;
    super::done::check_learning(case, findings)
}

/// A learning that a later one is compared with.
struct Earlier<'a> {
    learnings: Arc<[Learning]>,
    /// Which of them.
    at: usize,
    /// Computed for the first learning whose sketch is near.
    wording: OnceCell<Wording>,
    commit: &'a Commit,
    /// How many commits came before it.
    number: usize,
}

impl Earlier<'_> {
    fn learning(&self) -> &Learning {
        &self.learnings[self.at]
    }
}

/// The learnings of the last [`WINDOW`] commits.
#[derive(Default)]
struct Window<'a> {
    commits: usize,
    list: VecDeque<Earlier<'a>>,
    /// How many have left the window.
    gone: usize,
    /// The last place among all that were ever in it.
    by_fingerprint: HashMap<u64, usize>,
}

impl<'a> Window<'a> {
    fn add(&mut self, learnings: &Arc<[Learning]>, commit: &'a Commit) {
        for (at, learning) in learnings.iter().enumerate().filter(|(_, learning)| learning.not_applicable().is_none()) {
            self.by_fingerprint.insert(learning.fingerprint, self.gone + self.list.len());
            let learnings = Arc::clone(learnings);
            self.list.push_back(Earlier { learnings, at, wording: OnceCell::new(), commit, number: self.commits });
        }
        self.commits += 1;
        let is_gone = |earlier: &Earlier<'_>| earlier.number + WINDOW < self.commits;
        while self.list.front().is_some_and(is_gone) {
            let Some(left) = self.list.pop_front() else { break };
            if let Entry::Occupied(place) = self.by_fingerprint.entry(left.learning().fingerprint)
                && *place.get() == self.gone
            {
                place.remove();
            }
            self.gone += 1;
        }
    }

    /// What `learning` repeats. A commit does not collide with itself.
    fn find(&self, learning: &Learning, commit: &Commit) -> Option<&Earlier<'a>> {
        let identical = self.by_fingerprint.get(&learning.fingerprint);
        let identical = identical.and_then(|place| self.list.get(place.checked_sub(self.gone)?));
        let wording = OnceCell::new();
        let is_same = |earlier: &Earlier<'_>| {
            let own = wording.get_or_init(|| Wording::of(&learning.text));
            earlier.wording.get_or_init(|| Wording::of(&earlier.learning().text)).is_same(own)
        };
        identical
            .into_iter()
            .chain(self.list.iter().rev().filter(|earlier| earlier.learning().sketch.is_near(&learning.sketch)))
            .filter(|earlier| !is_again(earlier.commit, commit))
            .find(|earlier| is_same(earlier))
    }
}

/// Whether two commits are one, amended, cherry-picked or rebased: then author, second and subject stay. Whoever writes
/// many commits may date them all alike.
fn is_again(one: &Commit, other: &Commit) -> bool {
    let subject = |commit: &Commit| {
        let first = commit.message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned();
        without_forge_suffix(&first).to_owned()
    };
    one.author == other.author && subject(one) == subject(other)
}

/// A `Learning:` section.
#[derive(Debug)]
pub(super) struct Learning {
    text: String,
    line: usize,
    /// Where in `text` the reason after `N/A` begins.
    reason_at: Option<usize>,
    sketch: Sketch,
    fingerprint: u64,
    /// What is wrong with it by itself; found when first asked for.
    weakness: OnceLock<Option<Weakness>>,
}

impl Learning {
    /// The reason after `N/A`; `None` where the text is a learning.
    fn not_applicable(&self) -> Option<&str> {
        self.text.get(self.reason_at?..)
    }

    /// Bytes of its text.
    pub(super) fn length(&self) -> usize {
        self.text.len()
    }

    fn weakness(&self) -> Option<Weakness> {
        *self.weakness.get_or_init(|| assess(&self.text).err())
    }
}

pub(super) fn learnings(message: &Message) -> Arc<[Learning]> {
    let own = message.sections.iter().filter(|section| section.token == LEARNING);
    own.map(|section| {
        let text = section.text.as_str();
        Learning {
            line: section.line,
            reason_at: not_applicable(text).map(|reason| text.len() - reason.len()),
            sketch: Sketch::of(text),
            fingerprint: fingerprint(text),
            weakness: OnceLock::new(),
            text: text.to_owned(),
        }
    })
    .collect()
}

fn check_messages(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let messages = case.messages();
    if messages.is_empty() {
        return Ok(());
    }
    let history = case.step.history(WINDOW)?;
    let sections = &case.policy.config.sections;
    // Where the config asks for no learnings, those of the past count all the same; what the step's own commits have is
    // something else then.
    let asked_for = sections.iter().any(|section| section == LEARNING);
    let own = if asked_for { sections.clone() } else { [sections.as_slice(), &[LEARNING.to_owned()]].concat() };
    let remembered = |commit: &Commit| case.read_off.filter(|_| asked_for)?.learnings(commit.id);
    let keep = |commit: &Commit, learnings: &Arc<[Learning]>| {
        if let Some(read_off) = case.read_off.filter(|_| asked_for) {
            read_off.keep_learnings(commit.id, learnings);
        }
    };
    let mut window = Window::default();
    for commit in history.iter().rev() {
        let learnings = remembered(commit).unwrap_or_else(|| {
            let learnings = learnings(&Message::parse(&commit.message, &own));
            keep(commit, &learnings);
            learnings
        });
        window.add(&learnings, commit);
    }
    let mut without = 0;
    let unread: Vec<_> = messages.iter().zip(case.step.commits().iter().map(remembered)).collect();
    let own = for_each_of_many(&unread, |(message, known)| {
        if let Some(known) = known {
            return (Arc::clone(known), true);
        }
        let learnings = learnings(message);
        for learning in learnings.iter() {
            let _ = learning.weakness();
        }
        (learnings, false)
    });
    for (index, ((message, (learnings, is_known)), commit)) in
        messages.iter().zip(own).zip(case.step.commits()).enumerate()
    {
        match judge(case, message, &learnings, commit, &window) {
            Ok(is_optional) => without += usize::from(is_optional),
            Err(finding) => {
                if !is_exempt(case, index, LawId::L1)? {
                    findings.add(tempered(case, *finding));
                }
            }
        }
        if !is_known {
            keep(commit, &learnings);
        }
        window.add(&learnings, commit);
    }
    if without > 0 {
        let commits = if without == 1 { "1 commit says" } else { &format!("{without} commits say") };
        findings.note(format!("{commits} `Learning: N/A`"));
    }
    Ok(())
}

/// Whether the message does without a learning, with a reason. Of several learnings in a squash one must stand.
fn judge(
    case: &Case<'_>,
    message: &Message,
    learnings: &[Learning],
    commit: &Commit,
    window: &Window<'_>,
) -> Result<bool, Box<Finding>> {
    let mut first: Option<Box<Finding>> = None;
    for learning in learnings {
        let place = Place::message(commit.id, learning.line);
        let finding = match learning.not_applicable() {
            Some(reason) => match may_do_without(case, message, reason, place) {
                Ok(()) => return Ok(true),
                Err(finding) => finding,
            },
            None => match learning.weakness() {
                Some(weakness) => failed(
                    place,
                    format!("`Learning:` {}", weakness.problem()),
                    format!("{}; what will serve someone again?", weakness.remedy()),
                ),
                None => match window.find(learning, commit) {
                    None => return Ok(false),
                    Some(earlier) => repeated(earlier.commit, place),
                },
            },
        };
        first.get_or_insert(finding);
    }
    Err(first.unwrap_or_else(|| {
        failed(
            Place::message(commit.id, message.subject_line.max(1)),
            "there is no `Learning:` section",
            "add a line `Learning: …` that says what was found out and will serve again",
        )
    }))
}

fn repeated(earlier: &Commit, place: Place) -> Box<Finding> {
    let subject = earlier.message.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let named = earlier.id.map_or_else(String::new, |id| format!("{} ", id.short()));
    failed(
        place,
        format!("`Learning:` repeats that of commit {named}({})", subject.trim()),
        "say what this change taught; a learning that holds again is worth a standard or a check",
    )
}

/// The reason after `N/A`; `None` where the text is a learning.
fn not_applicable(text: &str) -> Option<&str> {
    let head = text.get(..3)?;
    let rest = &text[3..];
    let is_mark = head.eq_ignore_ascii_case("n/a") && !rest.starts_with(|c: char| c.is_alphanumeric());
    is_mark.then(|| rest.trim_start_matches(|c: char| c.is_whitespace() || ":;,.-–—(".contains(c)))
}

fn may_do_without(case: &Case<'_>, message: &Message, reason: &str, place: Place) -> Result<(), Box<Finding>> {
    let kind = match (message.kind, &message.header) {
        (SubjectKind::Revert | SubjectKind::Reapply, _) => "revert",
        (_, Some(header)) => header.kind.as_str(),
        _ => "",
    };
    let allowed = &case.policy.config.learning_optional;
    if !allowed.iter().any(|optional| optional == kind) {
        return Err(failed(
            place,
            "`Learning: N/A` is not for a commit of this type",
            format!("write what was learned; `N/A <reason>` is for the types {}", allowed.join(", ")),
        ));
    }
    assess_reason(reason).map_err(|weakness| {
        failed(
            place,
            format!("the reason after `Learning: N/A` {}", weakness.problem()),
            "say why nothing could be learned, e.g. `Learning: N/A formatting by rustfmt alone`",
        )
    })
}

/// Boxed: a verdict is passed around by value far more often than it is a finding.
fn failed(place: Place, message: impl Into<String>, fix: impl Into<String>) -> Box<Finding> {
    Box::new(Finding::new(place, message, fix))
}

fn check_records(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for (path, learning) in new_learnings(case)? {
        if let Err(weakness) = assess(&learning.pattern) {
            let message = format!("the pattern {}", weakness.problem());
            findings.add(tempered(case, Finding::new(Place::path(path), message, weakness.remedy())));
        }
    }
    for (path, session) in new_sessions(case)? {
        if session.learnings.is_empty() {
            let message = "the session record lists no learning";
            let fix = "add one with `agentops learn add` before `agentops session end`";
            findings.add(tempered(case, Finding::new(Place::path(path.clone()), message, fix)));
        }
        for id in &session.learnings {
            if !serves(case, &session.profile, id, session.started.date().as_str())? {
                let message = format!("the session record lists learning `{id}`, which does not exist");
                let fix = format!("commit the learning below `{}/learnings`", layout::namespace(&session.profile));
                findings.add(tempered(case, Finding::new(Place::path(path.clone()), message, fix)));
            }
        }
    }
    Ok(())
}

/// Whether the learning is there: in the session's own profile or, where one may serve again, in another.
fn serves(case: &Case<'_>, own: &ProfileName, id: &RecordId, day: &str) -> Result<bool, SightError> {
    let is_shared = case.policy.format.laws >= REUSE_SINCE;
    let others = case.policy.profiles.keys().filter(|other| is_shared && *other != own);
    for profile in std::iter::once(own).chain(others) {
        if learning_exists(case, profile, id, day)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Looks in the month of the session first, then everywhere: the folder of a learning is its own date's.
fn learning_exists(case: &Case<'_>, profile: &ProfileName, id: &RecordId, day: &str) -> Result<bool, SightError> {
    let tree = case.step.next();
    let root = RepoPath::from(format!("{}/learnings", layout::namespace(profile)));
    let file = format!("{id}.toml");
    let likely = root.join(&day.as_bytes()[..4]).join(&day.as_bytes()[5..7]);
    if tree.entry(&likely.join(file.as_bytes()))?.is_some() {
        return Ok(true);
    }
    Ok(find_in_months(tree, &root, &file)?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::Context;
    use crate::law::testing::{TestStep, learning, policy, records, session, tree};
    use crate::model::law_id::Level;
    use crate::model::tree::MemoryTree;

    const ATOMIC: &str = "feat: a\n\nLearning: `rename(2)` is atomic only within one file system.\n";

    fn found(step: &TestStep) -> Vec<String> {
        step.judge(&LAW, &policy()).list.into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn a_learning_is_there_and_says_something() {
        assert_eq!(found(&TestStep::new().commit(ATOMIC)), [""; 0]);
        assert_eq!(found(&TestStep::new().commit("feat: a")), ["there is no `Learning:` section"]);
        let filler = TestStep::new().commit("feat: a\n\nLearning: Learned a lot about the code.");
        assert_eq!(found(&filler), ["`Learning:` could stand below any change"]);
    }

    #[test]
    fn a_learning_is_not_repeated() {
        let again = ATOMIC.replace("is atomic", "is  ATOMIC").replace("feat: a", "feat: b");
        assert_eq!(found(&TestStep::new().past(ATOMIC).commit(&again)).len(), 1);
        assert_eq!(found(&TestStep::new().commit(ATOMIC).commit(&again)).len(), 1);
        let near = "feat: b\n\nLearning: A lock taken after the read protects nothing, as two workers read the same old counter.\n";
        let nearer = near.replace("old", "stale");
        assert!(found(&TestStep::new().past(near).commit(&nearer))[0].contains("(feat: b)"));
        assert_eq!(found(&TestStep::new().past(ATOMIC).commit(near)), [""; 0]);
    }

    #[test]
    fn fifty_commits_later_a_learning_may_be_said_again() {
        let again = ATOMIC.replace("feat: a", "feat: again");
        let others = |step: TestStep, count: usize| {
            (0..count).fold(step, |step, number| {
                // Of other words each, and two of them in one commit.
                let words = |from: usize| (from..from + 9).map(|word| format!("w{}x", word * 7919)).collect::<String>();
                let text = format!("`{}` precedes `{}`", words(number * 20), words(number * 20 + 10));
                step.commit(&format!("feat: {number}\n\nLearning: {text}.\n\nLearning: {text} twice.\n"))
            })
        };
        let repeats = |count| {
            let step = others(TestStep::new().commit(ATOMIC), count).commit(&again);
            found(&step).into_iter().filter(|message| message.contains("repeats")).count()
        };
        assert_eq!((repeats(49), repeats(50)), (1, 0));
    }

    #[test]
    fn a_commit_does_not_collide_with_itself() {
        let step = TestStep::new().past(ATOMIC).commit(ATOMIC).at(0);
        assert_eq!(found(&step), [""; 0]);
        assert_eq!(found(&TestStep::new().past(ATOMIC).commit(ATOMIC).at(7)).len(), 1);
    }

    #[test]
    fn some_types_may_do_without() {
        let step = TestStep::new()
            .commit("style: a\n\nLearning: N/A formatting by rustfmt alone")
            .commit("Revert \"feat: a\"\n\nThis reverts commit abc.\n\nLearning: n/a (flaky on Windows)");
        let findings = step.judge(&LAW, &policy());
        assert_eq!(findings.list, []);
        assert_eq!(findings.notes, ["2 commits say `Learning: N/A`"]);
        let refused =
            TestStep::new().commit("feat: a\n\nLearning: N/A formatting alone").commit("ci: a\n\nLearning: N/A");
        assert_eq!(found(&refused).len(), 2);
    }

    #[test]
    fn exempt_commits_are_left_alone() {
        let step = TestStep::new().commit("Merge branch 'a'").merging(tree(&[]), true).commit("fixup! feat: a");
        assert_eq!(found(&step), [""; 0]);
    }

    #[test]
    fn one_learning_of_a_squash_is_enough() {
        let squash = format!("feat: all\n\n* fix: b\n\nLearning: TODO\n\n* {ATOMIC}");
        assert_eq!(found(&TestStep::new().commit(&squash)), [""; 0]);
    }

    fn records_found(before: MemoryTree, after: MemoryTree) -> Vec<String> {
        found(&TestStep::new().before(before).after(after))
    }

    #[test]
    fn records_bring_learnings() {
        let (session, learning) = (session(), learning());
        let none = || MemoryTree::new();
        assert_eq!(records_found(none(), records([&session], [&learning])), [""; 0]);
        let absent = records_found(none(), records([&session], []));
        assert!(absent[0].contains("does not exist"));
        let mut elsewhere = learning.clone();
        elsewhere.at = crate::model::time::Timestamp::from_seconds(0);
        assert_eq!(records_found(none(), records([&session], [&elsewhere])), [""; 0]);
        let mut bare = session;
        bare.learnings.clear();
        let bare = records([&bare], []);
        assert_eq!(records_found(none(), bare.clone()), ["the session record lists no learning"]);
        assert_eq!(records_found(bare.clone(), bare), [""; 0], "what landed is not judged again");
        let mut filler = learning;
        filler.pattern = "Write clean code".into();
        assert_eq!(records_found(none(), records([], [&filler])), ["the pattern could stand below any change"]);
        let broken = tree(&[(".agentops/dev/sessions/2026/11/01kbjd8r00000000000000000s.toml", "v = 1\n")]);
        assert_eq!(records_found(none(), broken), [""; 0], "AO-E2 names what is no record");
    }

    #[test]
    fn a_replay_warns() {
        let policy = policy();
        let step = TestStep::new().commit("feat: a");
        let mut findings = Findings::default();
        check(&Case::new(&step, &policy, Context::Replay), &mut findings).unwrap();
        assert_eq!(findings.list[0].at_most, Level::Warn);
    }
}
