//! Which commits a message law leaves alone.
//!
//! Asked only when a violation would be raised: the answers need diffs and merges, and most commits need no excuse.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Case;
use super::globs::Globs;
use crate::model::canonical::Canonical;
use crate::model::event::Event;
use crate::model::law_id::LawId;
use crate::model::layout::Place;
use crate::model::message::SubjectKind;
use crate::model::path::RepoPath;
use crate::model::policy::{DECISIONS_SINCE, VERDICTS_SINCE};
use crate::model::tree::{Change, MAX_STATE_FILE, SightError};

/// Answers already found in a case, by the commit's index.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    clean_merges: RefCell<BTreeMap<usize, bool>>,
    state_only: RefCell<BTreeMap<usize, bool>>,
    /// The paths of each rule of the config, by its index.
    paths: RefCell<BTreeMap<usize, Rc<Globs>>>,
}

/// Whether `law` leaves the step's commit at `index` alone: a clean merge, a commit still to be folded into another, a
/// commit of nothing but state, or a bot's within its paths.
pub(crate) fn is_exempt(case: &Case<'_>, index: usize, law: LawId) -> Result<bool, SightError> {
    let rules_content = matches!(law, LawId::L1 | LawId::L2 | LawId::L3);
    let rules_form = rules_content || law == LawId::R3;
    // In the step onto a protected ref, R3 refuses what is to be folded; the others have nothing to add.
    let is_to_fold = case.messages()[index].kind == SubjectKind::Autosquash;
    if is_to_fold && (rules_content || (rules_form && !case.onto_protected)) {
        return Ok(true);
    }
    if rules_form && case.step.commits()[index].is_merge() && is_clean_merge(case, index)? {
        return Ok(true);
    }
    Ok((rules_content && is_state_only(case, index)?) || is_of_bot(case, index, law)?)
}

fn is_clean_merge(case: &Case<'_>, index: usize) -> Result<bool, SightError> {
    remembered(&case.exempt.clean_merges, index, || case.step.is_clean_merge(index))
}

/// Whether the commit at `index` touches nothing but events, votes, verdicts, bundles, sessions, learnings, decisions, and the
/// artifacts that its new events list as evidence.
pub(crate) fn is_state_only(case: &Case<'_>, index: usize) -> Result<bool, SightError> {
    remembered(&case.exempt.state_only, index, || {
        let changes = case.step.commit_changes(index)?;
        let mut documents: Vec<&RepoPath> = Vec::new();
        let mut events: Vec<&Change> = Vec::new();
        for change in &changes {
            match Place::of(&change.path) {
                Some(Place::Event(..)) => events.push(change),
                Some(Place::Vote(..) | Place::Bundle(..) | Place::Session(..) | Place::Learning(..)) => {}
                Some(Place::Verdict(..)) if case.policy.format.laws >= VERDICTS_SINCE => {}
                Some(Place::Decision(..)) if case.policy.format.laws >= DECISIONS_SINCE => {}
                Some(Place::Document(_)) => documents.push(&change.path),
                _ => return Ok(false),
            }
        }
        if documents.is_empty() {
            return Ok(!changes.is_empty());
        }
        let tree = case.step.commit_tree(index)?;
        for change in events.into_iter().filter(|change| change.before.is_none()) {
            let Some(bytes) = tree.file(&change.path, MAX_STATE_FILE)? else { continue };
            // A malformed event proves nothing; the integrity laws name it.
            let Ok(event) = Event::parse(&bytes) else { continue };
            documents.retain(|path| !event.evidence.iter().any(|item| path.as_str() == Some(item.path.as_str())));
        }
        Ok(documents.is_empty())
    })
}

