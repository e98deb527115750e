//! Whether a hook runs for `git commit --amend`, which replaces HEAD, or for a new commit on top of it.
//!
//! Git tells no hook. What there is to go by:
//!
//! - the author that git hands to every hook of a commit: an amend keeps HEAD's, to the second. So does a new commit of
//!   `git commit -C HEAD`, and one that the same person makes within the same second looks the same;
//! - the command line of the `git commit` that runs the hook, where the system shows it. It says outright what the other
//!   signs leave open, but it is not believed where the author contradicts it: `--amend` goes with HEAD's author, or with
//!   an option that names another one.
//!
//! Whoever forges these signs gains one commit that is judged against HEAD's parent instead of HEAD, together with what HEAD
//! brought: less than `--no-verify` gives. `pre-push` and `check` read commits as they are and ask for none of this.

use std::ffi::OsString;

use crate::engine::error::EngineError;
use crate::engine::site::{Site, seconds_of};
use crate::git::Operation;
use crate::model::commit::{Commit, Person};

/// Whether the hook that asks runs for an amend of `head`.
pub(super) fn is_amended(site: &Site, head: &Commit) -> Result<bool, EngineError> {
    if site.env.git_author_date().is_none() {
        return Ok(false);
    }
    let author = site.pending_author(Person::default());
    let keeps_author = author == head.author;
    match site.env.callers().find_map(|line| command(&line)) {
        Some(command) => Ok(command.amends && (keeps_author || command.names_author)),
        None if !keeps_author => Ok(false),
        // Git amends in neither; a picked commit brings its own author.
        None if matches!(site.repo.operation_in_progress(), Some(Operation::Merge | Operation::CherryPick)) => {
            Ok(false)
        }
        None => {
            let stated = site.env.git_committer_date().and_then(|date| seconds_of(&date));
            let now = stated.unwrap_or_else(|| site.clock.now().seconds());
            // Within one second: a new commit of nothing is rarer than an amend that changes the message alone.
            Ok(now.abs_diff(author.seconds) > 1 || site.repo.diff_staged()?.is_empty())
        }
    }
}

/// What the arguments of a `git commit` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Command {
    amends: bool,
    /// The author may be another one than HEAD's.
    names_author: bool,
}

/// The options of git itself whose value is the next argument.
const GLOBAL_VALUES: [&str; 7] =
    ["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--config-env", "--attr-source"];

/// The options of `git commit` whose value may be the next argument.
const VALUES: [&str; 13] = [
    "--author",
    "--cleanup",
    "--date",
    "--file",
    "--fixup",
    "--inter-hunk-context",
    "--message",
    "--pathspec-from-file",
    "--reedit-message",
    "--reuse-message",
    "--squash",
    "--template",
    "--trailer",
];

/// Reads a command line; `None` where it is no `git commit`.
fn command(line: &[OsString]) -> Option<Command> {
    let mut words = line.iter().map(|word| word.to_string_lossy());
    let program = words.next()?;
    let program = program.rsplit(['/', '\\']).next()?.trim_end_matches(".exe");
    if program == "git" {
        let verb = loop {
            let word = words.next()?;
            if !word.starts_with('-') {
                break word;
            }
            if GLOBAL_VALUES.contains(&&*word) {
                words.next();
            }
        };
        if verb != "commit" {
            return None;
        }
    } else if program != "git-commit" {
        return None;
    }
    let mut found = Command::default();
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or(long);
            // Git takes beginnings of its options for them.
            let is = |option: &str, least: usize| name.len() >= least && option.starts_with(name);
            let has_value = VALUES.iter().any(|option| option[2..].starts_with(name));
            found.amends = is("amend", 2) || (found.amends && !is("no-amend", 5));
            found.names_author |= is("author", 2) || is("date", 2) || is("reset-author", 3);
            found.names_author |= is("reuse-message", 3) || is("reedit-message", 3);
            if has_value && !long.contains('=') {
                words.next();
            }
        } else if let Some(cluster) = word.strip_prefix('-') {
            // `S` and `u` take the rest of the word for their value, the others the next word where nothing is left.
            if let Some(at) = cluster.find(['F', 'm', 'c', 'C', 't', 'S', 'u', 'U']) {
                let option = cluster[at..].chars().next().unwrap_or_default();
                found.names_author |= matches!(option, 'c' | 'C');
                if cluster.len() == at + 1 && !matches!(option, 'S' | 'u') {
                    words.next();
                }
            }
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Option<(bool, bool)> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        command(&words).map(|command| (command.amends, command.names_author))
    }

    #[test]
    fn command_lines_of_git() {
        for (line, expected) in [
            ("git commit --amend", Some((true, false))),
            ("/usr/bin/git -C sub -c a.b=c --no-pager commit -q --amen --no-edit", Some((true, false))),
            ("git.exe commit --amend --reset-author", Some((true, true))),
            ("git commit --am --author=A -m x", Some((true, true))),
            ("git commit -aC HEAD", Some((false, true))),
            ("git commit --amend -cHEAD", Some((true, true))),
            ("git-commit --amend --no-amend", Some((false, false))),
            ("git commit --allow-empty --all --author A", Some((false, true))),
            ("git merge side", None),
            ("git -C commit status", None),
            ("sh .husky/pre-commit --amend commit", None),
            ("git", None),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn values_and_paths_are_no_options() {
        for line in [
            "git commit -m --amend",
            "git commit -qam --amend",
            "git commit --message --amend",
            "git commit --trailer --amend -S --signoff",
            "git commit -F --amend -uno",
            "git commit -m x -- --amend",
        ] {
            assert_eq!(read(line), Some((false, false)), "{line}");
        }
        for line in ["git commit -mx --amend", "git commit --message=x --amend", "git commit -S --amend -v"] {
            assert_eq!(read(line), Some((true, false)), "{line}");
        }
    }
}
