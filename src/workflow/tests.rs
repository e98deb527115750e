//! Properties of the pure core: any order of arrival folds alike, any flipped byte is found, any illegal transition is
//! found, printing and parsing are inverse.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::chain::{Chain, Link, Standing, position};
use super::gate::gate_digest;
use super::governance::Governed;
use super::risk::Gate;
use super::transition::{self, Illegal};
use crate::law::testing::{PROJECT, policy, principal, small_profile};
use crate::model::amend::{Amend, GovernedChange};
use crate::model::canonical::Canonical;
use crate::model::digest::{Digest, ObjectId};
use crate::model::event::{Event, EventKind, EventName, Evidence, Run};
use crate::model::layout;
use crate::model::name::{ProfileName, RecordId, TaskId, Word};
use crate::model::profile::{ArtifactKind, ArtifactSpec};
use crate::model::record::{Grade, Improvement, Learning, Session, Suggestions, Work};
use crate::model::state::{Priority, Stage, Status, TaskState};
use crate::model::time::{Date, Timestamp};
use crate::model::tree::{MemoryTree, SightError};
use crate::model::vote::{Proof, Verdict, Vote};

fn task() -> TaskId {
    TaskId::parse("auth-k3f9").unwrap()
}

fn dev() -> ProfileName {
    ProfileName::parse("dev").unwrap()
}

fn event(kind: EventKind, prev: Vec<Digest>, seq: u32, state: TaskState, reason: &str) -> Event {
    Event {
        v: 1,
        project: PROJECT.into(),
        task: task(),
        seq,
        kind,
        prev,
        actor: principal("claude"),
        at: Timestamp::from_seconds(1_700_000_000),
        reason: reason.into(),
        evidence: Vec::new(),
        base: ObjectId::parse(&"ab".repeat(20)).unwrap(),
        runs: Vec::new(),
        note: Default::default(),
        state,
        signature: None,
    }
}

fn link(event: Event) -> Link {
    Link { digest: Digest::of(event.print().as_bytes()), event }
}

fn opened() -> Link {
    let profile = small_profile();
    let first = &profile.phases[0];
    let state = TaskState {
        phase: first.name.clone(),
        stage: first.stage,
        status: Status::Working,
        attempt: 1,
        opened: Date::parse("2026-11-21").unwrap(),
        title: "Create new authentication system".into(),
        priority: Priority::Normal,
        labels: vec![Word::parse("api").unwrap()],
        after: Vec::new(),
    };
    link(event(EventKind::Open, Vec::new(), 1, state, ""))
}

const KINDS: [EventKind; 6] = [
    EventKind::Submit,
    EventKind::Advance,
    EventKind::Rework,
    EventKind::Rewind,
    EventKind::Abandon,
    EventKind::Resolve,
];

/// A legal chain, perhaps with forks: each choice picks an event to follow, a kind and a phase; illegal ones are left out.
fn walk(choices: &[(u8, u8, u8)]) -> Vec<Link> {
    let profile = small_profile();
    let mut links = vec![opened()];
    for (from, kind, phase) in choices {
        let chain = Chain::new(dev(), task(), links.clone());
        let kind = KINDS[usize::from(*kind) % KINDS.len()];
        let heads = chain.heads();
        let prev: Vec<&Link> = match kind {
            EventKind::Resolve => heads,
            // Mostly the last head, now and then an older event: that makes a fork.
            _ if from % 5 == 0 => vec![&chain.links[usize::from(*from) % chain.links.len()]],
            _ => vec![heads[usize::from(*from) % heads.len()]],
        };
        let to = &profile.phases[usize::from(*phase) % profile.phases.len()].name;
        let Ok(state) = transition::follow(&chain, &prev, kind, Some(to), &profile, false) else { continue };
        let mut digests: Vec<Digest> = prev.iter().map(|link| link.digest).collect();
        digests.sort_unstable();
        let seq = 1 + prev.iter().map(|link| link.event.seq).max().unwrap_or(0);
        let new = link(event(kind, digests, seq, state, "because"));
        if !links.contains(&new) {
            links.push(new);
        }
    }
    links
}

