//! `agentops bundle save`.

use serde::Serialize;

use super::{BundleBody, SaveArguments};
use crate::cli::acting::{self, CommitBody};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::knowledge::bundles::save::{self, NewBundle};
use crate::engine::knowledge::bundles::shelf::Shelved;
use crate::model::bundle::{BundleHead, BundleType, WANTED_RATIO};
use crate::ui::{Mode, Ui, plain, strong};

#[derive(Serialize)]
struct SaveBody {
    bundle: BundleBody,
    /// Facts that had to be kept; all of them are in it.
    facts: usize,
    /// Sources that have changes which are not committed: nothing of them is in it.
    uncommitted: Vec<String>,
    #[serde(flatten)]
    commit: CommitBody,
}

/// Runs the verb.
pub(super) fn run(arguments: SaveArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = arguments.acting.site(context)?;
    let request = NewBundle {
        sources: arguments.sources,
        task: arguments.task,
        phase: arguments.phase,
        kind: arguments.kind.map(Into::into),
        profile: arguments.profile,
        name: arguments.name,
        tags: arguments.tag,
    };
    let done = save::save(&site, &arguments.acting.target(), &request)?;
    let shelved = Shelved { bundle: done.outcome.bundle.clone(), path: done.paths[0].clone() };
    let body = SaveBody {
        bundle: BundleBody::of(&shelved),
        facts: done.outcome.facts,
        uncommitted: done.outcome.uncommitted.clone(),
        commit: CommitBody::of(&done),
    };
    context.ui.show(&body, |page| {
        let BundleBody { id, name, kind, tokens_before, tokens_after, ratio, .. } = &body.bundle;
        page.line([strong(id), plain(format!("  {name} ({kind})"))]);
        page.text(format!(
            "  {tokens_before} tokens to {tokens_after}, {ratio} to 1; {} facts that must be kept are in it",
            body.facts
        ));
    });
    acting::tell(&context.ui, &done);
    if context.ui.mode() == Mode::Human {
        for path in &body.uncommitted {
            context.ui.warning(format!("`{path}` has changes that are not committed: the bundle has what HEAD says"));
        }
    }
    if done.outcome.is_type_assumed {
        let others = BundleType::ALL.iter().filter(|kind| **kind != shelved.bundle.head.kind);
        let others: Vec<String> = others.map(|kind| format!("`--type {}`", kind.as_str())).collect();
        let kind = shelved.bundle.head.kind.as_str();
        context.ui.talk(format!("type {kind} was taken, as none is named; {} keep other things", others.join(" and ")));
    }
    tell_ratio_and_next(&context.ui, &shelved.bundle.head, done.commit.is_some());
    Ok(Outcome::Done)
}

/// Says what became of the bundle of a phase that was left.
pub(in crate::cli) fn tell_handed_over(ui: &Ui, head: &BundleHead, is_written: bool) {
    let BundleHead { id, name, tokens_before, tokens_after, ratio, .. } = head;
    ui.talk(format!(
        "bundle {id}, {name} ({}): {tokens_before} tokens to {tokens_after}, {ratio} to 1",
        head.kind.as_str()
    ));
    tell_ratio_and_next(ui, head, is_written);
}

/// Says where a bundle saves little, and how it is loaded: by an id that is kept only where it was written.
fn tell_ratio_and_next(ui: &Ui, head: &BundleHead, is_written: bool) {
    if head.tokens_before < head.tokens_after * WANTED_RATIO {
        ui.talk(format!(
            "the ratio is below {WANTED_RATIO} to 1: the sources are short, or most of what they say must be kept"
        ));
    }
    if is_written {
        ui.hint(format!("agentops bundle load {}", head.id));
    }
}