fn is_of_bot(case: &Case<'_>, index: usize, law: LawId) -> Result<bool, SightError> {
    let author = &case.step.commits()[index].author.email;
    let rules = case.policy.config.exempt.iter().enumerate();
    for (number, rule) in rules.filter(|(_, rule)| rule.laws.contains(&law) && rule.author.eq_ignore_ascii_case(author))
    {
        let paths = remembered(&case.exempt.paths, number, || Globs::exact(&rule.paths).map(Rc::new))?;
        if case.step.commit_changes(index)?.iter().all(|change| paths.matches(&change.path)) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn remembered<T: Clone>(
    memo: &RefCell<BTreeMap<usize, T>>,
    index: usize,
    find: impl FnOnce() -> Result<T, SightError>,
) -> Result<T, SightError> {
    if let Some(known) = memo.borrow().get(&index) {
        return Ok(known.clone());
    }
    let found = find()?;
    memo.borrow_mut().insert(index, found.clone());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, event, policy, tree};
    use crate::model::policy::Exemption;

    #[test]
    fn state_is_exempt_from_sections_and_code_is_not() {
        let policy = policy();
        let (path, text) = event("auth-k3f9", &[".agentops/dev/research/notes.md"]);
        let state = [(path.as_str(), text.as_str()), (".agentops/dev/research/notes.md", "x")];
        let is_state = |files: &[(&str, &str)]| {
            let step = TestStep::new().after(tree(files)).commit("chore: x");
            let case = step.case(&policy);
            let exempt = is_exempt(&case, 0, LawId::L3).unwrap();
            assert!(!is_exempt(&case, 0, LawId::R3).unwrap());
            exempt
        };
        assert!(is_state(&state));
        assert!(is_state(&state[..1]));
        assert!(!is_state(&state[1..]), "an artifact without its event");
        assert!(!is_state(&[state[0], state[1], ("src/main.rs", "x")]));
        assert!(!is_state(&[state[0], (".agentops/config.toml", "x")]));
        assert!(!is_state(&[]));
    }

    #[test]
    fn evidence_outside_agentops_excuses_nothing() {
        let policy = policy();
        let (path, text) = event("auth-k3f9", &["src/main.rs"]);
        let step = TestStep::new().after(tree(&[(&path, &text), ("src/main.rs", "x")])).commit("feat: x");
        assert!(!is_exempt(&step.case(&policy), 0, LawId::L1).unwrap());
    }

    #[test]
    fn clean_merges_and_fixups() {
        let policy = policy();
        let step = TestStep::new().commit("Merge branch 'a'").merging(tree(&[]), true).commit("fixup! feat: x");
        let mut case = step.case(&policy);
        assert!(is_exempt(&case, 0, LawId::R3).unwrap() && is_exempt(&case, 1, LawId::R3).unwrap());
        assert!(!is_exempt(&case, 0, LawId::T1).unwrap());
        case.onto_protected = true;
        assert!(!is_exempt(&case, 1, LawId::R3).unwrap() && is_exempt(&case, 1, LawId::L3).unwrap());
        let edited = TestStep::new().commit("Merge branch 'a'").merging(tree(&[]), false);
        assert!(!is_exempt(&edited.case(&policy), 0, LawId::L1).unwrap());
    }

    #[test]
    fn bots_are_exempt_within_their_paths() {
        let mut policy = policy();
        policy.config.exempt.push(Exemption {
            author: "bot@example.org".into(),
            laws: vec![LawId::L1, LawId::T1],
            paths: vec!["**/Cargo.lock".into(), "vendor/*".into()],
        });
        let step =
            |files: &[(&str, &str)]| TestStep::new().after(tree(files)).commit("bump").by("Bot", "Bot@example.org");
        let exempt = |files: &[(&str, &str)], law| is_exempt(&step(files).case(&policy), 0, law).unwrap();
        assert!(exempt(&[("Cargo.lock", "1"), ("a/Cargo.lock", "1"), ("vendor/x", "1")], LawId::T1));
        assert!(!exempt(&[("Cargo.lock", "1"), ("vendor/x/y", "1")], LawId::T1));
        assert!(!exempt(&[("Cargo.lock", "1")], LawId::R3));
    }
}
