//! Every byte counts: one byte changed, or one file taken away, anywhere below `.agentops` of a lawful landing is found.

use agentops::git::TreeEdit;
use agentops::model::digest::ObjectId;
use agentops::model::layout::Place;
use agentops::model::path::RepoPath;
use agentops::model::tree::{Mode, TreeView as _};

use crate::sandbox::lawful;
use crate::world::{World, shown};

/// Commits HEAD's tree with `edit` as one commit on `main`, as a squash would; its id.
fn squashed(world: &World, tree: &ObjectId, edit: Option<TreeEdit>) -> String {
    let tree = world.site("alice").repo.edit_tree(Some(tree), edit.as_slice()).unwrap();
    let call = world.sandbox.try_git(&format!("commit-tree -p main {tree}")).stdin(lawful("feat: all in one"));
    call.run().expect_code(0).stdout.trim().to_owned()
}

#[test]
fn one_byte_or_one_file() {
    let world = World::new();
    let landed = world.open("Reset links expire");
    world.finish(&landed);
    world.branch("work");
    let task = world.open("Second factor by mail");
    world.finish(&task);
    let tree = ObjectId::parse(&world.git("rev-parse HEAD^{tree}")).unwrap();
    let report = world.landing("main", &squashed(&world, &tree, None));
    assert!(report.passes(), "{}", shown(&report));
    let old = world.git("ls-tree -r --name-only main .agentops");
    let listed = world.git("ls-tree -r --name-only HEAD .agentops");
    let mut missed = Vec::new();
    let last = world.chain(&task).links.last().unwrap().digest.short();
    for (number, path) in listed.lines().enumerate() {
        let is_old = old.lines().any(|known| known == path);
        // Declared documents may change. Of what lies in T already, some will do.
        if path.contains("/product/") || (is_old && number % 3 > 0) {
            continue;
        }
        let place = RepoPath::from(path);
        let site = world.site("alice");
        let bytes = site.repo.tree(&tree).file(&place, 1 << 20).unwrap().unwrap();
        let mut changed = bytes.clone();
        let at = bytes.len() / 2;
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let blob = site.repo.write_blob(&changed).unwrap();
        // What somebody found out is bound by nothing until it has landed.
        let unbound = !is_old && matches!(Place::of(&place), Some(Place::Learning(..) | Place::Session(..)));
        if !unbound {
            let edit = TreeEdit { path: place.clone(), entry: Some((Mode::File, blob)) };
            if world.landing("main", &squashed(&world, &tree, Some(edit))).passes() {
                missed.push(format!("{path}: a byte"));
            }
        }
        let edit = TreeEdit { path: place, entry: None };
        // Without its last event, the task is not done yet: that is no lie.
        if !path.contains(&last) && world.landing("main", &squashed(&world, &tree, Some(edit))).passes() {
            missed.push(format!("{path}: removed"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
