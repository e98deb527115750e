//! `agentops bundle load`.

use serde::Serialize;

use super::{BundleBody, LoadArguments};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::knowledge::bundles::load::{self, Loading};
use crate::engine::knowledge::bundles::prove::Verdict;
use crate::engine::knowledge::bundles::sources::{Fate, Stale};
use crate::ui::Mode;

#[derive(Serialize)]
struct LoadBody {
    bundle: BundleBody,
    /// Exactly what would be injected.
    text: String,
    tokens: usize,
    stale: Vec<StaleBody>,
    /// The command that saves it anew from what is there, where a source changed or is gone.
    save_again: Option<String>,
    /// Sources that have changes which are not committed.
    uncommitted: Vec<String>,
    /// Why one may not rely on its text, as `bundle verify` finds it, sentences.
    doubts: Vec<String>,
    misfit: Option<String>,
    projection: Option<ProjectionBody>,
}

#[derive(Serialize)]
struct StaleBody {
    path: String,
    /// `changed`, `moved` or `gone`.
    now: &'static str,
    /// Where it stands unchanged; only where it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
}

impl StaleBody {
    fn of(source: Stale) -> Self {
        let (now, to) = match source.fate {
            Fate::Changed => ("changed", None),
            Fate::Moved(path) => ("moved", Some(path.to_string())),
            Fate::Gone => ("gone", None),
        };
        Self { path: source.path, now, to }
    }
}

#[derive(Serialize)]
struct ProjectionBody {
    phase: String,
    tokens_before: u32,
    tokens_after: u32,
    budget: u32,
    percent_of_window: u32,
    band: &'static str,
}

/// Runs the verb.
pub(super) fn run(arguments: LoadArguments, context: &Context) -> Result<Outcome, CommandError> {
    let site = context.site(None)?;
    let request = Loading { bundle: arguments.id, task: arguments.task, used: arguments.used };
    let loaded = load::load(&site, &request)?;
    let body = LoadBody {
        bundle: BundleBody::of(&loaded.shelved),
        text: loaded.text,
        tokens: loaded.tokens,
        stale: loaded.stale.into_iter().map(StaleBody::of).collect(),
        save_again: loaded.save_again,
        uncommitted: loaded.uncommitted,
        doubts: loaded.proof.doubts(),
        misfit: loaded.misfit,
        projection: loaded.projection.map(|projection| ProjectionBody {
            phase: projection.phase.to_string(),
            tokens_before: projection.tokens.0,
            tokens_after: projection.tokens.1,
            budget: projection.budget,
            percent_of_window: projection.percent,
            band: projection.band,
        }),
    };
    let ui = &context.ui;
    if ui.mode() == Mode::Json {
        ui.show(&body, |_| {});
        return Ok(Outcome::Done);
    }
    ui.bytes(body.text.as_bytes());
    for source in &body.stale {
        match (source.now, &source.to) {
            (_, Some(path)) => ui.talk(format!("`{}` is now `{path}`, unchanged", source.path)),
            ("changed", _) => ui.warning(format!("`{}` has changed since the bundle was saved", source.path)),
            _ => ui.warning(format!("`{}` is not at HEAD any more", source.path)),
        }
    }
    if let Some(command) = &body.save_again {
        ui.hint(format!("save it anew from what is there: {command}"));
    }
    for path in &body.uncommitted {
        ui.warning(format!("`{path}` has changes that are not committed, of which the bundle knows nothing"));
    }
    if let [first, rest @ ..] = body.doubts.as_slice() {
        let more = if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
        let what = match loaded.proof.verdict() {
            Verdict::DoesNotHold => "it does not hold what its sources said: ",
            Verdict::Holds | Verdict::Unproved => "",
        };
        ui.warning(format!("{what}{first}{more}"));
        ui.hint(format!("agentops bundle verify {}", loaded.shelved.bundle.head.id));
    }
    if let Some(misfit) = &body.misfit {
        ui.warning(misfit);
    }
    if let Some(projection) = &body.projection {
        ui.talk(format!(
            "{} tokens; the context of phase `{}` would take {} of {}, {} percent of the window ({})",
            body.tokens,
            projection.phase,
            projection.tokens_after,
            projection.budget,
            projection.percent_of_window,
            projection.band
        ));
    }
    Ok(Outcome::Done)
}
