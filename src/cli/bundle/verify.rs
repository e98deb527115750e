//! `agentops bundle verify`.

use serde::Serialize;

use super::{BundleBody, SourceBody, VerifyArguments};
use crate::cli::{CommandError, Context, ErrorKind, Outcome};
use crate::engine::knowledge::bundles::prove::{self, Proof, Unseen, Verdict, Why};
use crate::engine::knowledge::bundles::shelf::Shelved;
use crate::model::bundle::BundleSource;
use crate::ui::{error, good, plain, warning};

#[derive(Serialize)]
struct VerifyBody {
    bundle: BundleBody,
    /// `holds`, `does-not-hold`, or `unseen`: nothing speaks against it, but not all could be looked at.
    verdict: &'static str,
    facts: usize,
    lost: Vec<LostBody>,
    wrong: Vec<String>,
    /// What could not be looked at, sentences.
    unproved: Vec<String>,
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
    let (shelved, proof) = prove::verify(&context.site(None)?, &arguments.id)?;
    let body = VerifyBody::of(&shelved, &proof);
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
        for Unseen { source, why } in &proof.unseen {
            let why = match why {
                Why::Missing => "is not in this clone".to_owned(),
                Why::TooLong(limit) => format!("is beyond the {limit} bytes that are read"),
            };
            let blob = source.blob.to_string();
            page.line([warning("not seen"), plain(format!(": {} {} {why}", &blob[..12], source.path))]);
        }
        let (facts, seen) = (body.facts, body.seen.len());
        let all = seen + body.unseen.len();
        match proof.verdict() {
            Verdict::Holds => page.line([
                good("holds"),
                plain(format!(": {facts} facts of {seen} of {all} sources that must be kept are in it")),
            ]),
            Verdict::Unproved => page.line([warning("not proved"), plain(format!(": {}", body.unproved.join("; ")))]),
            Verdict::DoesNotHold => page.line([
                error("does not hold"),
                plain(format!(
                    ": {} of {facts} facts are lost, {} figures are wrong",
                    body.lost.len(),
                    body.wrong.len()
                )),
            ]),
        }
    });
    if proof.unseen.iter().any(|unseen| unseen.why == Why::Missing) {
        context.ui.hint(crate::model::tree::COMPLETE_CLONE);
    }
    Ok(match proof.verdict() {
        Verdict::Holds => Outcome::Done,
        Verdict::Unproved => Outcome::Ended(ErrorKind::Failure),
        Verdict::DoesNotHold => Outcome::Ended(ErrorKind::Law),
    })
}

impl VerifyBody {
    fn of(shelved: &Shelved, proof: &Proof) -> Self {
        let source = |source: &BundleSource| SourceBody { path: source.path.clone(), blob: source.blob.to_string() };
        Self {
            bundle: BundleBody::of(shelved),
            verdict: match proof.verdict() {
                Verdict::Holds => "holds",
                Verdict::DoesNotHold => "does-not-hold",
                Verdict::Unproved => "unseen",
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
            unproved: proof.unproved.clone(),
            seen: proof.seen.iter().map(source).collect(),
            unseen: proof.unseen.iter().map(|unseen| source(&unseen.source)).collect(),
        }
    }
}
