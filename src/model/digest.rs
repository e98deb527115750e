//! Content digests and git object ids.

use std::fmt;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::name::NameError;

/// A sha256 over exact bytes, written as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Reads 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let mut out = [0; 32];
        if text.len() != 64 || !read_hex(text.as_bytes(), &mut out) {
            return Err(NameError::new("sha256 digest", text, "64 lower-case hex digits"));
        }
        Ok(Self(out))
    }

    /// The first 32 hex digits: what file names carry (`hash32`).
    pub fn short(&self) -> String {
        write_hex(&self.0[..16])
    }

    /// All 64 hex digits.
    pub fn hex(&self) -> String {
        write_hex(&self.0)
    }
}

/// A digest of bytes that come part by part.
#[derive(Debug, Clone, Default)]
pub struct Digesting(Sha256);

impl Digesting {
    /// The next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all of them.
    pub fn done(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl TryFrom<String> for Digest {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({})", &self.hex()[..12])
    }
}

/// A git object id of either hash kind: 40 (sha1) or 64 (sha256) hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ObjectId {
    bytes: [u8; 32],
    length: u8,
}

impl ObjectId {
    /// Takes the 20 or 32 raw bytes of an id; `None` for any other length.
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        if raw.len() != 20 && raw.len() != 32 {
            return None;
        }
        let mut bytes = [0; 32];
        bytes[..raw.len()].copy_from_slice(raw);
        Some(Self { bytes, length: raw.len() as u8 })
    }

    /// Reads 40 or 64 lower-case hex digits.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let mut bytes = [0; 32];
        let length = text.len() / 2;
        let fits = matches!(text.len(), 40 | 64) && read_hex(text.as_bytes(), &mut bytes[..length]);
        if !fits {
            return Err(NameError::new("object id", text, "40 or 64 lower-case hex digits"));
        }
        Ok(Self { bytes, length: length as u8 })
    }

    /// The raw bytes, 20 or 32 of them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    /// Whether every byte is zero: git's way to say "no object".
    pub fn is_null(&self) -> bool {
        self.as_bytes().iter().all(|byte| *byte == 0)
    }

    /// The first 12 hex digits, for people.
    pub fn short(&self) -> String {
        write_hex(&self.bytes[..6])
    }
}

impl TryFrom<String> for ObjectId {
    type Error = NameError;
    fn try_from(text: String) -> Result<Self, NameError> {
        Self::parse(&text)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&write_hex(self.as_bytes()))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({})", self.short())
    }
}

fn write_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]])
        .map(char::from)
        .collect()
}

/// Lower case only: one value has one spelling, so canonical files stay canonical.
fn read_hex(text: &[u8], out: &mut [u8]) -> bool {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    text.len() == out.len() * 2
        && text.chunks_exact(2).zip(out).all(|(pair, slot)| match (digit(pair[0]), digit(pair[1])) {
            (Some(high), Some(low)) => {
                *slot = high << 4 | low;
                true
            }
            _ => false,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_spelling_is_unique() {
        let digest = Digest::of(b"");
        assert!(digest.hex().starts_with("e3b0c44298fc1c14"));
        assert_eq!(Digest::parse(&digest.hex()), Ok(digest));
        assert!(Digest::parse(&digest.hex().to_uppercase()).is_err());
        assert!(Digest::parse(&digest.short()).is_err());
    }

    #[test]
    fn object_ids_of_both_kinds() {
        for length in [40, 64] {
            let text = "ab".repeat(length / 2);
            assert_eq!(ObjectId::parse(&text).map(|id| id.to_string()), Ok(text));
        }
        assert!(ObjectId::parse(&"0".repeat(41)).is_err());
        assert!(ObjectId::parse(&"0".repeat(40)).is_ok_and(|id| id.is_null()));
    }
}
