//! `agentops bundle list` and `agentops bundle search`.

use serde::Serialize;

use super::{BundleBody, Filtering, SearchArguments};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::knowledge::bundles::shelf::{self, Hit};
use crate::ui::{Page, Table, dim, plain, strong};

#[derive(Serialize)]
struct ListBody {
    bundles: Vec<BundleBody>,
}

#[derive(Serialize)]
struct SearchBody {
    bundles: Vec<HitBody>,
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
    let found = shelf::list(&context.site(None)?, &filter.lowered())?;
    let body = ListBody { bundles: found.iter().map(BundleBody::of).collect() };
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
    if body.bundles.is_empty() {
        context.ui.talk("no bundle fits");
        context.ui.hint("agentops bundle save --task ID");
    }
    Ok(Outcome::Done)
}

/// Finds bundles by what they say.
pub(super) fn search(arguments: SearchArguments, context: &Context) -> Result<Outcome, CommandError> {
    let hits = shelf::search(&context.site(None)?, &arguments.words, &arguments.filter.lowered())?;
    let body = SearchBody { bundles: hits.iter().map(HitBody::of).collect() };
    context.ui.show(&body, |page| fill_hits(page, &body.bundles));
    if body.bundles.is_empty() {
        context.ui.talk("no bundle has one of these words");
        context.ui.hint("agentops bundle list");
    }
    Ok(Outcome::Done)
}
