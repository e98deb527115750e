//! `init`: brings `.agentops` into a repository, once; run again it adds what is missing and nothing else.
//!
//! A file that is there is never overwritten: it is kept, committed as it is, and named. Git hooks are not the engine's
//! matter: the command line installs them afterwards.

mod actors;
mod again;
mod block;
mod command_line;
mod fresh;
pub(crate) mod instructions;
pub(crate) mod skills;

use std::collections::BTreeSet;
use std::path::PathBuf;

pub use command_line::TestCommand;

use crate::config::builtin;
use crate::engine::error::EngineError;
use crate::engine::site::{Site, near};
use crate::engine::writing::transact::{Ground, Target, mend, refuse_operation};
use crate::model::digest::ObjectId;
use crate::model::layout;
use crate::model::message::{Header, Message};
use crate::model::name::{Principal, ProfileName, Word};
use crate::model::path::RepoPath;
use crate::model::policy::Policy;
use crate::model::report::Report;
use crate::model::tree::{MAX_TEXT_FILE, Mode, TreeView};
use crate::model::vote::Proof;

/// What `init` is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The built-in profiles to install; none: all of them.
    pub profiles: Vec<String>,
    /// The command line that runs the tests; `None`: found from the files of the repository.
    pub test_command: Option<String>,
    /// The principal of the person who sets up; `None`: from git's identity.
    pub human: Option<String>,
    /// The key with which that person votes; `None`: the one that git signs with, where it is an SSH key.
    pub signing_key: Option<PathBuf>,
    /// Whether `AGENTS.md` and `CLAUDE.md` get their block.
    pub instructions: bool,
    /// Whether `skills/` gets a file for each skill.
    pub skills: bool,
    /// Whether to commit; otherwise the files are written, and not staged.
    pub commit: bool,
}

/// What `init` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// The repository was set up.
    SetUp,
    /// It was set up before, and something was added.
    Added,
    /// It was set up before, and nothing was missing.
    Nothing,
}

/// A file that was left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Which.
    pub path: RepoPath,
    /// Why, a clause.
    pub why: String,
}

/// What came of `init`.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What was done.
    pub done: Done,
    /// The commits made, oldest first; none in a dry run, without a commit, or where nothing was to do.
    pub commits: Vec<ObjectId>,
    /// The branch that moved, full name.
    pub branch: Option<String>,
    /// The files committed, or written where nothing is committed; sorted.
    pub paths: Vec<RepoPath>,
    /// Files that changed in the working tree alone, because they are not committed yet or hold other work.
    pub uncommitted: Vec<RepoPath>,
    /// Files that were left as they are.
    pub kept: Vec<Kept>,
    /// The profiles installed by this run.
    pub profiles: Vec<ProfileName>,
    /// The person entered into the config, with their e-mail address.
    pub human: Option<(Principal, Option<String>)>,
    /// The proofs that votes need, where this run says so.
    pub proofs: Vec<Proof>,
    /// The key that was entered for that person, as `SHA256:…`.
    pub key: Option<String>,
    /// The command line that runs the tests, where one was entered.
    pub test_command: Option<TestCommand>,
    /// Commands of the profiles installed that have no command line yet.
    pub without_command: Vec<(ProfileName, Word)>,
    /// What else a reader must know, each a sentence.
    pub notes: Vec<String>,
    /// Warnings and notes of the judge.
    pub report: Report,
}

impl Outcome {
    fn of(done: Done) -> Self {
        Self {
            done,
            commits: Vec::new(),
            branch: None,
            paths: Vec::new(),
            uncommitted: Vec::new(),
            kept: Vec::new(),
            profiles: Vec::new(),
            human: None,
            proofs: Vec::new(),
            key: None,
            test_command: None,
            without_command: Vec::new(),
            notes: Vec::new(),
            report: Report::default(),
        }
    }
}

/// Sets the repository up, in one commit of exactly the files named in the outcome.
///
/// Errors: a bare repository, an unfinished merge or the like, a detached HEAD, no identity, a profile that is not built
/// in, kept files that are no valid policy.
pub fn init(site: &Site, target: &Target, request: &Request) -> Result<Outcome, EngineError> {
    site.repo.worktree_view()?;
    refuse_operation(site)?;
    let rehearsal;
    let site = if target.dry_run {
        rehearsal = site.rehearsal();
        &rehearsal
    } else {
        mend(site)?;
        site
    };
    if Ground::head(&site.repo)?.is_governed()? {
        again::run(site, target, request)
    } else {
        fresh::run(site, target, request)
    }
}

/// The profiles asked for, sorted, each once.
fn asked_profiles(names: &[String]) -> Result<Vec<ProfileName>, EngineError> {
    let known = builtin::names();
    let mut asked = BTreeSet::new();
    for name in names {
        let found = known.iter().find(|profile| profile.as_str() == name);
        let profile = found.ok_or_else(|| EngineError::NotFound {
            what: "built-in profile",
            name: name.clone(),
            hint: format!(
                "{}   (one of your own: agentops profile new NAME)",
                near(name, known.iter().map(ProfileName::as_str))
            ),
        })?;
        asked.insert(profile.clone());
    }
    Ok(asked.into_iter().collect())
}

