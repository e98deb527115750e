//! What may stand in a context, what does, and what was left out.

use super::recipe::Kind;
use crate::model::bundle::BundleType;
use crate::model::digest::ObjectId;

/// How much of its source an item gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// All of it.
    Whole,
    /// What must be kept of it, and what matters most.
    Shortened,
    /// These lines, counted from 1.
    Lines(usize, usize),
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole => f.write_str("whole"),
            Self::Shortened => f.write_str("shortened"),
            Self::Lines(first, last) => write!(f, "lines {first}-{last}"),
        }
    }
}

/// What is told of an item, whether it is given or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What it is.
    pub kind: Kind,
    /// Its heading in the text: Markdown of one line.
    pub title: String,
    /// Where it comes from: `path@blob`, `bundle ID`, `learning ID`, `commit ID`.
    pub source: String,
    /// Why it is in this context: a sentence.
    pub reason: String,
    /// A command that prints it, to be pasted.
    pub command: String,
}

/// A part of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is.
    pub about: About,
    /// How much of its source it gives.
    pub form: Form,
    /// Its tokens, the heading included.
    pub tokens: usize,
    /// Tokens of all of its source.
    pub of: usize,
}

/// Something that is not in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// What it is.
    pub about: About,
    /// Its tokens where it were given whole; unknown for what cannot be read.
    pub tokens: Option<usize>,
    /// Why.
    pub why: Why,
}

/// Why something is not in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// What ranks before it took the room.
    NoRoom,
    /// What it says is given by another item.
    Contained,
    /// It cannot be read: the end of a sentence that begins with it.
    Unreadable(String),
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoRoom => f.write_str("no room"),
            Self::Contained => f.write_str("given by another item"),
            Self::Unreadable(why) => f.write_str(why),
        }
    }
}

/// Something that a recipe asks for.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) about: About,
    pub(super) body: Body,
    /// The blobs that it is made of: where all of them are given, it need not be.
    pub(super) made_of: Vec<ObjectId>,
}

/// What a candidate says.
#[derive(Debug, Clone)]
pub(super) enum Body {
    /// A text that is given whole, or shortened.
    Document {
        /// The blob that it is.
        blob: ObjectId,
        /// Its text, safe to print.
        text: String,
        /// The word behind its fence.
        language: String,
        /// By whose rules it is shortened; `None` for what is not prose.
        shortened_as: Option<BundleType>,
    },
    /// A text that is given as it is.
    Part {
        /// How much of its source it is.
        form: Form,
        /// It, safe to print.
        text: String,
        /// The word behind its fence.
        language: String,
        /// Tokens of all of its source; `None`: it is all of it.
        of: Option<usize>,
    },
    /// Nothing, and why.
    Unreadable(String),
}
