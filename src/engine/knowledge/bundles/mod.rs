//! Context bundles: made of longer texts, found again, loaded where they still hold, proved against their sources.

pub(crate) mod compressor;
pub mod fit;
pub mod load;
pub(crate) mod making;
pub mod prove;
pub mod reuse;
pub mod save;
pub mod shelf;
pub mod sources;
