//! Messages of the commits that agentops makes itself: semantic, short, with trailers as an index for people.

use crate::model::event::{Event, EventName};
use crate::model::name::{Principal, ProfileName};
use crate::model::policy::{Actor, ActorKind};

/// `chore(<profile>): <what>`, without the scope where that would be too long.
pub(crate) fn subject(profile: &ProfileName, what: &str) -> String {
    let scoped = format!("chore({profile}): {what}");
    if scoped.chars().count() <= 72 { scoped } else { format!("chore: {what}").chars().take(72).collect() }
}

/// The trailer that says an agent acted, where one did.
pub(crate) fn assisted_by(principal: &Principal, actor: &Actor) -> Option<String> {
    (actor.kind == ActorKind::Agent).then(|| format!("Assisted-by: {principal}"))
}

/// The message of a commit that brings one event.
pub(crate) fn event_message(profile: &ProfileName, event: &Event, what: &str, actor: &Actor) -> String {
    let name = EventName::of(event);
    let mut text = format!("{}\n\n{}\n", subject(profile, what), event.state.title);
    if !event.reason.is_empty() {
        text.push_str(&format!("\n{}\n", event.reason));
    }
    text.push_str(&format!(
        "\nAgentops-Task: {task}\nAgentops-Event: {task} {:04}-{}-{}\n",
        name.seq,
        name.phase,
        name.status,
        task = event.task
    ));
    if let Some(line) = assisted_by(&event.actor, actor) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// A message with a subject, an optional paragraph and trailers.
pub(crate) fn plain_message(subject: &str, body: &str, trailers: &[String]) -> String {
    let mut text = format!("{subject}\n");
    for block in [body.to_owned(), trailers.join("\n")] {
        if !block.is_empty() {
            text.push_str(&format!("\n{block}\n"));
        }
    }
    text
}
