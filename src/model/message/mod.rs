//! Commit messages as data: subject, sections, trailers; reading, cleaning and composing them.
//!
//! Reading never fails: whatever the bytes, it gives a [`Message`], and the laws judge what is in it. Used by the
//! laws, by hooks (which clean first) and by `agentops commit` (which composes).

mod cleanup;
mod compose;
mod header;
mod parse;

pub use cleanup::{Cleanup, Comment, clean};
pub use compose::one_line;
pub use header::{Header, SubjectKind, without_forge_suffix};

/// One `Token:` paragraph of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The configured token, e.g. `Context`.
    pub token: String,
    /// Its text, without the token, trimmed; may span paragraphs.
    pub text: String,
    /// The line of the token, from 1.
    pub line: usize,
    /// Which of the commits in the body of a squash it belongs to, from 1; 0 for the message's own.
    pub piece: usize,
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
    /// The line of the subject, from 1; 0 where the message is empty.
    pub subject_line: usize,
    /// Whether the subject is followed by an empty line or by nothing, as git wants it.
    pub subject_stands_alone: bool,
    /// Who wrote the subject: a person, git, a rebase to come.
    pub kind: SubjectKind,
    /// The subject's parts where it is semantic.
    pub header: Option<Header>,
    /// The sections in order; a squash body may hold several of one token.
    pub sections: Vec<Section>,
    /// The trailers in order; those of squashed commits first.
    pub trailers: Vec<Trailer>,
}

impl Message {
    /// Reads a message; `sections` are the configured section tokens.
    ///
    /// A section starts at the beginning of a line with a token and `:`, and runs to the next section or to the
    /// trailers. Trailers follow the rules of `git interpret-trailers`, read a little more generously: lines that are
    /// unmistakably trailers count even where prose or another block of trailers stands right above them, so that
    /// what a doer says of itself is not lost to a missing empty line. A section token is never a trailer. The bodies
    /// that forges and `git merge --squash` make of several commits are read commit by commit, without indentation.
    pub fn parse(text: &str, sections: &[String]) -> Self {
        parse::parse(text, sections)
    }

    /// Writes a message: the header, then each section with its paragraphs wrapped at 72 columns, then the trailers.
    /// Lists, indented lines and fenced blocks keep their lines. A line of a text that would read as something else
    /// (a section, a trailer, a comment) is indented by two spaces. [`parse`](Self::parse) with the same tokens gives
    /// back the same words.
    pub fn compose(header: &Header, sections: &[(&str, &str)], trailers: &[(&str, &str)]) -> String {
        compose::compose(header, sections, trailers)
    }

    /// The values of the trailers named `key`, in any case, with their lines.
    pub fn trailers_named<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Trailer> {
        self.trailers.iter().filter(move |trailer| trailer.key.eq_ignore_ascii_case(key))
    }
}
