//! `agentops phase log`: the chain of a task as a picture.

use serde::Serialize;

use crate::cli::{CommandError, Context, Outcome};
use crate::engine::tasks::phase::{self, Entry, Logged};
use crate::model::digest::Digest;
use crate::model::vote::{Proof, Vote};
use crate::ui::{Page, Span, dim, good, plain, strong, warning};

#[derive(Serialize)]
struct LogBody {
    task: String,
    profile: String,
    forked: bool,
    events: Vec<EntryBody>,
}

#[derive(Serialize)]
struct EntryBody {
    seq: u32,
    sha256: String,
    prev: Vec<String>,
    kind: &'static str,
    phase: String,
    status: &'static str,
    attempt: u32,
    actor: String,
    at: String,
    reason: String,
    live: bool,
    head: bool,
    votes: Vec<VoteBody>,
}

#[derive(Serialize)]
struct VoteBody {
    voter: String,
    verdict: &'static str,
    proof: &'static str,
    at: String,
    reason: String,
}

pub(super) fn run(task: &str, context: &Context) -> Result<Outcome, CommandError> {
    let logged = phase::log(&context.site(None)?, task)?;
    let body = LogBody {
        task: logged.task.to_string(),
        profile: logged.profile.to_string(),
        forked: is_forked(&logged),
        events: logged.events.iter().map(entry).collect(),
    };
    context.ui.show(&body, |page| fill(page, &logged));
    if body.forked {
        context.ui.hint(format!("agentops phase resolve {} --reason \"…\"", logged.task));
    }
    Ok(Outcome::Done)
}

fn is_forked(logged: &Logged) -> bool {
    logged.events.iter().filter(|entry| entry.head).count() > 1
}

fn entry(entry: &Entry) -> EntryBody {
    let event = &entry.link.event;
    EntryBody {
        seq: event.seq,
        sha256: entry.link.digest.hex(),
        prev: event.prev.iter().map(Digest::hex).collect(),
        kind: event.kind.as_str(),
        phase: event.state.phase.to_string(),
        status: event.state.status.as_str(),
        attempt: event.state.attempt,
        actor: event.actor.to_string(),
        at: event.at.to_string(),
        reason: event.reason.clone(),
        live: entry.live,
        head: entry.head,
        votes: entry.votes.iter().map(vote).collect(),
    }
}

fn vote(vote: &Vote) -> VoteBody {
    VoteBody {
        voter: vote.voter.to_string(),
        verdict: vote.verdict.as_str(),
        proof: vote.proof.as_str(),
        at: vote.at.to_string(),
        reason: vote.reason.clone(),
    }
}

fn fill(page: &mut Page, logged: &Logged) {
    let forked = is_forked(logged);
    let mut graph = Graph::new(&logged.events);
    for entry in &logged.events {
        let event = &entry.link.event;
        for line in graph.joining(entry) {
            page.text(line);
        }
        let mut spans = vec![plain(format!("{} {:04} ", graph.marked(entry), event.seq)), strong(event.kind.as_str())];
        spans.push(plain(format!("  {} {}", event.state.phase, event.state.status)));
        if event.state.attempt > 1 {
            spans.push(plain(format!(" (attempt {})", event.state.attempt)));
        }
        spans.push(dim(format!("  {}  {}  {}", event.actor, event.at, &entry.link.digest.hex()[..12])));
        if !entry.live {
            spans.push(dim("  superseded"));
        }
        match (entry.head, forked) {
            (true, true) => spans.push(warning("  head of the fork")),
            (true, false) => spans.push(good("  head")),
            _ => {}
        }
        page.line(spans);
        let rail = graph.rail(entry);
        if !event.reason.is_empty() {
            page.line([plain(format!("{rail}      reason: {}", event.reason))]);
        }
        for vote in &entry.votes {
            page.line(std::iter::once(plain(format!("{rail}      "))).chain(vote_spans(vote)));
        }
        for line in graph.leaving(entry) {
            page.text(line);
        }
    }
}

fn vote_spans(vote: &Vote) -> Vec<Span> {
    let worth = if vote.proof == Proof::Signature { "signature" } else { vote.proof.honest() };
    let reason = if vote.reason.is_empty() { String::new() } else { format!(": {}", vote.reason) };
    vec![plain(format!("{} by {}{reason}", vote.verdict.as_str(), vote.voter)), dim(format!("  ({worth})"))]
}

/// Lanes of a graph that grows downwards. Each lane waits for the event that comes next on it; one that ended stays
/// empty, so that no other has to move.
struct Graph<'a> {
    events: &'a [Entry],
    lanes: Vec<Option<Digest>>,
}

impl<'a> Graph<'a> {
    fn new(events: &'a [Entry]) -> Self {
        Self { events, lanes: Vec::new() }
    }

    /// The lines in which lanes come together, above an event that ends a fork. From here on the event has one lane.
    fn joining(&mut self, entry: &Entry) -> Vec<String> {
        let own: Vec<usize> = (0..self.lanes.len()).filter(|lane| self.waits_for(*lane, entry)).collect();
        let Some((first, others)) = own.split_first() else {
            self.lanes.push(Some(entry.link.digest));
            return Vec::new();
        };
        let mut lines = Vec::new();
        for lane in others {
            self.lanes[*lane] = None;
            lines.push(self.connection(*first, *lane, '/'));
        }
        lines
    }

    fn waits_for(&self, lane: usize, entry: &Entry) -> bool {
        self.lanes[lane] == Some(entry.link.digest)
    }

    /// The lanes beside an event, which is marked.
    fn marked(&self, entry: &Entry) -> String {
        self.row(|lane| if self.waits_for(lane, entry) { '*' } else { '|' })
    }

    /// The lanes beside what is said of an event.
    fn rail(&self, entry: &Entry) -> String {
        self.row(|lane| if self.waits_for(lane, entry) && entry.head { ' ' } else { '|' })
    }

    /// The lines in which lanes part, below an event that several follow.
    fn leaving(&mut self, entry: &Entry) -> Vec<String> {
        let Some(own) = (0..self.lanes.len()).find(|lane| self.waits_for(*lane, entry)) else { return Vec::new() };
        let follows = |later: &&Entry| later.link.event.prev.contains(&entry.link.digest);
        let mut later = self.events.iter().filter(follows).map(|later| later.link.digest);
        self.lanes[own] = later.next();
        let mut lines = Vec::new();
        for digest in later {
            let free = (own + 1..self.lanes.len()).find(|lane| self.lanes[*lane].is_none());
            let lane = free.unwrap_or(self.lanes.len());
            lines.push(self.connection(own, lane, '\\'));
            self.lanes.resize(self.lanes.len().max(lane + 1), None);
            self.lanes[lane] = Some(digest);
        }
        lines
    }

    /// All lanes, and a stroke between `from` and the empty lane `to` to its right.
    fn connection(&self, from: usize, to: usize, stroke: char) -> String {
        let mut line: Vec<char> = self.row(|_| '|').chars().collect();
        line.resize(line.len().max(2 * to), ' ');
        for place in &mut line[2 * from + 1..2 * to - 1] {
            if *place == ' ' {
                *place = '_';
            }
        }
        line[2 * to - 1] = stroke;
        line.into_iter().collect::<String>().trim_end().to_owned()
    }

    fn row(&self, mark: impl Fn(usize) -> char) -> String {
        let marks = self.lanes.iter().enumerate().map(|(lane, waits)| waits.map_or(' ', |_| mark(lane)));
        let text: Vec<String> = marks.map(String::from).collect();
        text.join(" ").trim_end().to_owned()
    }
}
