//! Attacks on the judge: each test does what somebody might try, with real git, and says which law names it.

mod approvals;
mod edges;
mod events;
mod evidence;
mod governance;
mod history;
mod links;
mod messages;
mod mutations;
mod names;
mod redactions;
mod smuggled;
mod takeover;
mod trees;
mod votes;
