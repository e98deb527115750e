//! Checksums in tokens: what was made up, or is the example of a manual, does not have a right one.

use crate::model::secret_rules::Checksum;

/// GitHub's alphabet of base 62, and npm's.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// So many of them at the end of a token.
const LENGTH: usize = 6;

/// Whether `token` has the checksum that its kind has.
pub(super) fn holds(kind: Checksum, token: &[u8]) -> bool {
    match kind {
        Checksum::Crc32Base62 => {
            let body = token.iter().rposition(|byte| *byte == b'_').map_or(token, |at| &token[at + 1..]);
            let Some((data, sum)) = body.split_last_chunk::<LENGTH>() else { return false };
            crc32_base62(data) == *sum
        }
    }
}

/// The CRC-32 of `data`, as six digits of base 62.
pub(super) fn crc32_base62(data: &[u8]) -> [u8; LENGTH] {
    let mut rest = crc32fast::hash(data);
    let mut digits = [b'0'; LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_that_github_published() {
        // From the announcement of the format; revoked since. In parts, so that no scanner mistakes it for a live one.
        let token = ["ghp", "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"].join("_");
        assert!(holds(Checksum::Crc32Base62, token.as_bytes()));
        for wrong in [token.replace('z', "y"), token.replace("17", "18"), "ghp_".to_owned(), String::new()] {
            assert!(!holds(Checksum::Crc32Base62, wrong.as_bytes()), "{wrong}");
        }
    }
}
