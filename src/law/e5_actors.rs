//! AO-E5: events come from actors of the policy.

use super::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;
use crate::workflow::proof;

pub(crate) const LAW: Law = Law {
    id: LawId::E5,
    title: "actors are known",
    rule: "An event's `actor` is listed in T's config and has a part in the event's profile. Who acted is a claim unless the event is \
           signed; that the name is known is a fact.",
    passes: "`actor = \"claude\"`, with `[actors.claude] profiles = [\"product-dev\"]` in the base, below `.agentops/product-dev/`.",
    fails: "An event of `mallory`, whom no config lists. Add the actor with `agentops policy amend`, in a step of its own.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    for task in case.tasks()? {
        for link in task.fresh_links() {
            let actor = &link.event.actor;
            let profile = &task.after.profile;
            let message = match case.policy.config.actors.get(actor) {
                None => format!("`{actor}` is not an actor of the base's config"),
                Some(known) if !known.may_write(profile) => format!("`{actor}` has no part in profile `{profile}`"),
                Some(_) => match proof::event_key(case.policy, &link.event) {
                    Some(Err(reason)) => {
                        findings.add(Finding::new(
                            Place::path(task.path(link)),
                            format!("the event is signed, and {reason}"),
                            "take the event out and let its actor make it again: a signature that does not hold is worse than none",
                        ));
                        continue;
                    }
                    _ => continue,
                },
            };
            findings.add(Finding::new(
                Place::path(task.path(link)),
                message,
                format!("list it under `[actors.{actor}]` in `.agentops/config.toml` with `agentops policy amend`, and land that first"),
            ));
        }
    }
    Ok(())
}
