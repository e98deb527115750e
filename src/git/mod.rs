//! The only user of gix and of the git command. Implements the model's views.
//!
//! - [`repo`]: one open repository and its places; [`revision`]: HEAD and names; [`operation`]: what git is in the
//!   midst of; [`config`], `parameters`: settings and identity
//! - `objects`, `pack_order`: reading objects raw: no replace refs, no grafts, quarantined objects included; many files at once;
//!   `commit`, [`tree`]
//! - [`staged`], `index_diff`, [`overlay`], [`worktree`]: what is about to be committed, and what lies in the working tree
//! - `diff`: trees against trees; `range`, `history`, `blobs`: walks over history; [`merge`]: merging in memory; [`step`]: what is judged
//! - [`write`](mod@write), `refs`, `index`, `files`, `linked`: blobs, trees, commits; references; index; working tree; worktrees
//! - [`command`], [`status`], `copy`: the git command, for what gix cannot or does slower; a clone apart
//!
//! Called by `engine`, `hooks`, `store` and `config`. Reading runs nothing but git's own plumbing and writes nothing.

mod blobs;
pub mod command;
mod commit;
pub mod config;
mod copy;
mod diff;
mod elsewhere;
pub mod error;
mod files;
mod health;
mod history;
mod index;
mod index_diff;
mod linked;
pub mod merge;
mod objects;
pub mod operation;
pub mod overlay;
mod pack_order;
mod parallel;
mod parameters;
mod range;
mod refs;
pub mod repo;
pub mod revision;
mod selection;
pub mod staged;
pub mod status;
pub mod step;
pub mod tree;
pub mod worktree;
pub mod write;

#[cfg(test)]
pub(crate) mod sandbox;

pub use blobs::{PastBlob, Walked};
pub(crate) use command::{LOCAL_ENVIRONMENT, path_from};
pub use elsewhere::run_in;
pub use error::GitError;
pub use history::Walk;
pub use linked::Broken;
pub use merge::{Favour, Merged, merge_texts};
pub use objects::{KnownCommits, ObjectKind};
pub use operation::Operation;
pub use overlay::Overlay;
pub use range::Range;
pub use repo::Repo;
pub use revision::{Head, Revision};
pub use selection::{Selected, Selection};
pub use staged::StagedTree;
pub use step::RepoStep;
pub use tree::CommitTree;
pub use worktree::{Stamp, WorkTree};
pub use write::{NewCommit, TreeEdit};
