//! `doctor`: whether git, the repository and its rules are in order, and what to do where they are not.
//!
//! Looks only, unless it is asked to finish what a killed process left. How the hooks stand, `hooks` tells.

use std::path::Path;
use std::time::Duration;

use crate::clock::Clock;
use crate::config::{self, PolicyError};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::engine::writing::settle;
use crate::engine::writing::transact;
use crate::env::Env;
use crate::git::{Broken, GitError, Repo, command};
use crate::model::escape::shell_word;
use crate::model::layout;
use crate::model::path::RepoPath;
use crate::model::tree::{SightError, TreeView};
use crate::store::journal;

/// The oldest git that everything was made for.
const OLDEST_GIT: (u32, u32, u32) = (2, 36, 0);
/// The attributes that keep git from changing bytes below `.agentops`.
const ATTRIBUTES: &[&str] =
    &["text", "eol", "filter", "ident", "working-tree-encoding", "export-subst", "export-ignore"];
/// A lock that is older than this was left by a killed command.
const STALE: Duration = Duration::from_secs(600);
/// Most bytes of `.gitattributes` that are read.
const SMALL_FILE: u64 = 64 * 1024;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// All is well.
    Ok,
    /// It works, and could be better.
    Warn,
    /// It does not work.
    Fail,
}

/// What one look found.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// What was looked at, one word or two.
    pub check: &'static str,
    /// How grave.
    pub grade: Grade,
    /// What was found. May hold text from the repository: printers escape it.
    pub what: String,
    /// What to do; empty where all is well.
    pub remedy: String,
}

impl Finding {
    /// All is well.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self { check, grade: Grade::Ok, what: what.into(), remedy: String::new() }
    }

    /// It works, and could be better.
    pub fn warn(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, grade: Grade::Warn, what: what.into(), remedy: remedy.into() }
    }

    /// It does not work.
    pub fn fail(check: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, grade: Grade::Fail, what: what.into(), remedy: remedy.into() }
    }
}

/// Looks at git itself; in no repository there is nothing more to look at.
pub fn git() -> Finding {
    let text = |(major, minor, patch): (u32, u32, u32)| format!("{major}.{minor}.{patch}");
    match command::installed_version() {
        Ok(version) if version >= OLDEST_GIT => Finding::ok("git", format!("version {}", text(version))),
        Ok(version) => Finding::warn(
            "git",
            format!("version {} is older than {}", text(version), text(OLDEST_GIT)),
            "install a current git: some merges and hooks behave otherwise in old ones",
        ),
        Err(error) => Finding::fail("git", error.to_string(), "install git, and see that PATH has it"),
    }
}

/// Opens the repository at or above `dir`, or says why not.
pub fn open<'s>(dir: &Path, env: &'s Env, clock: &'s Clock) -> Result<(Site<'s>, Finding), Finding> {
    match Site::open(dir, env, clock, None) {
        Ok(site) => {
            let folder = site.repo.work_dir().unwrap_or_else(|| site.repo.git_dir());
            let folder = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            let finding = Finding::ok("repository", format!("{} ({})", folder.display(), site.repo.object_format()));
            Ok((site, finding))
        }
        Err(error) => Err(Finding::fail("repository", error.to_string(), "")),
    }
}

/// Looks at everything else of the repository. With `fix`, what a killed process left is finished.
pub fn examine(site: &Site<'_>, fix: bool) -> Result<Vec<Finding>, EngineError> {
    let mut found = Vec::new();
    match site.base() {
        Ok(base) => {
            found.push(rules_are_read(&base));
            found.push(working_tree(&site.repo, &base));
            found.extend(profiles(&base));
            found.extend(attributes(site, &base)?);
            found.extend(unprotected(&site.repo, &base)?);
            found.push(actor(site, &base));
        }
        Err(error) => found.extend(no_rules(&error)),
    }
    found.push(journal_of(site, fix)?);
    found.extend(locks(&site.repo));
    found.extend(half_written(&site.repo, fix));
    found.extend(worktrees(&site.repo)?);
    if site.repo.is_shallow() {
        let what = "the clone is shallow: what lies before the cut cannot be judged";
        found.push(Finding::warn("history", what, "`git fetch --unshallow`; in CI `fetch-depth: 0`"));
    } else {
        found.push(Finding::ok("history", "complete"));
    }
    Ok(found)
}

