//! What of a task is proved, what is claimed, and claims put to the test.

mod report;
mod rerun;
mod verdict;

use agentops::model::canonical::Canonical as _;
use agentops::model::event::{Event, EventName};

use crate::lifecycle::setting::Task;
use crate::sandbox::Sandbox;

impl Sandbox {
    /// A task that is done, on the branch that is checked out.
    pub(crate) fn done_task(&self) -> Task {
        let task = self.open_task("Reset passwords", "");
        self.reach_implement(&task, "src/reset.txt");
        self.implement(&task, "src/reset.txt");
        self.bring_records(&task, 1);
        self.next(&task).expect_code(0);
        task
    }

    /// Writes the last event of a task anew, as its commit would have brought it.
    pub(crate) fn forge_last_event(&self, task: &Task, forge: impl FnOnce(&mut Event)) {
        let folder = format!(".agentops/product-dev/events/{}", task.id);
        let listed = self.git(&format!("ls-tree -r --name-only HEAD {folder}/"));
        let path = listed.lines().last().unwrap();
        let mut event = Event::parse(self.read(path).as_bytes()).unwrap();
        forge(&mut event);
        self.git(&format!("rm --quiet {path}"));
        self.write(&format!("{folder}/{}", EventName::of(&event)), event.print());
        self.git(&format!("add {folder}"));
        self.git("commit --quiet --no-verify --amend --no-edit");
    }
}
