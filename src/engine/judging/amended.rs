//! Whether a hook runs for `git commit --amend`, which replaces HEAD, or for a new commit on top of it.
//!
//! Git tells no hook. What there is to go by:
//!
//! - the author that git hands to every hook of a commit: an amend keeps HEAD's, to the second. So does a new commit of
//!   `git commit -C HEAD`, and one that the same person makes within the same second looks the same;
//! - the command line of the `git commit` that runs the hook, where the system shows it. It says outright what the other
//!   signs leave open, but it is not believed where the author contradicts it: `--amend` goes with HEAD's author, or with
//!   an option that names another one.
//!
//! Whoever forges these signs gains one commit that is judged against HEAD's parent instead of HEAD, together with what HEAD
//! brought: less than `--no-verify` gives. `pre-push` and `check` read commits as they are and ask for none of this.

use super::commit_command;
use crate::engine::error::EngineError;
use crate::engine::site::{Site, seconds_of};
use crate::git::Operation;
use crate::model::commit::{Commit, Person};

/// Whether the hook that asks runs for an amend of `head`.
pub(super) fn is_amended(site: &Site, head: &Commit) -> Result<bool, EngineError> {
    if site.env.git_author_date().is_none() {
        return Ok(false);
    }
    let author = site.pending_author(Person::default());
    let keeps_author = author == head.author;
    match commit_command::running(site.env) {
        Some(command) => Ok(command.amends && (keeps_author || command.names_author)),
        None if !keeps_author => Ok(false),
        // Git amends in neither; a picked commit brings its own author.
        None if matches!(site.repo.operation_in_progress(), Some(Operation::Merge | Operation::CherryPick)) => {
            Ok(false)
        }
        None => {
            let stated = site.env.git_committer_date().and_then(|date| seconds_of(&date));
            let now = stated.unwrap_or_else(|| site.clock.now().seconds());
            // Within one second: a new commit of nothing is rarer than an amend that changes the message alone.
            Ok(now.abs_diff(author.seconds) > 1 || site.repo.diff_staged()?.is_empty())
        }
    }
}
