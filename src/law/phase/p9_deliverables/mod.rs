//! AO-P9: what a plan promises is fit to be held against the tree, and what was promised is there.

mod delivered;
mod promises;

use crate::law::{Case, Findings, Law, Reads};
use crate::model::law_id::LawId;
use crate::model::state::Stage;
use crate::model::tree::SightError;

use super::{Material, live};

/// The law.
pub(crate) const LAW: Law = Law {
    id: LawId::P9,
    title: "deliverables that are there",
    rule: "An agent leaves the plan stage with an artifact of kind `deliverables`: the files that the plan creates, changes or \
           removes and the texts that they will hold, tests with their commands, acceptance criteria with the place or the \
           command that shows them, points where parts meet. They agree with the plan's changes, and promise what is not \
           there already. An agent leaves the implement stage when all of it is there: every promised file, text and place \
           of evidence in the tree that is to land, against the tree that the plan was made on; its commands are wanted \
           by AO-P6. A person may leave the file out, and then does the work without it. Judged from edition 2 of the laws \
           on.",
    passes: "[[deliverables.file]]\npath = \"src/reset.rs\"\nchange = \"created\"\ncontains = [\"pub fn reset(\"]\n\n\
             [[deliverables.criterion]]\nname = \"old-links\"\nkind = \"security\"\ntext = \"A link older than one hour is \
             refused and says so\"\nevidence = [{ path = \"tests/reset.rs\", contains = \"fn an_old_link_is_refused\" }]",
    fails: "The same while `tests/reset.rs` holds no `fn an_old_link_is_refused`: write the test and commit it, or plan again \
            with `agentops phase rewind TASK --to PHASE --reason \"…\"`.",
    reads: Reads::Trees,
    check,
};

fn check(case: &Case<'_>, findings: &mut Findings) -> Result<(), SightError> {
    live::examine_each(case, LawId::P9, examine, findings)?;
    live::examine_resting(case, LawId::P9, examine_again, findings)
}

pub(crate) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    match material.phase.stage {
        Stage::Plan => promises::examine(material, findings),
        Stage::Implement => delivered::examine(material, findings),
        // `config` refuses the check there.
        Stage::Research | Stage::Post => Ok(()),
    }
}

/// What was voted on is still there. That the promises themselves stay as they are is AO-E8's.
fn examine_again(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    match material.phase.stage {
        Stage::Implement => delivered::examine(material, findings),
        _ => Ok(()),
    }
}