fn tree_of(links: &[Link]) -> MemoryTree {
    let mut tree = MemoryTree::new();
    for link in links {
        tree.put(layout::event(&dev(), &task(), &EventName::of(&link.event)), link.event.print());
    }
    tree
}

/// What is live, told as the documents tell it: event by event, each from everything that came before it.
fn live_as_told(chain: &Chain) -> BTreeSet<Digest> {
    let profile = small_profile();
    let mut live: BTreeSet<Digest> = chain.links.iter().map(|link| link.digest).collect();
    for later in &chain.links {
        let goes_back = matches!(later.event.kind, EventKind::Rewind | EventKind::Resolve);
        let withdraws = matches!(later.event.kind, EventKind::Rework | EventKind::Abandon);
        let limit = position(&profile, &later.event.state);
        for earlier in chain.ancestors(&[later.digest]) {
            let link = chain.link(&earlier).unwrap();
            let before = link.event.prev.first().and_then(|prev| chain.link(prev));
            let left = before.filter(|_| link.event.kind == EventKind::Advance).unwrap_or(link);
            let gone =
                goes_back && link.event.kind != EventKind::Open && position(&profile, &left.event.state) >= limit;
            let withdrawn = withdraws && link.event.kind == EventKind::Submit && later.event.prev.contains(&earlier);
            if gone || withdrawn {
                live.remove(&earlier);
            }
        }
    }
    live
}

