//! What of a task is proved, what is claimed, and claims put to the test.

mod report;
mod rerun;
mod verdict;

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
}
