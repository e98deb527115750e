//! Folders of people's homes in texts that are committed for everybody to read.

use std::path::Path;

use crate::engine::error::EngineError;
use crate::env::Env;
use crate::model::escape::visible;

/// Where the systems keep homes. Below comes a person's name, and then a path: `/Users/42` is an address, perhaps.
const HOMES: [&str; 2] = ["/home/", "/users/"];
/// The home of one person.
const ROOT: &str = "/root/";

/// Refuses texts, each with what it is, that name a path in somebody's home: what is pushed is not taken back.
pub(super) fn refuse<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>, env: &Env) -> Result<(), EngineError> {
    let home = env.home();
    let own = home.as_deref().and_then(Path::to_str);
    let found: Vec<String> = texts
        .into_iter()
        .filter_map(|(what, text)| Some(format!("{what} names a home folder, `{}`", visible(first_in(text, own)?))))
        .collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(EngineError::refused(
        format!("{}; everybody who has the repository would read it", found.join(", ")),
        "name files from the repository's top, what lies in a home from there (`~/notes`), and an address with its host",
    ))
}

/// The first path in `text` that leads into somebody's home, or to or below `own`, the home of whoever acts.
fn first_in<'t>(text: &'t str, own: Option<&str>) -> Option<&'t str> {
    let own = own.map(spelled_alike).map(|own| own.trim_end_matches('/').to_owned()).filter(|own| own.len() > 1);
    paths(text).find(|path| leads_home(&spelled_alike(path), own.as_deref()))
}

/// The words of a text that may be paths.
fn paths(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| c.is_whitespace() || "\"'`<>()[]{},;|=".contains(c);
    text.split(ends).map(|word| word.trim_end_matches(['.', ':', '!', '?'])).filter(|word| word.len() > 1)
}

/// As it is spelled elsewhere, too: Windows does not tell letters' cases apart, nor the two slashes.
fn spelled_alike(path: &str) -> String {
    path.to_ascii_lowercase().replace('\\', "/")
}

fn leads_home(path: &str, own: Option<&str>) -> bool {
    let is_own = |(at, own): (usize, &str)| {
        is_beginning(&path[..at]) && path[at + own.len()..].chars().next().is_none_or(|next| next == '/')
    };
    let is_named = |(at, home): (usize, &str)| {
        let name_and_below = path[at + home.len()..].split_once('/');
        is_beginning(&path[..at]) && name_and_below.is_some_and(|(name, below)| !name.is_empty() && !below.is_empty())
    };
    let is_root = |(at, root): (usize, &str)| is_beginning(&path[..at]) && path.len() > at + root.len();
    own.is_some_and(|own| path.match_indices(own).any(is_own))
        || HOMES.iter().any(|home| path.match_indices(home).any(is_named))
        || path.match_indices(ROOT).any(is_root)
}

/// Whether a path may begin here: with nothing before, or what only says where the folder of all homes is.
fn is_beginning(before: &str) -> bool {
    let mount = before.strip_prefix("/mnt").unwrap_or(before);
    let is_drive = mount.len() == 2 && mount.starts_with('/');
    let is_server = before.strip_prefix("//").is_some_and(|server| !server.contains('/'));
    matches!(before, "" | "/" | "/var" | "file://") || before.ends_with(':') || is_drive || is_server
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_seen_and_what_only_looks_like_one_is_not() {
        for (text, expected) in [
            ("Read /home/alice/api.log.", Some("/home/alice/api.log")),
            ("(see `/Users/alice/notes`)", Some("/Users/alice/notes")),
            ("file=C:\\Users\\alice\\x, twice", Some("C:\\Users\\alice\\x")),
            ("or z:/users/Alice/x and more", Some("z:/users/Alice/x")),
            ("file:///home/bob/x", Some("file:///home/bob/x")),
            ("on \\\\srv\\Users\\bob\\x", Some("\\\\srv\\Users\\bob\\x")),
            ("/var/home/bob/y", Some("/var/home/bob/y")),
            ("/mnt/c/Users/bob/y", Some("/mnt/c/Users/bob/y")),
            ("/c/Users/bob/y", Some("/c/Users/bob/y")),
            ("read /root/.ssh/id_rsa", Some("/root/.ssh/id_rsa")),
            ("in /srv/people/alice/notes", Some("/srv/people/alice/notes")),
            ("in /srv/people/alice", Some("/srv/people/alice")),
            ("in /srv/people/alice2/notes", None),
            ("docs/home/alice/x and https://example.org/home/alice/x", None),
            ("GET /Users/42 answers 404, /home/settings/ does not", None),
            ("below /home/ or /home or /root/", None),
            ("~/notes, /etc/hosts, the /root", None),
        ] {
            assert_eq!(first_in(text, Some("/srv/people/alice")), expected, "{text}");
        }
        assert_eq!(first_in("in /etc", Some("/")), None);
    }
}
