//! How a repository comes under the laws, and leaves them.

pub mod deinit;
pub mod demo;
pub mod init;
