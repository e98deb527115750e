//! Attacks on the judge.

use super::world::{World, shown};

#[test]
fn a_lawful_task_lands() {
    let world = World::new();
    world.branch("work");
    let task = world.open("Reset links expire");
    world.finish(&task);
    let report = world.breaks(&[]);
    println!("{}", shown(&report));
    world.git("switch --quiet main");
    world.git("merge --quiet --no-ff --no-edit work");
    world.replays("main");
    world.replays("work");
}
