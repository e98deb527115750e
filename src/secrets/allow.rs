//! What a line itself says about a secret on it: `agentops:allow-secret <reason>`.
//!
//! The marker counts for its own line, and for the next one where a line holds nothing else: a PEM block, for one, has no
//! room for comments. gitleaks' marker `gitleaks:allow` is read alike. Whether the reason is one, the law decides.

use super::placeholder::contains;

const MARKERS: [&str; 2] = ["agentops:allow-secret", "gitleaks:allow"];
/// So far around the secret a line is looked at.
const FAR: usize = 4096;

/// The reason that the line of the byte `at`, or the line before, gives for a secret there; empty where it gives none.
/// `None`: there is no marker.
pub(super) fn reason(bytes: &[u8], at: usize) -> Option<String> {
    let (start, end) = line(bytes, at);
    if let Some((_, reason)) = marked(&bytes[start..end]) {
        return Some(reason);
    }
    let before = start.checked_sub(1)?;
    let (start, end) = line(bytes, before);
    let (lead, reason) = marked(&bytes[start..end])?;
    // `<!--`, `//`, `#`, `--`, `rem`: anything with a word in it is a line of its own.
    lead.iter().all(|byte| !byte.is_ascii_alphanumeric()).then_some(reason)
}

/// The line of the byte `at`, without its end; cut where it is long.
pub(super) fn line(bytes: &[u8], at: usize) -> (usize, usize) {
    let from = at.saturating_sub(FAR);
    let to = bytes.len().min(at + FAR);
    let start = bytes[from..at].iter().rposition(|byte| *byte == b'\n').map_or(from, |newline| from + newline + 1);
    let end = bytes[at..to].iter().position(|byte| *byte == b'\n').map_or(to, |newline| at + newline);
    (start, end)
}

/// What stands before a marker, and the reason behind it.
fn marked(line: &[u8]) -> Option<(&[u8], String)> {
    let marker = MARKERS.iter().find(|marker| contains(line, marker.as_bytes()))?;
    let at = line.windows(marker.len()).position(|part| part == marker.as_bytes())?;
    let reason = String::from_utf8_lossy(&line[at + marker.len()..]).into_owned();
    let reason = reason.trim_start_matches([':', '=', '-', '\u{2014}', ' ', '\t']);
    let reason =
        reason.trim_end().trim_end_matches("*/").trim_end_matches("-->").trim_end_matches("#}").trim_end_matches("%>");
    Some((&line[..at], reason.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        reason(text.as_bytes(), text.find("SECRET").unwrap())
    }

    #[test]
    fn on_the_line_and_before_it() {
        assert_eq!(of("x = SECRET # agentops:allow-secret revoked in May"), Some("revoked in May".into()));
        assert_eq!(
            of("<!-- gitleaks:allow: of the vendor's manual -->\nSECRET"),
            Some("of the vendor's manual".into())
        );
        assert_eq!(of("SECRET /* agentops:allow-secret */"), Some(String::new()));
        assert_eq!(of("SECRET\r\nagentops:allow-secret later"), None);
        assert_eq!(of("a = 1 // agentops:allow-secret another one\nSECRET"), None);
        assert_eq!(of("# agentops:allow-secret too far\n\nSECRET"), None);
        assert_eq!(of("SECRET"), None);
    }
}
