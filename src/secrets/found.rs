//! What was found, and how it is told without telling it.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::model::path::RepoPath;
use crate::model::secret_rules::SecretRule;

/// Of a secret at most so many characters are shown, and at most one of [`SHARE`].
const SHOWN: usize = 4;
const SHARE: usize = 8;

/// One secret in one file.
#[derive(Clone, PartialEq, Eq)]
pub struct Found<'s> {
    /// The rule that knows it.
    pub rule: &'s SecretRule,
    /// Its line, from 1; `None` in what is no text.
    pub line: Option<usize>,
    /// Where several are on one line, or in one file without lines: its first byte there, from 1.
    pub column: Option<usize>,
    /// What an allow marker beside it says; `None`: there is no marker.
    pub allow: Option<Allow>,
    pub(super) secret: Vec<u8>,
}

/// What an allow marker says of the secrets beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allow {
    /// Why they are none; empty without a reason.
    pub reason: String,
    /// How many it is about.
    pub excuses: usize,
    /// How many different ones there are.
    pub there: usize,
}

impl Allow {
    /// Refuses a marker that is about more or fewer than there are: what was said of one excuses no other that came later.
    pub fn is_about_all(&self) -> Result<(), String> {
        let Self { excuses, there, .. } = self;
        if excuses == there {
            return Ok(());
        }
        let (are, each) = if *there == 1 { ("is", "it") } else { ("are", "each") };
        Err(format!(
            "the marker beside it is about {excuses}, and there {are} {there}: `agentops:allow-secret({there}) <reason>`, where \
             the reason holds for {each}"
        ))
    }
}

impl Found<'_> {
    /// Which of its line it is, for reading on: `, at column 7`; empty where it is alone there.
    pub fn on_its_line(&self) -> String {
        match (self.column, self.line) {
            (None, _) => String::new(),
            (Some(column), Some(_)) => format!(", at column {column}"),
            (Some(byte), None) => format!(", at byte {byte}"),
        }
    }

    /// The secret as it may be printed.
    pub fn redacted(&self) -> Redacted<'_> {
        Redacted(&self.secret)
    }

    /// Whether `bytes` hold the secret too.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        !self.secret.is_empty() && bstr::ByteSlice::contains_str(bytes, &self.secret)
    }

    /// Whether another one is the same secret, by the same rule.
    pub fn is_same(&self, other: &Self) -> bool {
        self.rule.id == other.rule.id && self.secret == other.secret
    }

    /// What a baseline knows it by, in the project with this id.
    pub fn fingerprint(&self, project: &str, path: &RepoPath) -> Fingerprint {
        Fingerprint::new(project, &self.rule.id, path, &self.secret)
    }
}

/// Never the secret.
impl fmt::Debug for Found<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{:?} {}", self.rule.id, self.line, self.redacted())
    }
}

/// A secret as it may be printed: its first characters, four at most and never more than an eighth, and its length.
pub struct Redacted<'f>(pub(super) &'f [u8]);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy(self.0);
        let length = text.chars().count();
        let head: String = text.chars().take(SHOWN.min(length / SHARE)).filter(|c| !c.is_control()).collect();
        write!(out, "{head}… ({length} characters)")
    }
}

/// What a baseline knows a secret by. It names where and by which rule in full, and of the secret itself 16 bits of a
/// digest: enough that another secret in its place is found, and too little to try passwords against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    place: [u8; 8],
    secret: [u8; 2],
}

impl Fingerprint {
    fn new(project: &str, rule: &str, path: &RepoPath, secret: &[u8]) -> Self {
        Self { place: Self::place(project, rule, path), secret: digest(&[project.as_bytes(), b"secret", secret]) }
    }

    /// The half that says where and by which rule.
    pub(super) fn place(project: &str, rule: &str, path: &RepoPath) -> [u8; 8] {
        digest(&[project.as_bytes(), b"place", rule.as_bytes(), path.as_bytes()])
    }

    /// Whether it is of that place and rule.
    pub(super) fn is_at(&self, project: &str, rule: &str, path: &RepoPath) -> bool {
        self.place == Self::place(project, rule, path)
    }

    /// Reads what [`Display`](fmt::Display) writes.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (place, secret) = text.split_once('-')?;
        Some(Self { place: hex(place)?, secret: hex(secret)? })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
        out.write_str("-")?;
        self.secret.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// The first bytes of the digest of `parts`, each behind its length.
fn digest<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let all = hash.finalize();
    std::array::from_fn(|at| all[at])
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let lower = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if text.len() != 2 * N || !lower {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fingerprints_are_read_back_and_tell_places_apart() {
        let of = |project: &str, rule: &str, path: &str, secret: &str| {
            Fingerprint::new(project, rule, &path.into(), secret.as_bytes())
        };
        let one = of("p", "rule", "a/b", "s");
        assert_eq!(Fingerprint::parse(&one.to_string()), Some(one));
        assert!(one.is_at("p", "rule", &"a/b".into()) && !one.is_at("p", "rule", &"a/c".into()));
        for other in [of("q", "rule", "a/b", "s"), of("p", "rul", "ea/b", "s"), of("p", "rule", "a/b", "t")] {
            assert_ne!(one, other);
        }
        assert_eq!(of("q", "x", "y", "s").secret.len(), 2, "16 bits tell nobody a password");
        for text in ["", "-", "0123456789abcdef", "0123456789ABCDEF-0123", "0123456789abcdef-012"] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_middle_is_never_shown(secret in "\\PC{1,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            for secret in [secret.as_bytes(), &bytes] {
                let text = Redacted(secret).to_string();
                let (head, rest) = text.split_once('…').unwrap();
                let shown = head.chars().count();
                let all = String::from_utf8_lossy(secret);
                prop_assert!(shown <= 4 && shown * 8 <= all.chars().count());
                prop_assert!(rest.starts_with(" (") && rest.ends_with(" characters)"));
                prop_assert!(all.chars().filter(|c| !c.is_control()).collect::<String>().starts_with(head));
            }
        }
    }
}
