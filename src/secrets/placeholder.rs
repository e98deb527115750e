//! What stands in the place of a secret: examples, masks, and sequences that nobody drew at random.

/// Words of examples. Long enough that a random token does not hold one.
const WORDS: &[&str] = &[
    "example",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "redacted",
    "your_",
    "your-",
    "yourkey",
    "yourtoken",
    "insert_",
    "insert-",
    "replace_",
    "replace-",
    "dummy",
    "sample",
    "notreal",
    "not_real",
    "not-real",
    "fake_",
    "fake-",
    "test_token",
    "testtoken",
    "mytoken",
    "mysecret",
    "abcdefgh",
    "01234567",
    "12345678",
    "23456789",
    "87654321",
    "deadbeef",
    "cafebabe",
    "qwertyui",
    "lorem",
    "a1b2c3d4",
    "1a2b3c4d",
    "0a1b2c3d",
];
/// So often one character in a row is a mask.
const REPEATED: usize = 6;

/// Whether `secret` stands in the place of one.
pub(super) fn is_placeholder(secret: &[u8]) -> bool {
    let lower = secret.to_ascii_lowercase();
    WORDS.iter().any(|word| contains(&lower, word.as_bytes())) || has_run(secret)
}

/// Whether `lower`, in lower case, holds `word`.
pub(super) fn contains(lower: &[u8], word: &[u8]) -> bool {
    word.is_empty() || lower.windows(word.len()).any(|part| part == word)
}

fn has_run(bytes: &[u8]) -> bool {
    bytes.chunk_by(|one, next| one == next).any(|run| run.len() >= REPEATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_masks() {
        for text in [
            "AKIAIOSFODNN7EXAMPLE",
            "xxxxxxxxxxxx",
            "ghp_000000aB",
            "sk-your-key-here",
            "1234567890abcdef",
            "a1b2c3d4e5f6",
        ] {
            assert!(is_placeholder(text.as_bytes()), "{text}");
        }
        for text in ["", "aaaaa", "k3Jd92mVx0Qz"] {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
    }
}
