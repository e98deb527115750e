//! `agentops phase restore`: a worktree with all files as they were at an event.

use serde::Serialize;

use super::show::stand_in;
use super::{EffectsBody, RestoreArguments, fill_effects};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::tasks::restore;
use crate::model::escape::shell_word;
use crate::ui::{Mode, plain, strong};

#[derive(Serialize)]
struct RestoreBody {
    task: String,
    profile: String,
    seq: u32,
    sha256: String,
    commit: String,
    commit_is_own: bool,
    dir: String,
    dry_run: bool,
    not_undone: EffectsBody,
}

pub(super) fn run(arguments: &RestoreArguments, context: &Context) -> Result<Outcome, CommandError> {
    let into = arguments.into.as_deref().map(|dir| context.path(dir));
    let site = context.site(None)?;
    let restored = restore::restore(&site, &arguments.event, into.as_deref(), arguments.writing.dry_run)?;
    let shown = &restored.shown;
    let dir = restored.dir.display().to_string();
    let body = RestoreBody {
        task: shown.task.to_string(),
        profile: shown.profile.to_string(),
        seq: shown.link.event.seq,
        sha256: shown.link.digest.hex(),
        commit: shown.origin.commit.to_string(),
        commit_is_own: shown.origin.is_own,
        dir: dir.clone(),
        dry_run: !restored.made,
        not_undone: EffectsBody::of(&shown.effects),
    };
    let ui = &context.ui;
    ui.show(&body, |page| {
        let verb = if restored.made { "" } else { "would make " };
        page.line([plain(verb), strong(&dir), plain(format!(": detached at {}", shown.origin.commit.short()))]);
    });
    if !shown.origin.is_own {
        ui.warning(stand_in(shown));
    }
    if ui.mode() == Mode::Human {
        ui.aside(|page| fill_effects(page, 0, &shown.effects));
    }
    ui.talk(format!("`{}` stays where it is, and so do your files: phase rewind is what moves a task", shown.task));
    if restored.made {
        ui.hint(format!("when you have seen it: git worktree remove {}", shell_word(&dir)));
    }
    Ok(Outcome::Done)
}
