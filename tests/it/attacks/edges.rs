//! A step that passes, cut into edges: whatever lands must replay, as it was landed and commit by commit.

use agentops::model::event::EventKind;
use agentops::model::state::Status;
use agentops::model::vote::Verdict;

use crate::dice::Dice;
use crate::world::{World, shown};

/// Does something that a verb allows, or that somebody might do by hand.
fn act(world: &World, dice: &mut Dice, tasks: &mut Vec<String>, number: usize) {
    let task = dice.pick(tasks).cloned();
    let standing = task.as_deref().map(|task| world.chain(task).head().unwrap().event.state.clone());
    match (dice.roll(10), task, standing) {
        (0, ..) => {
            world.commit_file(
                &format!("src/part{number}.rs"),
                format!("//! Part {number}.\n"),
                &format!("feat: add part {number}"),
            );
        }
        (1, ..) => {
            // Broken in one commit, mended in the next.
            let path = format!("data/{number}.json");
            world.commit_file(&path, "{\n", &format!("feat: add data {number}"));
            world.commit_file(&path, "{}\n", &format!("fix: close data {number}"));
        }
        (2, ..) => {
            let config = world.sandbox.read(".agentops/config.toml");
            let at = config.find("window = ").unwrap();
            let end = at + config[at..].find('\n').unwrap();
            world.sandbox.write(
                ".agentops/config.toml",
                format!("{}window = {}{}", &config[..at], 150_000 + number, &config[end..]),
            );
            world.try_amend("alice").unwrap();
        }
        (3, Some(task), _) => drop(world.learn_anew(&task, number)),
        (4, Some(task), Some(state)) if state.status == Status::Waiting => {
            world.vote(&task, "bob", Verdict::Reject);
            world.step(&task, EventKind::Rework, None);
        }
        (5, Some(task), Some(state)) if state.phase.as_str() != "research" => {
            world.step(&task, EventKind::Rewind, Some("research"));
        }
        (6, Some(_), _) => {
            let side = format!("side{number}");
            let own = world.git("branch --show-current");
            world.branch(&side);
            tasks.push(world.open(&format!("Aside {number}")));
            world.commit_file(&format!("src/side{number}.rs"), "//! Aside.\n", &format!("feat: add aside {number}"));
            world.switch(&own);
            world.commit_file(&format!("src/own{number}.rs"), "//! Own.\n", &format!("feat: add own {number}"));
            world.git(&format!("merge --quiet --no-ff --no-edit {side}"));
        }
        (_, Some(task), Some(state)) => match (state.status, state.phase.as_str()) {
            (Status::Waiting, _) => {
                world.vote(&task, "bob", Verdict::Approve);
                world.next(&task);
            }
            (Status::Working, "implement") => {
                if !world.sandbox.path().join(crate::world::code_path(&task)).exists() {
                    world.fill(&task);
                    world.record(&task);
                }
                world.next(&task);
            }
            (Status::Working, _) => world.submit(&task),
            (Status::Done | Status::Abandoned, _) => world.step(&task, EventKind::Rewind, Some("spec")),
        },
        _ => tasks.push(world.open(&format!("Task number {number}"))),
    }
}

#[test]
fn what_lands_replays() {
    let mut landed = 0;
    for seed in 0..5 {
        let mut dice = Dice::new(seed);
        let world = World::new();
        let mut tasks = vec![world.open("Already on main")];
        world.branch("work");
        for number in 0..12 {
            act(&world, &mut dice, &mut tasks, number);
        }
        let report = world.landing("main", "work");
        assert!(report.passes(), "seed {seed}\n{}", shown(&report));
        landed += usize::from(report.passes());
        world.replays("work");
        world.switch("main");
        world.git("merge --quiet --no-ff --no-edit work");
        world.replays("main");
    }
    assert!(landed > 0);
}

#[test]
fn what_lands_in_another_order_replays_or_does_not_land() {
    let (mut landed, mut refused) = (0, 0);
    for seed in 0..4 {
        let mut dice = Dice::new(100 + seed);
        let world = World::new();
        let mut tasks = vec![world.open("Already on main")];
        world.submit(&tasks[0]);
        world.branch("work");
        for number in 0..5 {
            // Asides make merges, which no cherry-pick takes along.
            let mut other = Dice::new(seed * 31 + number);
            if other.roll(10) != 6 {
                act(&world, &mut other, &mut tasks, usize::try_from(number).unwrap());
            }
        }
        let mut commits: Vec<String> =
            world.git("rev-list --no-merges main..work").lines().map(str::to_owned).collect();
        for round in 0..4 {
            for at in (1..commits.len()).rev() {
                commits.swap(at, dice.roll(at + 1));
            }
            world.git("checkout --quiet --force --detach main");
            let picked = world.sandbox.try_git(&format!("cherry-pick --allow-empty {}", commits.join(" "))).run();
            if picked.code != Some(0) {
                world.sandbox.try_git("cherry-pick --abort").run();
                continue;
            }
            let report = world.landing("main", "HEAD");
            let replayed = world.all("HEAD");
            if report.passes() {
                landed += 1;
                assert!(replayed.passes(), "seed {seed}, round {round}: it landed\n{}", shown(&replayed));
            } else {
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "no order was wrong: {landed} landed");
}
