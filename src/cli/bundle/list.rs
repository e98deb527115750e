//! `agentops bundle list` and `agentops bundle search`.

use serde::Serialize;

use super::{BundleBody, Filtering, SearchArguments};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::knowledge::bundles::shelf::{self, Hit, Malformed};
use crate::model::escape::shell_word;
use crate::ui::{Mode, Page, Table, Ui, dim, plain, strong};

#[derive(Serialize)]
struct ListBody {
    bundles: Vec<BundleBody>,
    malformed: Vec<MalformedBody>,
}

#[derive(Serialize)]
struct SearchBody {
    bundles: Vec<HitBody>,
    malformed: Vec<MalformedBody>,
}

/// A file where a bundle should be, and why it is none.
#[derive(Serialize)]
struct MalformedBody {
    path: String,
    reason: String,
}

impl MalformedBody {
    fn all(malformed: &[Malformed]) -> Vec<Self> {
        malformed.iter().map(|file| Self { path: file.path.to_string(), reason: file.reason.clone() }).collect()
    }
}

/// Names the files that no list can have.
fn tell_malformed(ui: &Ui, malformed: &[MalformedBody]) {
    if ui.mode() == Mode::Json || malformed.is_empty() {
        return;
    }
    for MalformedBody { path, reason } in malformed {
        ui.warning(format!("`{path}` is no well-formed bundle: {reason}"));
    }
    ui.hint("agentops check --all");
}

/// A bundle that fits.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct HitBody {
    #[serde(flatten)]
    bundle: BundleBody,
    score: f32,
    /// The line that fits best.
    line: String,
}

impl HitBody {
    pub(in crate::cli) fn of(hit: &Hit) -> Self {
        Self { bundle: BundleBody::of(&hit.shelved), score: hit.score, line: hit.line.clone() }
    }

    pub(in crate::cli) fn id(&self) -> &str {
        &self.bundle.id
    }
}

/// Bundles one behind the other, each with the line that fits best.
pub(in crate::cli) fn fill_hits(page: &mut Page, hits: &[HitBody]) {
    for hit in hits {
        let BundleBody { id, profile, kind, name, .. } = &hit.bundle;
        page.line([strong(id), plain(format!("  {name} ({kind}, {profile})"))]);
        page.line([dim(format!("  {}", hit.line))]);
    }
}

/// Lists bundles.
pub(super) fn list(filter: Filtering, context: &Context) -> Result<Outcome, CommandError> {
    let task = filter.task.clone();
    let looked = shelf::list(&context.site(None)?, &filter.lowered())?;
    let malformed = MalformedBody::all(&looked.malformed);
    let body = ListBody { bundles: looked.found.iter().map(BundleBody::of).collect(), malformed };
    context.ui.show(&body, |page| {
        let mut table = Table::new(["bundle", "profile", "type", "tokens", "ratio", "tags", "name"]);
        for bundle in &body.bundles {
            table.row([
                strong(&bundle.id),
                plain(&bundle.profile),
                plain(bundle.kind),
                plain(bundle.tokens_after),
                plain(&bundle.ratio),
                plain(bundle.tags.join(",")),
                plain(&bundle.name),
            ]);
        }
        if !body.bundles.is_empty() {
            page.table(&table);
        }
    });
    tell_malformed(&context.ui, &body.malformed);
    if body.bundles.is_empty() {
        context.ui.talk("no bundle fits");
        context.ui.hint(format!("agentops bundle save --task {}", task.as_deref().map_or("ID".into(), shell_word)));
    }
    Ok(Outcome::Done)
}

/// Finds bundles by what they say.
pub(super) fn search(arguments: SearchArguments, context: &Context) -> Result<Outcome, CommandError> {
    let looked = shelf::search(&context.site(None)?, &arguments.words, &arguments.filter.lowered())?;
    let malformed = MalformedBody::all(&looked.malformed);
    let body = SearchBody { bundles: looked.found.iter().map(HitBody::of).collect(), malformed };
    context.ui.show(&body, |page| fill_hits(page, &body.bundles));
    tell_malformed(&context.ui, &body.malformed);
    if body.bundles.is_empty() {
        context.ui.talk("no bundle has one of these words");
        context.ui.hint("agentops bundle list");
    }
    Ok(Outcome::Done)
}
