//! State merges: whatever two branches add, git's own merge keeps, without a conflict, and a real disagreement shows as a
//! fork.

use std::collections::BTreeSet;

use agentops::model::event::EventKind;
use agentops::model::layout::Place;
use agentops::model::path::RepoPath;
use agentops::model::state::Status;
use agentops::model::vote::Verdict;
use agentops::workflow::chain::Standing;

use super::dice::Dice;
use super::world::{World, shown};

const ROUNDS: usize = 14;

/// The write-once files of a commit with their objects, as git lists them.
fn kept(world: &World, rev: &str) -> BTreeSet<String> {
    let listed = world.git(&format!("ls-tree -r {rev} .agentops"));
    let is_kept = |line: &&str| {
        let path = line.split_once('\t').unwrap().1;
        Place::of(&RepoPath::from(path)).is_some_and(|place| place.is_write_once())
    };
    listed.lines().filter(is_kept).map(str::to_owned).collect()
}

/// Moves a task one step, or opens one; the task that it moved.
fn act(world: &World, dice: &mut Dice, tasks: &mut Vec<String>, name: &str) -> Option<String> {
    let task = dice.pick(tasks).cloned();
    let Some(task) = task.filter(|_| dice.roll(4) > 0) else {
        tasks.push(world.open(name));
        return None;
    };
    let chain = world.chain(&task);
    let Standing::At(state) = chain.standing() else { return None };
    match (state.status, state.phase.as_str(), dice.roll(4)) {
        (_, _, 0) => {
            world.learn_anew(&task, name.len());
            return None;
        }
        (Status::Waiting, _, 1) => {
            world.vote(&task, ["alice", "bob"][dice.roll(2)], Verdict::Reject);
            return None;
        }
        (Status::Waiting, _, _) => world.step(&task, EventKind::Rework, None),
        (Status::Working, "research" | "spec", _) => world.submit(&task),
        _ => world.step(&task, EventKind::Rewind, Some("research")),
    }
    Some(task)
}

#[test]
fn branches_merge_without_losing_anything() {
    let world = World::new();
    let mut dice = Dice::new(3);
    let mut tasks = vec![world.open("First of all"), world.open("Second of all")];
    let mut forks = 0;
    for round in 0..ROUNDS {
        let sides: Vec<String> = (0..2 + dice.roll(2)).map(|side| format!("r{round}s{side}")).collect();
        let mut moved: Vec<(String, BTreeSet<String>)> = Vec::new();
        let mut opened = Vec::new();
        for side in &sides {
            world.git(&format!("switch --quiet -c {side} main"));
            let mut own = tasks.clone();
            let mut touched = BTreeSet::new();
            for number in 0..1 + dice.roll(3) {
                // A task moved here may be opened nowhere else: only those of main can be moved by two.
                touched.extend(act(&world, &mut dice, &mut own, &format!("Task {number} of {side}")));
            }
            opened.extend(own.split_off(tasks.len()));
            moved.push((side.clone(), touched));
        }
        world.switch("main");
        let mut so_far: BTreeSet<String> = BTreeSet::new();
        for (side, touched) in &moved {
            let union: BTreeSet<String> = kept(&world, "main").union(&kept(&world, side)).cloned().collect();
            let merged = world.sandbox.try_git(&format!("merge --quiet --no-ff --no-edit {side}")).run();
            assert_eq!(merged.code, Some(0), "round {round}: {}", merged.snapshot());
            let merge = world.git("rev-parse HEAD");
            assert_eq!(kept(&world, "main"), union, "round {round}: the union of both sides");
            for task in touched.intersection(&so_far).cloned().collect::<Vec<_>>() {
                match world.chain(&task).standing() {
                    Standing::Forked(heads) => {
                        assert!(heads.len() > 1);
                        forks += 1;
                        let report = world.landing(&format!("{merge}^1"), &merge);
                        assert!(super::world::laws(&report).contains("AO-E6"), "{}", shown(&report));
                        world.step(&task, EventKind::Resolve, None);
                    }
                    standing => panic!("round {round}: {task} was moved by two branches and stands at {standing:?}"),
                }
            }
            so_far.extend(touched.iter().cloned());
        }
        for task in tasks.iter().chain(&opened) {
            assert!(world.chain(task).broken.is_empty() && world.chain(task).head().is_some(), "{task}");
        }
        tasks.extend(opened);
        tasks.drain(..tasks.len().saturating_sub(5));
    }
    assert!(forks > 2, "too few forks to prove anything: {forks}");
    world.replays("main");
    world.sandbox.try_git("fsck --strict --no-dangling --no-progress").run().expect_code(0);
}
