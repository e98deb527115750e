//! What a line itself says about a secret on it: `agentops:allow-secret <reason>`, and `agentops:allow-secret(2) <reason>`
//! about two.
//!
//! The marker counts for its own line, and for the next one where a line holds nothing else: a PEM block, for one, has no
//! room for comments. gitleaks' marker `gitleaks:allow` is read alike. Whether the reason is one, the law decides.

use super::placeholder::contains;

const MARKERS: [&str; 2] = ["agentops:allow-secret", "gitleaks:allow"];
/// So far around the secret a line is looked at.
const FAR: usize = 4096;

/// A marker.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marker {
    /// Where it begins, in bytes.
    pub(super) at: usize,
    /// How many secrets it is about.
    pub(super) excuses: usize,
    /// Why; empty where it does not say.
    pub(super) reason: String,
}

/// The marker for a secret at the byte `at`: on its line, or on the line before.
pub(super) fn marker(bytes: &[u8], at: usize) -> Option<Marker> {
    let (start, end) = line(bytes, at);
    if let Some(marker) = marked(bytes, start, end) {
        return Some(marker);
    }
    let before = start.checked_sub(1)?;
    let (start, end) = line(bytes, before);
    let marker = marked(bytes, start, end)?;
    // `<!--`, `//`, `#`, `--`, `rem`: anything with a word in it is a line of its own.
    bytes[start..marker.at].iter().all(|byte| !byte.is_ascii_alphanumeric()).then_some(marker)
}

/// The line of the byte `at`, without its end; cut where it is long.
pub(super) fn line(bytes: &[u8], at: usize) -> (usize, usize) {
    let from = at.saturating_sub(FAR);
    let to = bytes.len().min(at + FAR);
    let start = bytes[from..at].iter().rposition(|byte| *byte == b'\n').map_or(from, |newline| from + newline + 1);
    let end = bytes[at..to].iter().position(|byte| *byte == b'\n').map_or(to, |newline| at + newline);
    (start, end)
}

/// The first marker on the line from `start` to `end`.
fn marked(bytes: &[u8], start: usize, end: usize) -> Option<Marker> {
    let line = &bytes[start..end];
    let marker = MARKERS.iter().find(|marker| contains(line, marker.as_bytes()))?;
    let at = line.windows(marker.len()).position(|part| part == marker.as_bytes())?;
    let text = String::from_utf8_lossy(&line[at + marker.len()..]).into_owned();
    let number = text.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    let number = number.and_then(|(number, rest)| Some((number.parse().ok()?, rest)));
    let (excuses, reason) = number.unwrap_or((1, &text));
    let reason = reason.trim_start_matches([':', '=', '-', '\u{2014}', ' ', '\t']);
    let reason =
        reason.trim_end().trim_end_matches("*/").trim_end_matches("-->").trim_end_matches("#}").trim_end_matches("%>");
    Some(Marker { at: start + at, excuses, reason: reason.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Option<String> {
        marker(text.as_bytes(), text.find("SECRET").unwrap()).map(|marker| marker.reason)
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

    #[test]
    fn how_many_it_is_about() {
        for (text, expected) in [
            ("SECRET # agentops:allow-secret why", (1, "why")),
            ("SECRET # agentops:allow-secret(2) why", (2, "why")),
            ("SECRET # gitleaks:allow(12): why", (12, "why")),
            ("SECRET # agentops:allow-secret (both) why", (1, "(both) why")),
            ("SECRET # agentops:allow-secret(2 why", (1, "(2 why")),
        ] {
            let marker = marker(text.as_bytes(), 0).unwrap();
            assert_eq!((marker.at, marker.excuses, marker.reason.as_str()), (9, expected.0, expected.1), "{text}");
        }
    }
}