proptest! {
    #[test]
    fn live_is_what_nothing_supersedes(choices in prop::collection::vec(any::<(u8, u8, u8)>(), 0..40)) {
        let chain = Chain::new(dev(), task(), walk(&choices));
        prop_assert_eq!(chain.live(&small_profile()), live_as_told(&chain));
    }

    #[test]
    fn any_order_of_arrival_folds_alike(
        choices in prop::collection::vec(any::<(u8, u8, u8)>(), 0..25),
        order in any::<prop::sample::Index>(),
        seed in any::<u64>(),
    ) {
        let links = walk(&choices);
        let mut shuffled = links.clone();
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        // Arriving twice changes nothing either.
        shuffled.push(links[order.index(links.len())].clone());
        let one = Chain::new(dev(), task(), links.clone());
        let other = Chain::new(dev(), task(), shuffled);
        prop_assert_eq!(one.standing(), other.standing());
        prop_assert_eq!(one.live(&small_profile()), other.live(&small_profile()));
        let read = Chain::read(&tree_of(&links), &dev(), &task()).unwrap();
        prop_assert_eq!(&read.links, &one.links);
        prop_assert!(read.broken.is_empty());
    }

    #[test]
    fn what_follows_legally_is_found_legal(choices in prop::collection::vec(any::<(u8, u8, u8)>(), 0..25)) {
        let chain = Chain::new(dev(), task(), walk(&choices));
        for link in &chain.links {
            prop_assert_eq!(transition::check(&chain, link, &small_profile(), false), Ok(()));
        }
    }

    #[test]
    fn any_flipped_byte_is_found(
        choices in prop::collection::vec(any::<(u8, u8, u8)>(), 1..12),
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        bit in 0u32..8,
    ) {
        let links = walk(&choices);
        let link = &links[which.index(links.len())];
        let mut bytes = link.event.print().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let mut tree = tree_of(&links);
        tree.put(layout::event(&dev(), &task(), &EventName::of(&link.event)), bytes);
        let chain = Chain::read(&tree, &dev(), &task()).unwrap();
        prop_assert_eq!(chain.broken.len(), 1);
    }

    #[test]
    fn any_illegal_transition_is_found(
        choices in prop::collection::vec(any::<(u8, u8, u8)>(), 1..15),
        which in any::<prop::sample::Index>(),
        change in 0u8..8,
        amount in 1u32..5,
    ) {
        let profile = small_profile();
        let mut links = walk(&choices);
        let at = which.index(links.len());
        let mut forged = links[at].event.clone();
        match change {
            0 => forged.seq = forged.seq.saturating_add(amount),
            1 => forged.state.attempt += amount,
            2 => forged.state.status = [Status::Working, Status::Waiting, Status::Done, Status::Abandoned][amount as usize % 4],
            3 => forged.state.phase = profile.phases[amount as usize % 3].name.clone(),
            4 => forged.state.stage = [Stage::Research, Stage::Plan, Stage::Implement, Stage::Post][amount as usize % 4],
            5 => forged.kind = KINDS[amount as usize % KINDS.len()],
            6 => forged.prev = vec![Digest::of(b"nothing")],
            _ => forged.state.opened = Date::parse("2020-01-01").unwrap(),
        }
        // A forgery that is itself what some legal transition gives is no forgery: a rewind elsewhere, another opening day.
        let chain = Chain::new(dev(), task(), links.clone());
        let prev: Vec<&Link> = forged.prev.iter().filter_map(|digest| chain.link(digest)).collect();
        let legal = match forged.kind {
            EventKind::Open => transition::opened(&profile, forged.state.clone()),
            kind => transition::follow(&chain, &prev, kind, Some(&forged.state.phase), &profile, false),
        };
        let seq = 1 + prev.iter().map(|link| link.event.seq).max().unwrap_or(0);
        let is_legal = legal == Ok(forged.state.clone()) && forged.seq == seq && prev.len() == forged.prev.len();
        links[at] = link(forged);
        let forged = links[at].clone();
        let chain = Chain::new(dev(), task(), links);
        prop_assert_eq!(transition::check(&chain, &forged, &profile, false).is_ok(), is_legal);
    }

    #[test]
    fn events_print_what_they_parse(
        reason in "[a-zA-Z\"\\\\ü日]{0,40}",
        runs in prop::collection::vec(("[a-z]{1,8}", any::<i32>(), any::<u64>(), prop::collection::vec("\\PC{0,12}", 0..3)), 0..4),
        paths in prop::collection::btree_set("[a-z]{1,6}(/[a-z]{1,6}){0,3}", 0..5),
        note in prop::collection::btree_map("[a-z]{1,8}", "\\PC{0,30}", 0..3),
    ) {
        let mut made = opened().event;
        made.reason = reason.trim().to_owned();
        made.runs = runs
            .into_iter()
            .map(|(name, exit, ms, arguments)| Run {
                name: Word::parse(&name).unwrap(),
                arguments,
                exit,
                ms: ms >> 1,
                output_sha256: Digest::of(name.as_bytes()),
                tree: ObjectId::parse(&"cd".repeat(32)).unwrap(),
            })
            .collect();
        made.evidence = paths.into_iter().map(|path| Evidence { sha256: Digest::of(path.as_bytes()), path }).collect();
        made.note = note.into_iter().map(|(key, value)| (Word::parse(&key).unwrap(), value)).collect();
        let text = made.print();
        // The short cut reads what has no notes and no escapes, and reads it alike.
        prop_assert_eq!(Event::read(&text).is_some(), made.note.is_empty() && !text.contains('\\'));
        prop_assert!(Event::read(&text).is_none_or(|read| read == made));
        let strict: Event = toml::from_str(&text).unwrap();
        prop_assert_eq!(&strict, &made);
        prop_assert_eq!(Event::parse(text.as_bytes()), Ok(made));
    }

    #[test]
    fn votes_amends_and_records_print_what_they_parse(text in "[a-zA-Z\"\\\\'#=\\[\\]ü日]{1,60}", number in 0u64..1_000_000_000) {
        let digest = Digest::of(text.as_bytes());
        let at = Timestamp::from_seconds(number as i64);
        let id = RecordId::parse("01arz3ndektsv4rrffq69g5fav").unwrap();
        let vote = Vote {
            v: 1, project: PROJECT.into(), task: task(), submit: digest, gate: digest, voter: principal("alice"),
            verdict: Verdict::Reject, reason: text.clone(), at: at.clone(), proof: Proof::Terminal, signature: None,
            not_before: None, not_after: None,
        };
        prop_assert_eq!(Vote::parse(vote.print().as_bytes()), Ok(vote));
        let amend = Amend {
            v: 1, project: PROJECT.into(), seq: 1, prev: vec![], from: vec![digest], to: Digest::of(b"to"),
            actor: principal("alice"), at: at.clone(), reason: text.clone(),
            files: vec![GovernedChange { path: ".agentops/config.toml".into(), before: String::new(), after: digest.hex() }],
            redact: vec![],
            signatures: vec![],
        };
        prop_assert_eq!(Amend::parse(amend.print().as_bytes()), Ok(amend));
        let learning = Learning {
            v: 1, project: PROJECT.into(), id: id.clone(), profile: dev(), actor: principal("claude"), at: at.clone(),
            task: task().to_string(), pattern: text.clone(), evidence: vec![text.clone()], application: text.clone(),
            reusability: Grade::High, tags: vec![], supersedes: vec![],
        };
        prop_assert_eq!(Learning::parse(learning.print().as_bytes()), Ok(learning));
        let session = Session {
            v: 1, project: PROJECT.into(), id: id.clone(), profile: dev(), actor: principal("claude"), started: at.clone(),
            ended: at, summary: text.clone(), work: vec![Work { task: task(), phase: small_profile().phases[0].name.clone(), attempt: "2".into() }],
            learnings: vec![id], bundles: Vec::new(), usage: "unmeasured".into(), measured: Default::default(), spent: Vec::new(), peaks: Vec::new(), collapses: Vec::new(),
            suggestions: Suggestions { shown: vec![text.clone()], choice: "none".into() },
            improvements: vec![Improvement { what: text, impact: Grade::Low, effort: Grade::Medium, priority: Grade::High }],
        };
        prop_assert_eq!(Session::parse(session.print().as_bytes()), Ok(session));
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), insert in any::<prop::sample::Index>()) {
        let _ = (Event::parse(&bytes).is_ok(), Vote::parse(&bytes).is_ok(), Amend::parse(&bytes).is_ok());
        let _ = (Session::parse(&bytes).is_ok(), Learning::parse(&bytes).is_ok());
        let mut near = opened().event.print().into_bytes();
        let at = insert.index(near.len());
        near.splice(at..at, bytes);
        let _ = Event::parse(&near).is_ok();
    }
}

