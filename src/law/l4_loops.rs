//! AO-L4: ALWAYS prevent hook loops; the part that shows in history.
//!
//! That our hooks leave index, tree and HEAD alone, and that a foreign hook's rewrite is named, is proved where hooks
//! run. Here two parties that undo each other are found by what they leave: the same change made twice.

use std::collections::HashMap;

use super::{Case, Findings, Law, Reads};
use crate::model::commit::Commit;
use crate::model::digest::ObjectId;
use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::L4,
    title: "ALWAYS prevent hook loops",
    rule: "Hooks of agentops block or record; they leave index, tree and HEAD as they were. A foreign hook that changes the \
           index or tracked files is named, and a commit made only of what a hook rewrote is refused. In history, a tree \
           that goes A→B→A→B by commits that are no reverts is a loop: two hooks, or two agents, undo each other.",
    passes: "feat: A→B, then Revert \"feat\": B→A, then Reapply \"feat\": A→B. git's own words say that it is meant.",
    fails: "style: tabs (A→B), style: spaces (B→A), style: tabs (A→B)\n\nTwo formatters disagree: give them one configuration, \
            or switch one off.",
    reads: Reads::Messages,
    check,
};

/// How far back a loop may begin before the step.
const WINDOW: usize = 50;

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let own = first_parent_line(case.step.commits());
    let Some(first) = own.first() else { return Ok(()) };
    let history = case.step.history(WINDOW)?;
    // Where the line left T's earlier, T's own past is not this line's.
    let joins =
        history.first().is_some_and(|newest| newest.id.is_some() && newest.id.as_ref() == first.parents.first());
    let past = if joins { history.as_slice() } else { &[] };
    // One commit alone repeats nothing unless it leads to a tree that was there: replays ask this of every edge.
    if own.len() == 1 && past.iter().all(|old| old.tree != first.tree) {
        return Ok(());
    }
    let line: Vec<&Commit> = past.iter().rev().map(|commit| &**commit).chain(own).collect();
    for (commit, earlier) in repeats(&line) {
        if past.iter().any(|old| old.id == commit.id) {
            continue;
        }
        let subject = |commit: &Commit| commit.message.lines().next().unwrap_or_default().trim().to_owned();
        findings.add(Finding::new(
            Place { commit: commit.id, ..Place::default() },
            format!("this commit (`{}`) makes the same change as `{}` after it was undone", subject(commit), subject(earlier)),
            "find the two that undo each other, hooks or agents, and stop one; use `git revert` where a return is meant",
        ));
    }
    Ok(())
}

/// The step's commits from its tip down the first parents, oldest first.
fn first_parent_line(commits: &[Commit]) -> Vec<&Commit> {
    let mut line = Vec::new();
    let by_id: HashMap<ObjectId, &Commit> = commits.iter().filter_map(|commit| Some((commit.id?, commit))).collect();
    let mut next = commits.last();
    while let Some(commit) = next {
        line.push(commit);
        // Each commit once, whatever a view may claim about parents.
        next = commit.parents.first().and_then(|id| by_id.get(id).copied()).filter(|_| line.len() < commits.len());
    }
    line.reverse();
    line
}

/// The commits that make a change between the same two trees as an earlier one, with that one, where no revert lies
/// between them.
fn repeats<'a>(line: &[&'a Commit]) -> Vec<(&'a Commit, &'a Commit)> {
    let mut found = Vec::new();
    let mut made: HashMap<(ObjectId, ObjectId), (usize, &Commit)> = HashMap::new();
    let mut before: Option<ObjectId> = None;
    let mut reverts = 0;
    for commit in line {
        let Some(tree) = commit.tree else { continue };
        reverts += usize::from(is_return(commit));
        if let Some(before) = before.filter(|before| *before != tree)
            && let Some((seen, earlier)) = made.insert((before, tree), (reverts, commit))
            && seen == reverts
        {
            found.push((*commit, earlier));
        }
        before = Some(tree);
    }
    found
}

fn is_return(commit: &Commit) -> bool {
    let message = commit.message.trim_start();
    message.starts_with("Revert \"") || message.starts_with("Reapply \"") || message.starts_with("revert")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{TestStep, policy, tree};
    use crate::model::tree::MemoryTree;

    fn a() -> MemoryTree {
        tree(&[("f", "tabs")])
    }

    fn b() -> MemoryTree {
        tree(&[("f", "spaces")])
    }

    fn count(step: TestStep) -> usize {
        step.judge(&LAW, &policy()).list.len()
    }

    fn commit(step: TestStep, message: &str, tree: MemoryTree) -> TestStep {
        step.commit(message).tree(tree)
    }

    #[test]
    fn a_loop_is_found() {
        let step = TestStep::new().before(a()).past_with("feat: base", a());
        let step = commit(commit(step, "style: spaces", b()), "style: tabs", a());
        assert_eq!(count(step.clone()), 0, "one return is no loop");
        assert_eq!(count(commit(step, "style: spaces", b())), 1);
    }

    #[test]
    fn a_loop_that_began_before_the_step_is_found() {
        let step = TestStep::new().before(a()).past_with("x: 0", a()).past_with("x: 1", b()).past_with("x: 2", a());
        assert_eq!(count(step.clone()), 0);
        assert_eq!(count(commit(step.clone(), "x: 3", b())), 1);
        assert_eq!(count(commit(step, "Reapply \"x: 1\"", b())), 0);
    }

    #[test]
    fn reverts_are_meant() {
        let step = TestStep::new().before(a()).past_with("feat: base", a());
        let step = commit(commit(step, "feat: x", b()), "Revert \"feat: x\"", a());
        assert_eq!(count(commit(step, "feat: x", b())), 0);
    }

    #[test]
    fn what_landed_is_not_found_again() {
        let step =
            TestStep::new().before(b()).past_with("0", a()).past_with("1", b()).past_with("2", a()).past_with("3", b());
        assert_eq!(count(commit(step, "docs: x", tree(&[("f", "new")]))), 0);
    }
}
