//! What is known and carried on: the profile that a task belongs to, bundles of what longer texts say, records in a tree, searched
//! and offered.

pub(crate) mod ageing;
pub mod bundles;
pub(crate) mod corpus;
pub(crate) mod filed;
pub mod likeness;
pub(crate) mod moving;
pub mod offer;
pub(crate) mod replacing;
pub mod route;
pub mod search;