#[test]
fn names_alone_tell_a_plain_chain() {
    let links = walk(&[(1, 0, 0), (1, 1, 0), (1, 0, 0)]);
    let tree = tree_of(&links);
    let name = super::chain::standing_by_name(&tree, &dev(), &task()).unwrap().unwrap();
    let Standing::At(state) = Chain::new(dev(), task(), links).standing() else { panic!("one head") };
    assert_eq!((name.phase, name.status), (state.phase, state.status));
}

#[test]
fn names_alone_do_not_decide_a_fork() {
    let profile = small_profile();
    let first = opened();
    let chain = Chain::new(dev(), task(), vec![first.clone()]);
    let follow = |kind| {
        let (prev, seq, state) = transition::draft(&chain, kind, None, &profile, false).unwrap();
        link(event(kind, prev, seq, state, "because"))
    };
    let links = vec![first, follow(EventKind::Submit), follow(EventKind::Abandon)];
    assert_eq!(super::chain::standing_by_name(&tree_of(&links), &dev(), &task()).unwrap(), None);
    let chain = Chain::new(dev(), task(), links);
    assert!(matches!(chain.standing(), Standing::Forked(heads) if heads.len() == 2));
    let (prev, _, state) = transition::draft(&chain, EventKind::Resolve, None, &profile, false).unwrap();
    assert_eq!((prev.len(), state.status, state.attempt), (2, Status::Working, 2));
}

