//! A commit as the judge sees it: raw, without replace refs or grafts.

use super::digest::ObjectId;

/// Who wrote or committed, as the raw commit says. A claim.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The e-mail address, without angle brackets.
    pub email: String,
    /// Seconds since 1970, as written in the commit.
    pub seconds: i64,
}

/// One commit, made or about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id; `None` for the commit that a hook is judging.
    pub id: Option<ObjectId>,
    /// The raw parents. For a commit about to be made: HEAD and, in a merge, what is merged.
    pub parents: Vec<ObjectId>,
    /// Its tree; `None` where only the message is known.
    pub tree: Option<ObjectId>,
    /// Who wrote the change.
    pub author: Person,
    /// Who made the commit.
    pub committer: Person,
    /// The message, as UTF-8; what was not UTF-8 is shown with replacement characters.
    pub message: String,
    /// Whether the message's bytes were UTF-8, or the commit names the encoding they are in.
    pub message_is_text: bool,
}

impl Commit {
    /// A commit that joins two or more histories.
    pub fn is_merge(&self) -> bool {
        self.parents.len() > 1
    }
}
