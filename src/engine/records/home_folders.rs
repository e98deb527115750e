//! Folders of people's homes in texts that are committed for everybody to read.

use crate::engine::error::EngineError;
use crate::model::escape::visible;
use crate::model::record::Session;

/// Where the systems keep homes: what follows is a person's name.
const HOMES: [&str; 4] = ["/home/", "/Users/", "C:\\Users\\", "c:\\Users\\"];

/// Refuses a record that names somebody's home: what is pushed is not taken back.
pub(super) fn refuse(record: &Session, own: Option<&str>) -> Result<(), EngineError> {
    let improvements = record.improvements.iter().map(|improvement| ("an improvement", improvement.what.as_str()));
    let texts = [("the summary", record.summary.as_str())].into_iter().chain(improvements);
    let found: Vec<String> = texts
        .filter_map(|(what, text)| Some(format!("{what} names a home folder, `{}`", visible(first_in(text, own)?))))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(EngineError::refused(
        format!("{}; everybody who has the repository would read it", found.join(", ")),
        "name files from the repository's top, and what lies in a home from there: ~/notes",
    ))
}

/// The first path in `text` that leads into somebody's home, or below `own`, the home of whoever acts. Part of an address or of a
/// path that begins elsewhere is none.
fn first_in<'t>(text: &'t str, own: Option<&str>) -> Option<&'t str> {
    let own = own.map(|own| own.trim_end_matches('/')).filter(|own| own.len() > 1);
    HOMES
        .into_iter()
        .map(|home| (home, true))
        .chain(own.map(|own| (own, false)))
        .flat_map(|(home, is_named)| {
            text.match_indices(home).filter_map(move |(at, _)| {
                let begins = !text[..at].ends_with(|c: char| c.is_alphanumeric() || "/._-~".contains(c));
                let path = path_at(&text[at..]);
                let rest = &path[home.len().min(path.len())..];
                let is_whole = if is_named { !rest.is_empty() } else { rest.is_empty() || rest.starts_with('/') };
                (begins && is_whole).then_some((at, path))
            })
        })
        .min_by_key(|(at, path)| (*at, std::cmp::Reverse(path.len())))
        .map(|(_, path)| path)
}

/// A path, up to what cannot be of one in a sentence.
fn path_at(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || "\"'`<>()[]{},;|".contains(c)).unwrap_or(text.len());
    text[..end].trim_end_matches(['.', ':', '!', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_seen_and_what_only_looks_like_one_is_not() {
        for (text, expected) in [
            ("Read /home/alice/api.log.", Some("/home/alice/api.log")),
            ("(see `/Users/alice`)", Some("/Users/alice")),
            ("file=C:\\Users\\alice\\x, twice", Some("C:\\Users\\alice\\x")),
            ("in /srv/people/alice/notes", Some("/srv/people/alice/notes")),
            ("in /srv/people/alice2/notes", None),
            ("docs/home/alice and https://example.org/home/alice", None),
            ("below /home/ or /home", None),
            ("~/notes, /etc/hosts", None),
        ] {
            assert_eq!(first_in(text, Some("/srv/people/alice")), expected, "{text}");
        }
        assert_eq!(first_in("in /etc", Some("/")), None);
    }
}
