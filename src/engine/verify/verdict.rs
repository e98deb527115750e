//! Verdicts: what a verifier found who ran an event's commands again, recorded for others.

use std::collections::BTreeSet;

use super::rerun::{self, Rerun};
use crate::engine::error::EngineError;
use crate::engine::site::{Base, Site};
use crate::engine::writing::compose;
use crate::engine::writing::seal::transact_sealed;
use crate::engine::writing::transact::{Committed, Draft, Target};
use crate::law::Records;
use crate::model::canonical::Canonical as _;
use crate::model::layout;
use crate::model::name::Principal;
use crate::model::policy::{LAWS_VERSION, Policy, VERDICTS_SINCE};
use crate::model::trust::Proved;
use crate::model::verdict::{Outcome, Verdict};
use crate::workflow::chain::{Chain, Link};
use crate::workflow::gate;
use crate::workflow::verdict::{self, Standing};

/// A verdict that was recorded.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// What it says.
    pub verdict: Outcome,
    /// Whose it is.
    pub verifier: Principal,
    /// The key that signed it; `None` where the verifier is a claim.
    pub key: Option<Proved>,
}

/// What the verdicts at `here` say of the event `link`, by `policy`.
pub(crate) fn standing(here: &Base<'_>, policy: &Policy, chain: &Chain, link: &Link) -> Result<Standing, EngineError> {
    let files = verdict::read_verdicts(here.view(), &chain.profile, link)?;
    Ok(verdict::weigh(policy, chain, link, &doers(here, chain, link)?, &files))
}

fn doers(base: &Base<'_>, chain: &Chain, link: &Link) -> Result<BTreeSet<Principal>, EngineError> {
    let sessions = Records::default().sessions_on(base.view(), chain, chain.origin(link))?;
    Ok(gate::doers(chain, link, &sessions))
}

/// Refuses whoever may give no verdict on `link`: before commands run, and again before it is written.
pub(crate) fn refuse_verifier(site: &Site, base: &Base<'_>, chain: &Chain, link: &Link) -> Result<(), EngineError> {
    let other = format!("somebody who did not do the work runs: agentops verify rerun {} --record", chain.task);
    if base.policy.format.laws < VERDICTS_SINCE {
        return Err(EngineError::refused(
            format!("edition {} of the laws rules here, and it knows no verdicts", base.policy.format.laws),
            format!("`agentops upgrade` raises it to {LAWS_VERSION}"),
        ));
    }
    let (verifier, _) = site.actor(&base.policy)?;
    let doers = doers(base, chain, link)?;
    if let Some(reason) = verdict::verifier_refusal(&base.policy, chain, &doers, verifier) {
        return Err(EngineError::refused(reason, other));
    }
    // Another name does not make a doer somebody else.
    let markers = &base.policy.config.agent_markers;
    match markers.iter().find(|(marker, agent)| site.env.marker(marker) && doers.contains(*agent)) {
        Some((marker, agent)) => Err(EngineError::refused(
            format!("`{agent}` runs this command (`{marker}` is set), and did the work"),
            other,
        )),
        None => Ok(()),
    }
}

/// Commits what `rerun` found as the actor's verdict, on HEAD's branch.
pub fn record(site: &Site, target: &Target, rerun: &Rerun, reason: &str) -> Result<Committed<Recorded>, EngineError> {
    let outcome = match &rerun.outcome {
        rerun::Outcome::Reproduced => Outcome::Reproduced,
        rerun::Outcome::NotReproduced => Outcome::Refuted,
        rerun::Outcome::Fails => {
            return Err(EngineError::refused(
                "a command fails, as the event says it did",
                "a verdict says that work passes or that a claim is false: AO-P6 refuses the event itself",
            ));
        }
        rerun::Outcome::CannotBeRerun(why) => {
            return Err(EngineError::refused(
                format!("nothing was run again: {why}"),
                "what was not run has no verdict",
            ));
        }
    };
    let Some(tree) = rerun.tree else {
        return Err(EngineError::refused("the event names no tree", "what was not run has no verdict"));
    };
    let at = site.clock.now();
    transact_sealed(site, target, |base, seal| {
        let chain = base.task(rerun.task.as_str())?;
        let Some(link) = chain.link(&rerun.link.digest) else {
            return Err(EngineError::Conflict {
                message: format!("the event {:04} of `{}` is not at HEAD any more", rerun.link.event.seq, chain.task),
                hint: "check the branch out that has it, and run it again".into(),
            });
        };
        refuse_verifier(site, base, &chain, link)?;
        let (verifier, actor) = site.actor(&base.policy)?;
        let mut verdict = Verdict {
            v: 1,
            project: base.policy.format.project.clone(),
            task: chain.task.clone(),
            event: link.digest,
            tree,
            verdict: outcome,
            verifier: verifier.clone(),
            at: at.clone(),
            reason: reason.trim().to_owned(),
            runs: rerun.rows.iter().filter_map(|row| Some(row.again.as_ref()?.run.clone())).collect(),
            signature: None,
        };
        verdict.validate()?;
        let key = seal.close(&base.policy, &mut verdict)?;
        let path = layout::verdicts(&chain.profile, &chain.task, &link.digest).join(verdict.file_name().as_bytes());
        let what = format!("{} {} ({})", outcome.as_str(), chain.task, chain.origin(link).phase);
        let mut trailers = vec![format!("Agentops-Task: {}", chain.task)];
        trailers.extend(compose::assisted_by(verifier, actor));
        let message = compose::plain_message(&compose::subject(&chain.profile, &what), &verdict.reason, &trailers);
        let outcome = Recorded { verdict: outcome, verifier: verifier.clone(), key };
        Ok(Draft { files: vec![(path, Some(verdict.print().into_bytes()))], message, outcome })
    })
}
