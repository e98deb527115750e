//! Failpoints: the writes at which a test lets the program fail, or die. A release build has none of them.
//!
//! `AGENTOPS_FAIL_AT=POINT[:N][:kill]` names a [`Write`]: from the Nth of its kind on (the first, where no N stands) it fails
//! as on a full disk; with `kill` the process ends there, as by `kill -9`. Whoever writes asks `reach` right before the
//! moment that counts: before the object, before the rename that puts a whole file in place.

use std::io;

/// A kind of write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// A blob, into the object database.
    Blob,
    /// A tree.
    Tree,
    /// A commit object.
    Commit,
    /// The journal of a transaction.
    Journal,
    /// The move of a branch.
    Reference,
    /// HEAD's log, when the branch has moved.
    Log,
    /// The entries of the index.
    Index,
    /// A file of the working tree, or a hook.
    File,
    /// The removal of a file of the working tree.
    Removal,
    /// The removal of the journal.
    JournalEnd,
    /// The open session.
    Session,
    /// The removal of the open session.
    SessionEnd,
    /// What one hook hands to the next, the refused message, and caches.
    Handover,
    /// A file of the person's choice: a proposal, a vote, a manual page.
    Output,
}

impl Write {
    /// All of them, in the order in which a transaction comes to them.
    pub const ALL: [Self; 14] = [
        Self::Blob,
        Self::Tree,
        Self::Commit,
        Self::Journal,
        Self::Reference,
        Self::Log,
        Self::Index,
        Self::File,
        Self::Removal,
        Self::JournalEnd,
        Self::Session,
        Self::SessionEnd,
        Self::Handover,
        Self::Output,
    ];

    /// The word for it in `AGENTOPS_FAIL_AT`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob",
            Self::Tree => "tree",
            Self::Commit => "commit",
            Self::Journal => "journal",
            Self::Reference => "reference",
            Self::Log => "log",
            Self::Index => "index",
            Self::File => "file",
            Self::Removal => "removal",
            Self::JournalEnd => "journal-end",
            Self::Session => "session",
            Self::SessionEnd => "session-end",
            Self::Handover => "handover",
            Self::Output => "output",
        }
    }
}

/// Passes, unless a test wants this write to fail.
#[cfg(not(debug_assertions))]
pub(crate) fn reach(_: Write) -> io::Result<()> {
    Ok(())
}

/// Passes, unless a test wants this write to fail.
#[cfg(debug_assertions)]
pub(crate) fn reach(write: Write) -> io::Result<()> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static REACHED: AtomicUsize = AtomicUsize::new(0);
    let Some(wanted) = crate::env::fail_at() else { return Ok(()) };
    let mut words = wanted.split(':');
    if words.next() != Some(write.name()) {
        return Ok(());
    }
    let (numbers, words): (Vec<&str>, Vec<&str>) = words.partition(|word| word.parse::<usize>().is_ok());
    let first = numbers.first().and_then(|number| number.parse().ok()).unwrap_or(1);
    if REACHED.fetch_add(1, Ordering::Relaxed) + 1 < first {
        return Ok(());
    }
    if words.contains(&"kill") {
        die();
    }
    Err(io::Error::from(io::ErrorKind::StorageFull))
}

/// Ends the process as `kill -9` does: nothing is cleaned up.
#[cfg(all(debug_assertions, unix))]
fn die() {
    use rustix::process::{Signal, getpid, kill_process};
    // A process may always end itself; where the signal is on its way, the write below it fails.
    let _ = kill_process(getpid(), Signal::KILL);
}

#[cfg(all(debug_assertions, not(unix)))]
fn die() {
    std::process::abort();
}
