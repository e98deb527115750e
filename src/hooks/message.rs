//! `commit-msg`: the message as git will commit it, with the changes that `pre-commit` let pass.

use std::fs;

use super::{Answer, Call, HookError, chained, commit, io_error};
use crate::engine::Site;
use crate::engine::judging::staged::{self, Ground};
use crate::model::message::{Cleanup, Comment, clean};
use crate::store::{handover, refused_message};

pub(super) fn run(call: &Call<'_>) -> Result<Answer, HookError> {
    if let Some(hook) = chained::find(call)
        && let Some(refusal) = chained::run(call, &hook, None)?
    {
        return Ok(refusal);
    }
    let file = call.message_file()?;
    let bytes = fs::read(&file).map_err(io_error(format!("read the message `{}`", file.display())))?;
    let site = call.open()?;
    let comment = comment(&site);
    // After an editor git's own comments tell which one it chose for `auto`; without one there are none.
    let comment = if is_edited(call) { comment } else { comment.chosen_for(&bytes) };
    let kept = clean(&bytes, cleanup(call, &site), &comment);
    if kept.trim_ascii().is_empty() {
        // Git ends a commit with an empty message by itself.
        return Ok(Answer::default());
    }
    let ground = Ground::of(&site)?;
    let git_dir = site.repo.git_dir();
    let judged = commit::seal(&site, &ground).ok().and_then(|seal| handover::load(git_dir, &seal));
    let text = site.repo.message_text(&kept);
    let Some(report) = staged::commit_on(&site, &ground, text, judged)? else {
        return Ok(Answer::default());
    };
    let mut answer = Answer::default();
    answer.add(None, report);
    if answer.refuses {
        // What the laws say is told, whether or not there is room for the message.
        let place = match refused_message::save(git_dir, &kept) {
            Ok(place) => place,
            Err(error) => {
                answer.warnings.push(format!("{error}; until the next commit the message stands where git wrote it"));
                file
            }
        };
        let place = fs::canonicalize(&place).unwrap_or(place);
        answer.remedies.push(format!(
            "your message is kept; `git commit -e -F {}` opens it again",
            super::install::quoted(&place.to_string_lossy())
        ));
    } else {
        // A message left from an earlier refusal has served; where it cannot be removed, it is overwritten next time.
        let _ = refused_message::clear(git_dir);
    }
    Ok(answer)
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