fn no_rules(error: &EngineError) -> Vec<Finding> {
    match error {
        EngineError::NotGoverned => {
            vec![Finding::warn("rules", "HEAD has no `.agentops`: no law rules here", "`agentops init` sets it up")]
        }
        EngineError::Git(GitError::Unborn { .. }) => {
            vec![Finding::warn(
                "rules",
                "HEAD has no commit yet: no law rules here",
                "`agentops init` makes the first one",
            )]
        }
        EngineError::Policy(PolicyError::Problems(problems)) => problems.iter().map(problem).collect(),
        EngineError::Policy(PolicyError::TooNew { .. }) => {
            vec![Finding::fail("rules", error.to_string(), "install the current release of agentops")]
        }
        other => vec![Finding::fail("rules", other.to_string(), "`git fsck` tells more")],
    }
}

fn problem(problem: &config::Problem) -> Finding {
    let what = format!("{}:{}:{}: {}", problem.path, problem.line, problem.column, problem.message);
    Finding::fail("rules", what, problem.fix.clone())
}

fn rules_are_read(base: &Base<'_>) -> Finding {
    let policy = &base.policy;
    let profiles: Vec<&str> = policy.profiles.keys().map(|name| name.as_str()).collect();
    let names = if profiles.is_empty() { "none".to_owned() } else { profiles.join(", ") };
    Finding::ok(
        "rules",
        format!(
            "format {}, laws {}, {} actor{}, profiles: {names}",
            policy.format.format,
            policy.format.laws,
            policy.config.actors.len(),
            if policy.config.actors.len() == 1 { "" } else { "s" },
        ),
    )
}

/// Whether the rules as they lie in the working tree could be read, were they committed.
fn working_tree(repo: &Repo, base: &Base<'_>) -> Finding {
    const CHECK: &str = "working tree";
    let Ok(tree) = repo.worktree_view() else { return Finding::ok(CHECK, "none: the repository is bare") };
    match config::read_policy(&tree) {
        Ok(policy) if policy == *base.policy => Finding::ok(CHECK, "has the rules of HEAD"),
        Ok(_) => Finding::warn(
            CHECK,
            "the rules were edited; those of HEAD hold until the edit is committed",
            "`agentops policy amend --reason \"…\"` commits it, `git restore .agentops` undoes it",
        ),
        Err(PolicyError::Problems(problems)) => {
            let lines: Vec<String> = problems
                .iter()
                .map(|problem| format!("{}:{}:{}: {}", problem.path, problem.line, problem.column, problem.message))
                .collect();
            let fixes: Vec<&str> = problems.iter().map(|problem| problem.fix.as_str()).collect();
            Finding::fail(CHECK, lines.join("\n"), fixes.join("\n"))
        }
        Err(error) => Finding::fail(CHECK, error.to_string(), "`git restore .agentops` brings back what HEAD has"),
    }
}

fn profiles(base: &Base<'_>) -> Vec<Finding> {
    const CHECK: &str = "profile";
    let mut found = Vec::new();
    for name in base.policy.profiles.keys() {
        let report = match config::validate_profile(&base.tree, name) {
            Ok(report) => report,
            Err(error) if error.problems().is_empty() => {
                found.push(Finding::fail(CHECK, format!("{name}: {error}"), "`git fsck` tells more"));
                continue;
            }
            Err(error) => {
                found.extend(error.problems().iter().map(|one| Finding { check: CHECK, ..problem(one) }));
                continue;
            }
        };
        let empty = report.profile.commands.iter().filter(|(_, command)| command.run.is_empty());
        let empty: Vec<String> = empty.map(|(command, _)| format!("`{command}`")).collect();
        if empty.is_empty() {
            found.push(Finding::ok(CHECK, format!("{name}: {} agents", report.agents.len())));
        } else {
            found.push(Finding::warn(
                CHECK,
                format!("{name}: no program yet for {}; gates that want it cannot pass", empty.join(", ")),
                format!(
                    "fill in `run` below `[commands.…]` in `{}`, then `agentops policy amend --reason \"…\"`",
                    layout::profile_file(name)
                ),
            ));
        }
    }
    found
}

