//! The end of the work: every promise is kept in the tree that is to land.

use crate::law::Findings;
use crate::law::phase::Material;
use crate::model::report::{Finding, Place};
use crate::model::tree::SightError;
use crate::workflow::delivery::undelivered;

pub(super) fn examine(material: &Material<'_>, findings: &mut Findings) -> Result<(), SightError> {
    let task = material.task;
    let Some(promised) = &material.promised else {
        if material.is_agent {
            let (actor, phase) = (material.actor, &material.phase.name);
            findings.add(Finding::new(
                Place::nowhere(),
                format!("task `{task}` was planned without deliverables, and `{actor}`, who leaves phase `{phase}`, is an agent"),
                format!("promise what will be there: {}; or let a person finish the phase", material.plan_again()),
            ));
        }
        return Ok(());
    };
    match &promised.deliverables {
        Err(problem) => findings.add(Finding::new(
            Place::line(promised.path.clone(), problem.line),
            format!("what was promised cannot be held against the work: {}", problem.message),
            format!("put back what was voted on, or plan again: {}", material.plan_again()),
        )),
        Ok(promises) => {
            for broken in undelivered(promises, material.planned_on, material.next)? {
                let finding = Finding::new(
                    Place::line(promised.path.clone(), broken.line),
                    broken.message,
                    format!("deliver it and commit it, or plan again: {}", material.plan_again()),
                );
                // Landing judged the whole: cut into commits, what is promised may come after the event.
                findings.add(if material.is_replay { finding.warning() } else { finding });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{Gate, shown};
    use crate::model::law_id::LawId;

    const PROMISES: &str = "\
[[deliverables.file]]
path = \"new\"
change = \"created\"
contains = [\"tokens\"]

[[deliverables.file]]
path = \"old\"
change = \"changed\"

[[deliverables.criterion]]
name = \"expiry\"
kind = \"function\"
text = \"A link of 1801 seconds is refused\"
evidence = [{ path = \"new\", contains = \"1800\" }]
";

    fn gate() -> Gate {
        Gate::implement().promised(PROMISES).cites("old", "1\n")
    }

    #[test]
    fn kept_promises_pass() {
        let found = gate().holds("new", "tokens live 1800 seconds\n").holds("old", "2\n").judge(LawId::P9);
        assert_eq!(shown(&found), [""; 0]);
    }

    #[test]
    fn broken_promises_are_named_with_line_and_remedy() {
        let found = gate().holds("new", "tokens\n").holds("old", "1\n").judge(LawId::P9);
        assert_eq!(
            shown(&found),
            [
                "7: `old` was to be changed and is unchanged since the plan was made",
                "14: criterion `expiry`: `new` does not hold `1800`",
            ]
        );
        assert_eq!(found.list[0].place.path, Some("deliverables.toml".into()));
        assert!(found.list[0].fix.contains("agentops phase rewind auth-k3f9 --to spec"), "{}", found.list[0].fix);
        let mut replayed = gate().holds("new", "tokens 1800\n").holds("old", "1\n");
        replayed.is_replay = true;
        assert!(shown(&replayed.judge(LawId::P9))[0].starts_with("warning 7: "), "landing judged the whole");
        let spoiled = Gate::implement().promised("[deliverables]\n").judge(LawId::P9);
        assert!(shown(&spoiled)[0].starts_with("1: what was promised cannot be held"), "{:?}", shown(&spoiled));
    }

    #[test]
    fn agents_need_promises_and_people_do_not() {
        let mut gate = Gate::implement();
        assert!(shown(&gate.judge(LawId::P9))[0].contains("was planned without deliverables, and `claude`"));
        gate.is_agent = false;
        assert_eq!(shown(&gate.judge(LawId::P9)), [""; 0]);
    }
}
