//! Finding session records and learnings of a task in a tree.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::model::canonical::Canonical;
use crate::model::layout;
use crate::model::name::Principal;
use crate::model::path::RepoPath;
use crate::model::record::{Learning, Session};
use crate::model::state::TaskState;
use crate::model::tree::{MAX_STATE_FILE, SightError, TreeView};
use crate::workflow::chain::Chain;

/// The records of one tree, by the folder of their month: each month is read once, when it is first asked for.
#[derive(Debug, Default)]
pub(crate) struct Records {
    sessions: RefCell<Months<Session>>,
    learnings: RefCell<Months<Learning>>,
}

type Months<T> = BTreeMap<RepoPath, Rc<Vec<T>>>;

impl Records {
    /// Who sat on the phase of `state`: for telling doers from voters. Every month is read: whoever writes a task's events
    /// writes their dates, and must not be able to hide a session by them.
    pub(crate) fn sessions_on(
        &self,
        tree: &dyn TreeView,
        chain: &Chain,
        state: &TaskState,
    ) -> Result<BTreeSet<Principal>, SightError> {
        let mut found = BTreeSet::new();
        for sessions in months(tree, chain, None, "sessions", &self.sessions)? {
            for session in sessions.iter() {
                if session.work.iter().any(|work| work.task == chain.task && work.phase == state.phase) {
                    found.insert(session.actor.clone());
                }
            }
        }
        Ok(found)
    }

    /// Whether a session record names the task.
    pub(crate) fn has_session(&self, tree: &dyn TreeView, chain: &Chain) -> Result<bool, SightError> {
        let mut months = months(tree, chain, Some(first_month(chain)), "sessions", &self.sessions)?.into_iter();
        Ok(months.any(|month| month.iter().any(|one| one.work.iter().any(|work| work.task == chain.task))))
    }

    /// Whether a learning names the task.
    pub(crate) fn has_learning(&self, tree: &dyn TreeView, chain: &Chain) -> Result<bool, SightError> {
        let mut months = months(tree, chain, Some(first_month(chain)), "learnings", &self.learnings)?.into_iter();
        Ok(months.any(|month| month.iter().any(|learning| learning.task == chain.task.as_str())))
    }
}

/// The well-formed records below `<profile>/<folder>`, of the year and month `first` and later. Malformed ones are AO-E2's.
fn months<T: Canonical>(
    tree: &dyn TreeView,
    chain: &Chain,
    first: Option<(String, String)>,
    folder: &str,
    known: &RefCell<Months<T>>,
) -> Result<Vec<Rc<Vec<T>>>, SightError> {
    let root = RepoPath::from(format!("{}/{folder}", layout::namespace(&chain.profile)));
    let (first_year, first_month) = first.unwrap_or_default();
    let mut found = Vec::new();
    for year in tree.list(&root)? {
        let years = root.join(&year.name);
        for month in tree.list(&years)? {
            if (year.name.as_slice(), month.name.as_slice()) < (first_year.as_bytes(), first_month.as_bytes()) {
                continue;
            }
            let path = years.join(&month.name);
            if let Some(records) = known.borrow().get(&path) {
                found.push(Rc::clone(records));
                continue;
            }
            let mut records = Vec::new();
            for file in tree.list(&path)?.into_iter().filter(|file| file.mode.is_file()) {
                let bytes = tree.blob(&file.id, &path.join(&file.name), MAX_STATE_FILE)?;
                records.extend(T::parse(&bytes).ok());
            }
            let records = Rc::new(records);
            known.borrow_mut().insert(path, Rc::clone(&records));
            found.push(records);
        }
    }
    Ok(found)
}

/// The year and month from which on records may name the chain's task: the one before the earliest date that any of its
/// events names. A record lies in the month in which its session began, which may be the one before; and a date is a claim,
/// so that no single one decides.
fn first_month(chain: &Chain) -> (String, String) {
    let dates = chain.links.iter().flat_map(|link| [link.event.at.date(), link.event.state.opened.clone()]);
    let Some(first) = dates.min() else { return (String::new(), String::new()) };
    let (year, month) = (first.year().parse().unwrap_or(0_u32), first.month().parse().unwrap_or(1_u32));
    let (year, month) = if month > 1 { (year, month - 1) } else { (year.saturating_sub(1), 12) };
    (format!("{year:04}"), format!("{month:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{event, learning, records, session};
    use crate::model::digest::Digest;
    use crate::model::event::{Event, EventKind};
    use crate::model::record::Work;
    use crate::model::time::{Date, Timestamp};
    use crate::workflow::chain::Link;

    /// A task opened on that day, in the second month of its work.
    fn chain(opened: &str) -> Chain {
        let mut first = Event::parse(event("auth-k3f9", &[]).1.as_bytes()).unwrap();
        first.state.opened = Date::parse(opened).unwrap();
        first.at = Timestamp::parse(&format!("{opened}T00:05:00Z")).unwrap();
        let mut second = Event { kind: EventKind::Submit, seq: 2, ..first.clone() };
        second.at = Timestamp::parse("2026-11-21T07:00:00Z").unwrap();
        let links = [first, second].map(|event| Link { digest: Digest::of(event.print().as_bytes()), event });
        Chain::new(session().profile, links[0].event.task.clone(), links.into())
    }

    #[test]
    fn no_date_of_an_event_hides_a_session() {
        let honest = chain("2099-12-31");
        let mut later = honest.links.clone();
        for link in &mut later {
            link.event.at = Timestamp::parse("2099-12-31T08:00:00Z").unwrap();
        }
        let chain = Chain::new(honest.profile, honest.task, later);
        let state = &chain.links[0].event.state;
        let mut session = session();
        session.work = vec![Work { task: chain.task.clone(), phase: state.phase.clone(), attempt: "1".into() }];
        let (tree, known) = (records([&session], []), Records::default());
        assert_eq!(known.sessions_on(&tree, &chain, state).unwrap(), BTreeSet::from([session.actor.clone()]));
    }

    #[test]
    fn a_record_counts_whenever_it_began() {
        // Two minutes before the month in which the task was opened; and whatever day the opener claims.
        for (began, opened) in [
            ("2026-10-31T23:58:00Z", "2026-11-01"),
            ("2025-12-31T23:58:00Z", "2026-01-01"),
            ("2026-11-21T06:00:00Z", "9998-12-31"),
        ] {
            let chain = chain(opened);
            let state = &chain.links[0].event.state;
            let mut session = session();
            session.started = Timestamp::parse(began).unwrap();
            session.work = vec![Work { task: chain.task.clone(), phase: state.phase.clone(), attempt: "1".into() }];
            let mut learning = learning();
            learning.task = chain.task.to_string();
            learning.at = session.started.clone();
            let (tree, known) = (records([&session], [&learning]), Records::default());
            for _ in 0..2 {
                assert_eq!(known.sessions_on(&tree, &chain, state).unwrap(), BTreeSet::from([session.actor.clone()]));
                assert!(known.has_session(&tree, &chain).unwrap() && known.has_learning(&tree, &chain).unwrap());
            }
        }
    }
}