/// Whether the file that keeps git from changing bytes is there, and whether it works.
fn attributes(site: &Site<'_>, base: &Base<'_>) -> Result<Vec<Finding>, EngineError> {
    const CHECK: &str = "attributes";
    let path = RepoPath::from(layout::ATTRIBUTES);
    let restore = format!("write `{}` into `{}`, then `agentops policy amend`", attributes_line(), layout::ATTRIBUTES);
    let text = match base.tree.file(&path, SMALL_FILE) {
        Ok(text) => text,
        Err(SightError::Failed(why)) => return Ok(vec![Finding::fail(CHECK, why, restore)]),
        Err(error) => return Err(error.into()),
    };
    let Some(text) = text else {
        return Ok(vec![Finding::fail(CHECK, format!("`{}` is missing", layout::ATTRIBUTES), restore)]);
    };
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    if lines != [attributes_line().as_str()] {
        return Ok(vec![Finding::fail(CHECK, format!("`{}` says something else", layout::ATTRIBUTES), restore)]);
    }
    if site.repo.is_bare() {
        return Ok(vec![Finding::ok(CHECK, "git leaves the files alone")]);
    }
    for attribute in ATTRIBUTES {
        let value = site.repo.attribute(layout::FORMAT, attribute)?;
        if value != "unset" {
            return Ok(vec![Finding::fail(
                CHECK,
                format!("git would apply `{attribute}` ({value}) to `{}`", layout::FORMAT),
                "take what sets it out of `.git/info/attributes`, or check `.agentops/.gitattributes` out again",
            )]);
        }
    }
    Ok(vec![Finding::ok(CHECK, "git leaves the files alone")])
}

/// Work lands on the remote's default branch, whatever `init` saw when it ran.
fn unprotected(repo: &Repo, base: &Base<'_>) -> Result<Option<Finding>, EngineError> {
    let Some(name) = repo.default_branch("origin")?.filter(|name| !base.policy.config.protects(Some(name))) else {
        return Ok(None);
    };
    Ok(Some(Finding::warn(
        "branches",
        format!(
            "`{name}` is the default branch of `origin`, and `refs.protected` does not name it: forks, and paths of classes of \
             risk, are only told of there"
        ),
        "add it to `protected` below `[refs]` in `.agentops/config.toml`, then `agentops policy amend --reason \"…\"`",
    )))
}

fn attributes_line() -> String {
    let names: Vec<String> = ATTRIBUTES.iter().map(|name| format!("-{name}")).collect();
    format!("* {}", names.join(" "))
}

fn actor(site: &Site<'_>, base: &Base<'_>) -> Finding {
    const CHECK: &str = "actor";
    match site.actor(&base.policy) {
        Ok((name, actor)) => {
            let kind = match actor.kind {
                crate::model::policy::ActorKind::Human => "human",
                crate::model::policy::ActorKind::Agent => "agent",
            };
            Finding::ok(CHECK, format!("{name} ({kind})"))
        }
        Err(error) => Finding::warn(CHECK, error.to_string(), error.hint().unwrap_or_default()),
    }
}

fn journal_of(site: &Site<'_>, fix: bool) -> Result<Finding, EngineError> {
    const CHECK: &str = "journal";
    if !journal::exists(site.repo.git_dir()) {
        return Ok(Finding::ok(CHECK, "nothing is unfinished"));
    }
    if !fix {
        let what = "a command was killed before index and working tree had followed its commit";
        return Ok(Finding::warn(
            CHECK,
            what,
            "`agentops doctor --fix` finishes it; so does the next command that commits",
        ));
    }
    let _lock = transact::lock(site)?;
    let what = if settle::recover(site)? {
        "finished what a killed command left"
    } else {
        "forgot what a killed command had planned: its commit never landed"
    };
    Ok(Finding::ok(CHECK, what))
}

