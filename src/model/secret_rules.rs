//! Rules about secrets, as data: what one looks like, and what only looks like one. In the words of gitleaks' format.
//!
//! Built-in rules are statics made while this program was built; those of `.agentops/secrets.toml` are read from a tree. So
//! texts are borrowed or owned.

use std::borrow::Cow;
use std::collections::BTreeSet;

/// A text of a rule.
pub type Text = Cow<'static, str>;
/// Several.
pub type Texts = Cow<'static, [Text]>;

/// What one kind of secret looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRule {
    /// Its name, e.g. `github-token`.
    pub id: Text,
    /// What it finds, e.g. `a GitHub token`.
    pub description: Text,
    /// The expression whose match is or holds the secret.
    pub regex: Text,
    /// The group that is the secret; 0: the first group that took part, or the whole match where there is none.
    pub secret_group: u32,
    /// The entropy that the secret must exceed, in thousandths of a bit a byte; 0: any.
    pub entropy: u32,
    /// Texts of which one stands in every match, in lower case; never empty.
    pub keywords: Texts,
    /// An expression that the file's path must match.
    pub path: Option<Text>,
    /// How the secret proves that it was not made up.
    pub checksum: Option<Checksum>,
    /// Words about the rule; [`GENERIC`] and [`KEY`] mean something here.
    pub tags: Texts,
    /// What it does not mean.
    pub allowlists: Cow<'static, [Allowlist]>,
}

/// The tag of rules that know a secret by the name it is given: others know better what it is, and in what is no text they
/// are not asked.
pub const GENERIC: &str = "generic";
/// The tag of rules for keys, in whose bytes no word means anything.
pub const KEY: &str = "key";

impl SecretRule {
    /// Whether the rule has a tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.tags.iter().any(|own| own == tag)
    }
}

/// A checksum in a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// The last six characters are the CRC-32 of what stands between the `_` and them, in base 62.
    Crc32Base62,
}

impl Checksum {
    /// Each with its name in rules.
    pub const ALL: [(&str, Self); 1] = [("crc32-base62", Self::Crc32Base62)];
}

/// What is no secret although a rule matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowlist {
    /// Why.
    pub description: Text,
    /// Whether each kind of condition that is given must hold, and not just one of them.
    pub all: bool,
    /// Expressions over the path.
    pub paths: Texts,
    /// Expressions over what `target` says.
    pub regexes: Texts,
    /// What they are held against.
    pub target: Target,
    /// Words in the secret, in any case.
    pub stopwords: Texts,
    /// The rules that it is for; all where it names none.
    pub rules: Texts,
}

/// What an allowlist's expressions are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The secret.
    Secret,
    /// All that the rule's expression matched.
    Match,
    /// The whole line.
    Line,
}

/// What a repository adds to the built-in rules, and takes from them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretRules {
    /// Its own.
    pub rules: Vec<SecretRule>,
    /// Allowlists for all rules, or for those they name.
    pub allowlists: Vec<Allowlist>,
    /// Built-in rules that are switched off, by id.
    pub disabled: BTreeSet<String>,
}
