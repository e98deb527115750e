//! What is known and carried on: the profile that a task belongs to, bundles of what longer texts say, records in a tree.

pub mod bundles;
pub(crate) mod filed;
pub mod route;