#[test]
fn the_table_of_transitions() {
    let profile = small_profile();
    let mut chain = Chain::new(dev(), task(), vec![opened()]);
    let mut go = |kind: EventKind, to: Option<&str>| -> Result<(String, Status, u32), Illegal> {
        let to = to.map(|name| crate::model::name::PhaseName::parse(name).unwrap());
        let (prev, seq, state) = transition::draft(&chain, kind, to.as_ref(), &profile, false)?;
        let mut links = chain.links.clone();
        links.push(link(event(kind, prev, seq, state.clone(), "because")));
        chain = Chain::new(dev(), task(), links);
        Ok((state.phase.to_string(), state.status, state.attempt))
    };
    use EventKind::{Abandon, Advance, Rewind, Rework, Submit};
    let at = |phase: &str, status, attempt| Ok((phase.to_owned(), status, attempt));
    assert!(matches!(go(Advance, None), Err(Illegal::NeedsVote(_))));
    assert_eq!(go(Submit, None), at("research", Status::Waiting, 1));
    assert!(go(Submit, None).is_err());
    assert_eq!(go(Rework, None), at("research", Status::Working, 2));
    assert!(go(Rework, None).is_err());
    assert_eq!(go(Submit, None), at("research", Status::Waiting, 2));
    assert_eq!(go(Advance, None), at("spec", Status::Working, 1));
    assert!(matches!(go(Rewind, Some("implement")), Err(Illegal::Forward(_))));
    assert_eq!(go(Rewind, Some("research")), at("research", Status::Working, 3));
    assert_eq!(go(Submit, None), at("research", Status::Waiting, 3));
    assert_eq!(go(Advance, None), at("spec", Status::Working, 1));
    assert_eq!(go(Submit, None), at("spec", Status::Waiting, 1));
    assert_eq!(go(Advance, None), at("implement", Status::Working, 1));
    assert!(matches!(go(Submit, None), Err(Illegal::NeedsNoVote(_))));
    assert_eq!(go(Advance, None), at("implement", Status::Done, 1));
    assert!(go(Advance, None).is_err());
    assert_eq!(go(Rewind, Some("spec")), at("spec", Status::Working, 2));
    assert_eq!(go(Abandon, None), at("spec", Status::Abandoned, 2));
    assert!(go(Abandon, None).is_err());
    assert_eq!(go(Rewind, Some("research")), at("research", Status::Working, 4));
}

#[test]
fn a_rewind_supersedes_what_came_from_its_phase_on() {
    let links = walk(&[(1, 0, 0), (1, 1, 0), (1, 0, 0), (1, 1, 0), (1, 3, 1)]);
    let kinds: Vec<EventKind> = links.iter().map(|link| link.event.kind).collect();
    use EventKind::{Advance, Open, Rewind, Submit};
    assert_eq!(kinds, [Open, Submit, Advance, Submit, Advance, Rewind]);
    let chain = Chain::new(dev(), task(), links);
    let live = chain.live(&small_profile());
    let alive: Vec<bool> = chain.links.iter().map(|link| live.contains(&link.digest)).collect();
    assert_eq!(alive, [true, true, true, false, false, true]);
    assert!(chain.leaving(&small_profile(), Stage::Research).is_some());
    assert!(chain.leaving(&small_profile(), Stage::Plan).is_none());
}

#[test]
fn one_governed_file_cannot_stand_for_two() {
    let governed = Governed::new(&["ci/**".to_owned()]);
    let mut two = MemoryTree::new();
    two.put("ci/a.yml", "on: push").put("ci/b.yml", "on: tag");
    assert!(governed.digest(&two).is_ok());
    let mut one = MemoryTree::new();
    one.put(format!("ci/a.yml\n100644 {} ci/b.yml", Digest::of(b"on: tag")).as_str(), "on: push");
    assert!(matches!(governed.digest(&one), Err(SightError::Failed(reason)) if reason.contains("line feed")));
}

#[test]
fn a_vote_is_about_what_the_checks_read() {
    let mut policy = policy();
    policy.config.proofs = vec![Proof::Terminal];
    let profile = small_profile();
    let digest = |change: fn(&mut ArtifactSpec)| {
        let mut phase = profile.phases[1].clone();
        change(&mut phase.artifacts[0]);
        gate_digest(&policy, &profile, &Gate::plain(&policy, &phase))
    };
    let cast = digest(|_| {});
    assert_ne!(cast, digest(|artifact| artifact.kind = ArtifactKind::Report));
    assert_ne!(cast, digest(|artifact| artifact.required = false));
    assert_eq!(cast, digest(|artifact| artifact.name = Word::parse("other").unwrap()));
}
