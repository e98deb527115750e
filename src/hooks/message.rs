//! `commit-msg`: the message as git will commit it, with the changes that `pre-commit` let pass.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::{Answer, Call, HookError, chained, commit, io_error};
use crate::engine::EngineError;
use crate::engine::Site;
use crate::engine::judging::commit_command::{self, CommitCommand};
use crate::engine::judging::past::Past;
use crate::engine::judging::staged::{self, Ground, Staged};
use crate::engine::writing::leftovers::Traces;
use crate::model::escape::shell_word;
use crate::model::law_id::Level;
use crate::model::message::{Cleanup, Comment, clean};
use crate::model::report::Violation;
use crate::store::{handover, refused_message};

/// No commit message is longer, in bytes.
const LONGEST: u64 = 16 << 20;

pub(super) fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    let chained = chained::find(call);
    let site = call.open()?;
    let git_dir = site.repo.git_dir();
    let past = Past::recall(&site);
    let ground = Ground::of(&site)?;
    let mut before = None;
    let mut rewritten = Vec::new();
    if let Some(hook) = chained {
        // Git has read the index for the last time: what the hook does to it now is not what is committed.
        let staged = before.insert(staged(&site, &ground)?);
        match run_chained(call, &hook, &site, &ground, staged)? {
            Ok(found) => rewritten = found,
            Err(refusal) => return Ok(refusal),
        }
    }
    let file = call.message_file()?;
    let bytes = read(&file)?;
    let comment = comment(&site);
    // After an editor git's own comments tell which one it chose for `auto`; without one there are none.
    let comment = if is_edited(call) { comment } else { comment.chosen_for(&bytes) };
    let kept = clean(&bytes, cleanup(call, &site), &comment);
    // Git ends a commit with an empty message by itself, but for `--allow-empty-message`, of which no hook is told.
    let is_empty = kept.trim_ascii().is_empty();
    let staged = match before {
        Some(staged) => staged,
        None => staged(&site, &ground)?,
    };
    let text = site.repo.message_text(&kept);
    let Some(mut report) = staged::commit_on(&site, &ground, text, staged)? else {
        return Ok(Answer::default());
    };
    past.keep(&site);
    if !rewritten.is_empty() && ground.is_governed(&site)? {
        report.violations.extend(rewritten);
    }
    let mut answer = Answer::default();
    answer.add(None, report);
    if answer.refuses && is_empty {
        answer.remedies.push("an empty message aborts the commit: if that was meant, nothing is left to do".into());
    } else if answer.refuses {
        // What the laws say is told, whether or not there is room for the message.
        let place = match refused_message::save(git_dir, &kept) {
            Ok(place) => place,
            Err(error) => {
                answer.warnings.push(format!("{error}; until the next commit the message stands where git wrote it"));
                file
            }
        };
        let place = fs::canonicalize(&place).unwrap_or(place);
        answer.remedies.push(remedy(call, &site, &place.to_string_lossy()));
    } else {
        // A message left from an earlier refusal has served; where it cannot be removed, it is overwritten next time.
        let _ = refused_message::clear(git_dir);
    }
    Ok(answer)
}

/// How the kept message serves again: by the same command, so that an amend stays one and the same files are committed.
fn remedy(call: &Call<'_>, site: &Site<'_>, place: &str) -> String {
    let again = match commit_command::running(call.env) {
        Some(command) => command.again(place),
        // Of a merge or a pick git has kept all but the message.
        None if site.repo.operation_in_progress().is_some() => CommitCommand::default().again(place),
        None => None,
    };
    match again {
        Some(words) => {
            let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
            format!("your message is kept; `{}` opens it again", words.join(" "))
        }
        None => {
            let place = shell_word(place);
            format!("your message is kept; repeat your command with `-e -F {place}` in place of the message")
        }
    }
}

/// The bytes of the message; a device such as `/dev/zero` would never end.
pub(super) fn read(file: &Path) -> Result<Vec<u8>, HookError> {
    let mut bytes = Vec::new();
    let read = fs::File::open(file).and_then(|open| open.take(LONGEST + 1).read_to_end(&mut bytes));
    let read = match read {
        Ok(length) if length as u64 > LONGEST => {
            let why = format!("it is longer than {} MiB", LONGEST >> 20);
            Err(io::Error::new(io::ErrorKind::InvalidData, why))
        }
        other => other,
    };
    read.map_err(io_error(format!("read the message `{}`", file.display())))?;
    Ok(bytes)
}

/// What will be committed: what `pre-commit` let pass, where that is still what is staged.
fn staged(site: &Site<'_>, ground: &Ground) -> Result<Staged, EngineError> {
    let passed = commit::seal(site, ground).ok().and_then(|seal| handover::load(site.repo.git_dir(), &seal));
    Ok(match passed {
        Some(changes) => Staged { changes, passed: true },
        None => Staged { changes: ground.changes(site)?, passed: false },
    })
}

/// Runs the chained hook over what is staged, and names what it changed; or its refusal.
fn run_chained(
    call: &Call<'_>,
    hook: &Path,
    site: &Site<'_>,
    ground: &Ground,
    staged: &Staged,
) -> Result<Result<Vec<Violation>, Answer>, HookError> {
    let traces = Traces::take(site, staged.changes.clone())?;
    if let Some(refusal) = chained::run(call, hook, None)? {
        return Ok(Err(refusal));
    }
    let (_, found) = traces.compare(site, ground, call.hook.name())?;
    Ok(Ok(found.into_iter().map(|violation| Violation { level: Level::Warn, ..violation }).collect()))
}

/// How git will clean the message. What `--cleanup` said, no hook is told.
pub(super) fn cleanup(call: &Call<'_>, site: &Site<'_>) -> Cleanup {
    let is_edited = is_edited(call);
    let configured = site.repo.config_get("commit.cleanup");
    let fallback = if is_edited { Cleanup::Strip } else { Cleanup::Whitespace };
    let mode = configured.and_then(|word| Cleanup::parse(&word, is_edited)).unwrap_or(fallback);
    // Scissors are drawn for an editor alone; without one, git only trims.
    if mode == Cleanup::Scissors && !is_edited { Cleanup::Whitespace } else { mode }
}

/// Whether somebody edits the message: git sets the editor to `:` for its hooks when nobody does.
pub(super) fn is_edited(call: &Call<'_>) -> bool {
    call.env.git_editor().as_deref() != Some(":")
}

/// What starts a comment line.
pub(super) fn comment(site: &Site<'_>) -> Comment {
    let value = site.repo.config_last_of("core", &["commentChar", "commentString"]);
    value.map_or_else(Comment::default, |value| Comment::parse(&value))
}
