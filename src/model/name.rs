//! Names: newtypes that are parsed once and valid ever after.
//!
//! All of them are lower-case ASCII, so that file systems that fold case cannot confuse two of them.

use std::fmt;

use serde::Deserialize;

/// A text that is not a name of the kind that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is not a {kind}: expected {expected}", crate::model::escape::visible(.text))]
pub struct NameError {
    kind: &'static str,
    text: String,
    expected: &'static str,
}

impl NameError {
    pub(crate) fn new(kind: &'static str, text: &str, expected: &'static str) -> Self {
        let text = text.chars().take(80).collect();
        Self { kind, text, expected }
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $type(String);

        impl $type {
            #[doc = concat!("Reads a ", $kind, ": ", $expected, ".")]
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError::new($kind, text, $expected))
                }
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }

        impl std::str::FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A piece of work: `<slug>-<4 random base32 digits>`, e.g. `auth-k3f9`.
    TaskId, "task id", "a slug of a-z, 0-9 and single hyphens, then `-` and 4 base32 digits, 48 characters at most",
    |text| text.rsplit_once('-').is_some_and(|(slug, tail)| {
        text.len() <= 48 && is_slug(slug) && tail.len() == 4 && tail.bytes().all(is_base32)
    })
);
name!(
    /// A flavour of work; also the name of its namespace below `.agentops/`.
    ProfileName, "profile name", "a-z, 0-9 and single hyphens, 32 characters at most, not `governance`",
    |text| text.len() <= 32 && is_slug(text) && text != "governance"
);
name!(
    /// One step of a profile's lifecycle. No hyphen, because event file names are split at hyphens.
    PhaseName, "phase name", "a-z and 0-9, 16 characters at most",
    |text| (1..=16).contains(&text.len()) && text.bytes().all(is_plain)
);
name!(
    /// Who acts: a name in config, and in `allowed_signers`.
    Principal, "principal", "a-z, 0-9, `.`, `_` and `-`, starting with a letter or digit, 64 characters at most",
    |text| text.len() <= 64
        && text.bytes().next().is_some_and(is_plain)
        && text.bytes().all(|byte| is_plain(byte) || b"._-".contains(&byte))
);
name!(
    /// A ULID in lower case: sortable, unique, safe as a file name on every disk.
    RecordId, "record id", "a lower-case ULID, 26 characters",
    |text| text.len() == 26 && matches!(text.as_bytes()[0], b'0'..=b'7') && text.bytes().all(is_base32)
);
name!(
    /// The name of a command in a profile, of a role, of a label.
    Word, "name", "a-z, 0-9, `_` and hyphens, starting with a letter or digit, 32 characters at most",
    |text| (1..=32).contains(&text.len())
        && text.bytes().next().is_some_and(is_plain)
        && text.bytes().all(|byte| is_plain(byte) || b"_-".contains(&byte))
);

/// Crockford's base32 digits in lower case: no `i`, `l`, `o`, `u`.
pub const BASE32: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Whether it is one of [`BASE32`]: ten thousand ids are read to be searched.
fn is_base32(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'h' | b'j' | b'k' | b'm' | b'n' | b'p'..=b't' | b'v'..=b'z')
}

impl TaskId {
    /// Makes an id from a title and 20 bits of `entropy`: the title's ASCII words, cut to a slug.
    pub fn from_title(title: &str, entropy: u32) -> Self {
        let mut slug = String::new();
        // An apostrophe does not part a word: `it's` is one.
        let title = title.replace(['\'', '\u{2019}'], "");
        for word in title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
            let room = 32_usize.saturating_sub(slug.len());
            if room < 2 || (!slug.is_empty() && word.len() + 1 > room) {
                break;
            }
            if !slug.is_empty() {
                slug.push('-');
            }
            slug.extend(word.chars().take(32).map(|c| c.to_ascii_lowercase()));
        }
        if slug.is_empty() {
            slug.push_str("task");
        }
        let tail = (0..4).map(|digit| char::from(BASE32[(entropy >> (5 * digit)) as usize & 31]));
        Self(format!("{slug}-{}", tail.collect::<String>()))
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9')
}

fn is_slug(text: &str) -> bool {
    !text.is_empty() && text.split('-').all(|word| !word.is_empty() && word.bytes().all(is_plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn task_ids_from_titles_are_valid() {
        assert!(TaskId::from_title("It’s the user's fault", 7).as_str().starts_with("its-the-users-fault-"));
        for title in ["Create new authentication system", "", "Ünïcödé only: 日本", "a-b--c", &"x".repeat(300)] {
            let id = TaskId::from_title(title, 0xdead_beef);
            assert_eq!(TaskId::parse(id.as_str()), Ok(id.clone()), "{title}");
        }
    }

    #[test]
    fn names_refuse_what_could_escape_or_collide() {
        for text in ["", "..", "a/b", "A-k3f9", "a-k3f", "a--k3f9", "-k3f9", "a-k3fi", "a-k3f9\n"] {
            assert!(TaskId::parse(text).is_err(), "{text:?}");
        }
        assert!(PhaseName::parse("in-work").is_err());
        assert!(ProfileName::parse("governance").is_err());
        assert!(Principal::parse(".hidden").is_err());
        assert!(RecordId::parse("81arz3ndektsv4rrffq69g5fav").is_err());
        assert!(RecordId::parse("01arz3ndektsv4rrffq69g5fav").is_ok());
    }
}
