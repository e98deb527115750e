//! The commits with which a message is compared, as a process before has read them: whoever commits, be it by a hook or by a verb,
//! asks for almost the same fifty as the last time.

use crate::engine::site::Site;
use crate::store::past_commits;

/// Bytes of commits that are remembered.
const ROOM: usize = 1024 * 1024;

/// What was kept of them.
pub struct Past {
    /// How many bytes, without damage.
    kept: usize,
}

impl Past {
    /// Has the repository remember what was kept, and what it reads from now on.
    pub fn recall(site: &Site) -> Self {
        let known = past_commits::load(site.repo.git_dir());
        let kept = known.bytes.len();
        site.repo.remember_commits_and(ROOM, known);
        Self { kept }
    }

    /// Keeps what was read since. Lost or not: whoever commits next reads anew what is not there.
    pub fn keep(self, site: &Site) {
        let _ = past_commits::add(site.repo.git_dir(), self.kept, &site.repo.newly_read_commits());
    }
}
