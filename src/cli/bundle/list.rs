//! `agentops bundle list` and `agentops bundle search`.

use serde::Serialize;

use super::{BundleBody, Filtering, SearchArguments};
use crate::cli::{CommandError, Context, Outcome};
use crate::engine::knowledge::bundles::shelf;
use crate::ui::{Table, dim, plain, strong};

#[derive(Serialize)]
struct ListBody {
    bundles: Vec<BundleBody>,
}

#[derive(Serialize)]
struct SearchBody {
    bundles: Vec<HitBody>,
}

#[derive(Serialize)]
struct HitBody {
    #[serde(flatten)]
    bundle: BundleBody,
    score: f32,
    /// The line that fits best.
    line: String,
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
    let body = SearchBody {
        bundles: hits
            .into_iter()
            .map(|hit| HitBody { bundle: BundleBody::of(&hit.shelved), score: hit.score, line: hit.line })
            .collect(),
    };
    context.ui.show(&body, |page| {
        for hit in &body.bundles {
            let BundleBody { id, profile, kind, name, .. } = &hit.bundle;
            page.line([strong(id), plain(format!("  {name} ({kind}, {profile})"))]);
            page.line([dim(format!("  {}", hit.line))]);
        }
    });
    if body.bundles.is_empty() {
        context.ui.talk("no bundle has one of these words");
        context.ui.hint("agentops bundle list");
    }
    Ok(Outcome::Done)
}
