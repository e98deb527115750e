//! How the rules change: proposals, amends, upgrades, redactions; and the profiles that they are about.

pub mod policy;
pub mod profile;
pub mod proposal;
pub mod redact;
pub mod upgrade;