fn locks(repo: &Repo) -> Vec<Finding> {
    const CHECK: &str = "locks";
    let files = repo.lock_files();
    if files.is_empty() {
        return vec![Finding::ok(CHECK, "none")];
    }
    let finding = |(path, age): &(std::path::PathBuf, Option<Duration>)| {
        let path = path.display();
        let old = age.map_or_else(|| "of unknown age".to_owned(), |age| format!("{} old", spoken(age)));
        if age.is_some_and(|age| age < STALE) {
            let what = format!("`{path}`, {old}: a git command is at work, or was killed just now");
            Finding::warn(CHECK, what, "wait; if no git command runs, remove the file")
        } else {
            let what = format!("`{path}`, {old}, was left by a killed command and blocks git");
            Finding::fail(CHECK, what, format!("if no git command runs: `rm '{path}'`"))
        }
    };
    files.iter().map(finding).collect()
}

/// What a killed command had begun to write: only room on the disk, and nothing where there is none. Young files may be
/// somebody's who is at work.
fn half_written(repo: &Repo, fix: bool) -> Option<Finding> {
    const CHECK: &str = "half-written files";
    let is_old = |age: &Option<Duration>| age.is_some_and(|age| age >= STALE);
    let (old, young): (Vec<_>, Vec<_>) = repo.half_written_files().into_iter().partition(|(_, age)| is_old(age));
    let names = |files: &[(std::path::PathBuf, Option<Duration>)]| {
        let names: Vec<String> = files.iter().map(|(path, _)| format!("`{}`", path.display())).collect();
        names.join(", ")
    };
    if old.is_empty() {
        let what = format!("{}: a command is at work, or was killed just now", names(&young));
        return (!young.is_empty()).then(|| {
            Finding::warn(CHECK, what, "later, `agentops doctor --fix` removes what is older than ten minutes")
        });
    }
    if !fix {
        let what = format!("left by a killed command: {}", names(&old));
        return Some(Finding::warn(CHECK, what, "nothing needs them; `agentops doctor --fix` removes them"));
    }
    let failed: Vec<_> = old.iter().filter(|(path, _)| std::fs::remove_file(path).is_err()).cloned().collect();
    Some(match failed.is_empty() {
        true => Finding::ok(CHECK, format!("removed what a killed command left: {}", names(&old))),
        false => Finding::warn(CHECK, format!("cannot be removed: {}", names(&failed)), "remove them by hand"),
    })
}

/// Worktrees that are not whole: `phase restore` may have been killed while it made one, or somebody removed the folder.
fn worktrees(repo: &Repo) -> Result<Vec<Finding>, EngineError> {
    const CHECK: &str = "worktrees";
    let finding = |(dir, broken): (std::path::PathBuf, Broken)| {
        let place = dir.display().to_string();
        match broken {
            Broken::Gone => Finding::warn(
                CHECK,
                format!("the folder `{place}` is gone, and git has a record of it"),
                "`git worktree prune` forgets such records",
            ),
            Broken::HalfMade => Finding::warn(
                CHECK,
                format!("`{place}` is being made, or what made it was killed half-way"),
                format!(
                    "if no git command runs: `git worktree remove --force --force {}`, then make it again",
                    shell_word(&place)
                ),
            ),
        }
    };
    Ok(repo.broken_worktrees()?.into_iter().map(finding).collect())
}

fn spoken(age: Duration) -> String {
    let seconds = age.as_secs();
    let (number, unit) = match seconds {
        0..120 => (seconds, "second"),
        120..7200 => (seconds / 60, "minute"),
        7200..172_800 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_spoken() {
        for (seconds, text) in
            [(0, "0 seconds"), (1, "1 second"), (150, "2 minutes"), (7300, "2 hours"), (200_000, "2 days")]
        {
            assert_eq!(spoken(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn the_line_of_attributes_is_the_documented_one() {
        assert_eq!(
            attributes_line(),
            "* -text -eol -filter -ident -working-tree-encoding -export-subst -export-ignore"
        );
    }
}
