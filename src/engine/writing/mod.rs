//! One commit, judged and perhaps signed, that moves a branch, the index and the working tree: all of it or nothing.

pub mod commit;
pub(crate) mod compose;
pub mod leftovers;
pub mod seal;
pub(crate) mod settle;
pub mod signing;
pub mod transact;
