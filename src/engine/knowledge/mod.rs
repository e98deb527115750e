//! What is known and carried on: the profile that a task belongs to, and bundles of what longer texts say.

pub mod bundles;
pub mod route;
