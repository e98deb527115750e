//! Commit messages as data: subject, sections, trailers.

/// `type(scope)!: subject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// E.g. `feat`.
    pub kind: String,
    /// E.g. `parser`.
    pub scope: Option<String>,
    /// Whether `!` stands before the colon.
    pub breaking: bool,
    /// What follows the colon.
    pub subject: String,
}

/// One `Token:` paragraph of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The configured token, e.g. `Context`.
    pub token: String,
    /// Its text, without the token, trimmed; may span paragraphs.
    pub text: String,
    /// The line of the token, from 1.
    pub line: usize,
}

/// One `Key: value` of the trailer block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trailer {
    /// E.g. `Assisted-by`.
    pub key: String,
    /// Its value, folded lines joined.
    pub value: String,
    /// Its line, from 1.
    pub line: usize,
}

/// A parsed commit message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// The first line.
    pub subject: String,
    /// The subject's parts where it is semantic.
    pub header: Option<Header>,
    /// The sections in order; a squash body may hold several of one token.
    pub sections: Vec<Section>,
    /// The trailers in order.
    pub trailers: Vec<Trailer>,
}

impl Message {
    /// Reads a message; `sections` are the configured section tokens.
    pub fn parse(_text: &str, _sections: &[String]) -> Self {
        Self::default()
    }
}
