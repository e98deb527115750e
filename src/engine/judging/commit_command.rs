//! The command line of the `git commit` that runs a hook, where the system shows it. A process writes its own: a claim.

use std::ffi::OsString;

use crate::env::Env;

/// What the arguments of a `git commit` say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommitCommand {
    pub(super) amends: bool,
    /// The author may be another one than HEAD's.
    pub(super) names_author: bool,
    /// The options of git itself, with their values.
    globals: Vec<String>,
    /// What else it was asked, besides where the message comes from and how much is printed.
    options: Vec<String>,
    paths: Vec<String>,
    /// The message comes from where `-F` cannot stand beside: another commit, whose author is taken too, or `--fixup`.
    takes_message: bool,
    /// Some words are no UTF-8, and are not told as they were.
    is_no_text: bool,
}

/// The `git commit` that runs this process; `None` where the system shows none.
pub fn running(env: &Env) -> Option<CommitCommand> {
    env.callers().find_map(|line| command(&line))
}

impl CommitCommand {
    /// The words of the same command, its message opened from `file`; `None` where that would be another one.
    pub fn again(&self, file: &str) -> Option<Vec<String>> {
        if self.takes_message || self.is_no_text {
            return None;
        }
        let mut words = vec!["git".to_owned()];
        words.extend(self.globals.iter().cloned());
        words.extend(["commit", "-e", "-F", file].map(str::to_owned));
        words.extend(self.options.iter().cloned());
        if !self.paths.is_empty() {
            words.push("--".to_owned());
            words.extend(self.paths.iter().cloned());
        }
        Some(words)
    }
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

/// The options that another message, an editor, or a repetition has no need of: what they add is in the message.
const LEFT_OUT: [&str; 9] =
    ["message", "file", "template", "edit", "no-edit", "quiet", "verbose", "signoff", "trailer"];

/// The options that stand for a message of another commit, or read the paths from what is gone by then.
const TAKING: [&str; 5] = ["reuse-message", "reedit-message", "fixup", "squash", "pathspec-from-file"];

/// Reads a command line; `None` where it is no `git commit`.
fn command(line: &[OsString]) -> Option<CommitCommand> {
    let mut words = line.iter().map(|word| word.to_string_lossy().into_owned());
    let program = words.next()?;
    let program = program.rsplit(['/', '\\']).next()?.trim_end_matches(".exe");
    let is_no_text = line.iter().any(|word| word.to_str().is_none());
    let mut found = CommitCommand { is_no_text, ..CommitCommand::default() };
    if program == "git" {
        let verb = loop {
            let word = words.next()?;
            if !word.starts_with('-') {
                break word;
            }
            let value = if GLOBAL_VALUES.contains(&word.as_str()) { words.next() } else { None };
            found.globals.extend(std::iter::once(word).chain(value));
        };
        if verb != "commit" {
            return None;
        }
    } else if program != "git-commit" {
        return None;
    }
    while let Some(word) = words.next() {
        if word == "--" {
            break;
        }
        if let Some(long) = word.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or(long);
            // Git takes beginnings of its options for them.
            let is = |option: &str, least: usize| name.len() >= least && option.starts_with(name);
            let is_one_of = |options: &[&str]| options.iter().any(|option| option.starts_with(name));
            let has_value = VALUES.iter().any(|option| option[2..].starts_with(name));
            found.amends = is("amend", 2) || (found.amends && !is("no-amend", 5));
            found.names_author |= is("author", 2) || is("date", 2) || is("reset-author", 3);
            found.names_author |= is("reuse-message", 3) || is("reedit-message", 3);
            found.takes_message |= is_one_of(&TAKING);
            let is_left_out = is_one_of(&LEFT_OUT);
            let value = if has_value && !long.contains('=') { words.next() } else { None };
            if !is_left_out {
                found.options.extend(std::iter::once(word.clone()).chain(value));
            }
        } else if let Some(cluster) = word.strip_prefix('-') {
            // `S` and `u` take the rest of the word for their value, the others the next word where nothing is left.
            let at = cluster.find(['F', 'm', 'c', 'C', 't', 'S', 'u', 'U']).unwrap_or(cluster.len());
            let (plain, valued) = cluster.split_at(at);
            let mut kept: String = plain.chars().filter(|option| !"eqsv".contains(*option)).collect();
            let option = valued.chars().next();
            found.names_author |= matches!(option, Some('c' | 'C'));
            found.takes_message |= matches!(option, Some('c' | 'C'));
            let value = if valued.len() == 1 && !matches!(option, Some('S' | 'u')) { words.next() } else { None };
            if matches!(option, Some('S' | 'u' | 'U')) {
                kept += valued;
                kept += value.as_deref().unwrap_or_default();
            }
            if !kept.is_empty() {
                found.options.push(format!("-{kept}"));
            }
        } else {
            found.paths.push(word);
        }
    }
    found.paths.extend(words);
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

    #[test]
    fn the_same_command_with_the_kept_message() {
        let again = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            command(&words).unwrap().again("FILE").map(|words| words.join(" "))
        };
        for (line, expected) in [
            ("git commit -q -m wip", "git commit -e -F FILE"),
            ("git commit -am wip", "git commit -e -F FILE -a"),
            ("git commit --amend --no-edit -v", "git commit -e -F FILE --amend"),
            ("git commit -m wip a.txt b.txt", "git commit -e -F FILE -- a.txt b.txt"),
            ("git commit -F m -s -- -a.txt", "git commit -e -F FILE -- -a.txt"),
            ("git commit --author A --date=now -Skey -m x", "git commit -e -F FILE --author A --date=now -Skey"),
            ("git -C sub --no-pager commit --mess wip -p", "git -C sub --no-pager commit -e -F FILE -p"),
            ("git commit --only -U 5 --allow-empty -qam x", "git commit -e -F FILE --only -U5 --allow-empty -a"),
        ] {
            assert_eq!(again(line).as_deref(), Some(expected), "{line}");
        }
        for line in
            ["git commit -C HEAD", "git commit -aqc HEAD", "git commit --fixup HEAD", "git commit --squash=HEAD"]
        {
            assert_eq!(again(line), None, "{line}");
        }
    }
}
