//! `agentops bundle verify`.

use serde::Serialize;

use super::{BundleBody, SourceBody, VerifyArguments};
use crate::cli::{CommandError, Context, ErrorKind, Outcome};
use crate::engine::knowledge::bundles::prove::{self, Proof};
use crate::model::bundle::BundleSource;
use crate::ui::{error, good, plain, warning};

#[derive(Serialize)]
struct VerifyBody {
    bundle: BundleBody,
    /// `holds`, `does-not-hold` or `unseen`.
    verdict: &'static str,
    facts: usize,
    lost: Vec<LostBody>,
    wrong: Vec<String>,
    seen: Vec<SourceBody>,
    unseen: Vec<SourceBody>,
}

#[derive(Serialize)]
struct LostBody {
    kind: &'static str,
    text: String,
    path: String,
    line: usize,
}

/// Runs the verb.
pub(super) fn run(arguments: &VerifyArguments, context: &Context) -> Result<Outcome, CommandError> {
    let proof = prove::verify(&context.site(None)?, &arguments.id)?;
    let body = VerifyBody::of(&proof);
    context.ui.show(&body, |page| {
        for lost in &body.lost {
            page.line([
                error("lost"),
                plain(format!(": the {} `{}` ({}:{})", lost.kind, lost.text, lost.path, lost.line)),
            ]);
        }
        for wrong in &body.wrong {
            page.line([error("wrong"), plain(format!(": {wrong}"))]);
        }
        for source in &body.unseen {
            page.line([
                warning("not seen"),
                plain(format!(": {} {} is not in this clone", &source.blob[..12], source.path)),
            ]);
        }
        let (facts, seen) = (body.facts, body.seen.len());
        let all = seen + body.unseen.len();
        match body.verdict {
            "holds" => page.line([
                good("holds"),
                plain(format!(": {facts} facts of {seen} of {all} sources that must be kept are in it")),
            ]),
            "unseen" => page.line([warning("not seen"), plain(": none of its sources is in this clone")]),
            _ => page.line([
                error("does not hold"),
                plain(format!(
                    ": {} of {facts} facts are lost, {} figures are wrong",
                    body.lost.len(),
                    body.wrong.len()
                )),
            ]),
        }
    });
    if !body.unseen.is_empty() {
        context.ui.hint(crate::model::tree::COMPLETE_CLONE);
    }
    Ok(match body.verdict {
        "holds" => Outcome::Done,
        "unseen" => Outcome::Ended(ErrorKind::Failure),
        _ => Outcome::Ended(ErrorKind::Law),
    })
}

impl VerifyBody {
    fn of(proof: &Proof) -> Self {
        let source = |source: &BundleSource| SourceBody { path: source.path.clone(), blob: source.blob.to_string() };
        Self {
            bundle: BundleBody::of(&proof.shelved),
            verdict: match (proof.holds(), proof.seen.is_empty()) {
                (false, _) => "does-not-hold",
                (true, true) => "unseen",
                (true, false) => "holds",
            },
            facts: proof.facts,
            lost: proof
                .lost
                .iter()
                .map(|lost| LostBody {
                    kind: lost.kind,
                    text: lost.text.clone(),
                    path: lost.path.clone(),
                    line: lost.line,
                })
                .collect(),
            wrong: proof.wrong.clone(),
            seen: proof.seen.iter().map(source).collect(),
            unseen: proof.unseen.iter().map(source).collect(),
        }
    }
}