/// The files of built-in profiles, their tests run by `command`.
fn profile_files(
    profiles: &[ProfileName],
    command: Option<&TestCommand>,
) -> Result<Vec<(RepoPath, Vec<u8>)>, EngineError> {
    let test = Word::parse("test")?;
    let mut files = Vec::new();
    for profile in profiles {
        for (path, bytes) in builtin::files(profile) {
            let text = match (command, std::str::from_utf8(&bytes)) {
                (Some(command), Ok(text)) if path == layout::profile_file(profile) && has_test(text) => {
                    let text = crate::config::set_command(profile, text, &test, &command.run)?;
                    crate::config::set_takes_paths(profile, &text, &test, command.takes_paths)?.into_bytes()
                }
                _ => bytes,
            };
            files.push((path, text));
        }
    }
    Ok(files)
}

/// Not every profile runs tests.
fn has_test(text: &str) -> bool {
    text.lines().any(|line| line.trim_end() == "[commands.test]")
}

/// Each file as it is to be committed: what lies in the working tree stays, and is named where it differs from ours.
fn keep_what_is_there(site: &Site, files: &mut [(RepoPath, Vec<u8>)]) -> Result<Vec<Kept>, EngineError> {
    let worktree = site.repo.worktree_view()?;
    let root = RepoPath::from(layout::ROOT);
    let not_plain = |path: &RepoPath| {
        EngineError::refused(
            format!("`{path}` is there already, and is not what agentops keeps there"),
            "move it out of the way, then run `agentops init` again",
        )
    };
    if worktree.entry(&root)?.is_some_and(|entry| entry.mode != Mode::Tree) {
        return Err(not_plain(&root));
    }
    let mut kept = Vec::new();
    for (path, bytes) in files {
        match worktree.entry(path)? {
            None => {}
            Some(entry) if entry.mode.is_file() => {
                let there = worktree.file(path, MAX_TEXT_FILE)?.unwrap_or_default();
                if there != *bytes {
                    kept.push(Kept { path: path.clone(), why: "it was there already".into() });
                    *bytes = there;
                }
            }
            Some(_) => return Err(not_plain(path)),
        }
    }
    Ok(kept)
}

/// The commands of `profiles` that have no command line.
fn without_command(policy: &Policy, profiles: &[ProfileName]) -> Vec<(ProfileName, Word)> {
    let mut found = Vec::new();
    for (name, profile) in policy.profiles.iter().filter(|(name, _)| profiles.contains(name)) {
        let empty = profile.commands.iter().filter(|(_, command)| command.run.is_empty());
        found.extend(empty.map(|(command, _)| (name.clone(), command.clone())));
    }
    found
}

/// Writes those of `files` that are not there yet. The paths written.
fn write_missing(site: &Site, files: &[(RepoPath, Vec<u8>)], dry_run: bool) -> Result<Vec<RepoPath>, EngineError> {
    let worktree = site.repo.worktree_view()?;
    let mut written = Vec::new();
    for (path, bytes) in files {
        if worktree.entry(path)?.is_none() {
            if !dry_run {
                site.repo.write_worktree_file(path, bytes)?;
            }
            written.push(path.clone());
        }
    }
    Ok(written)
}

/// A message with every section that the policy asks for, and the trailer of the agent that runs this, if one does.
pub(crate) fn message(site: &Site, sections: &[String], kind: &str, subject: &str, texts: &Texts<'_>) -> String {
    let header = Header { kind: kind.into(), scope: None, breaking: false, subject: subject.into() };
    let text = |token: &str| match token {
        "Context" => texts.context.to_owned(),
        "Solution" => texts.solution.to_owned(),
        "Learning" => texts.learning.to_owned(),
        "Impact" => texts.impact.to_owned(),
        other => format!("{other} of \"{subject}\": one commit, which `git show` lists and `git revert` takes back."),
    };
    let texts: Vec<(&str, String)> = sections.iter().map(|token| (token.as_str(), text(token))).collect();
    let sections: Vec<(&str, &str)> = texts.iter().map(|(token, text)| (*token, text.as_str())).collect();
    let client = actors::running_client(|marker| site.env.marker(marker));
    let trailers: Vec<(&str, &str)> = client.map(|name| ("Assisted-by", name)).into_iter().collect();
    Message::compose(&header, &sections, &trailers)
}

/// What a message of ours says.
pub(crate) struct Texts<'a> {
    pub(crate) context: &'a str,
    pub(crate) solution: &'a str,
    pub(crate) learning: &'a str,
    pub(crate) impact: &'a str,
}
