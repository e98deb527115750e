//! Who is who in a fresh config: the person who sets up, and the agent clients that are known.

use crate::engine::error::EngineError;
use crate::model::commit::Person;
use crate::model::name::{Principal, Word};
use crate::model::policy::{Actor, ActorKind};

/// An agent client: the variables it sets for what it runs, and the address in its co-author lines.
struct Client {
    name: &'static str,
    markers: &'static [&'static str],
    emails: &'static [&'static str],
}

/// Only what is known for sure: a wrong marker would make a person's commits an agent's.
const CLIENTS: &[Client] = &[
    Client { name: "aider", markers: &[], emails: &["aider@aider.chat"] },
    Client { name: "claude", markers: &["CLAUDECODE"], emails: &["noreply@anthropic.com"] },
    Client { name: "codex", markers: &["CODEX_SANDBOX", "CODEX_THREAD_ID"], emails: &["noreply@openai.com"] },
    Client { name: "copilot", markers: &["COPILOT_CLI"], emails: &["198982749+Copilot@users.noreply.github.com"] },
    Client { name: "cursor", markers: &["CURSOR_AGENT"], emails: &["cursoragent@cursor.com"] },
    Client { name: "gemini", markers: &["GEMINI_CLI"], emails: &[] },
    Client { name: "opencode", markers: &["OPENCODE"], emails: &["noreply@opencode.ai"] },
];

/// The agent client that runs this process, by its markers.
pub(super) fn running_client(is_set: impl Fn(&str) -> bool) -> Option<&'static str> {
    CLIENTS.iter().find(|client| client.markers.iter().any(|marker| is_set(marker))).map(|client| client.name)
}

/// The markers of all clients, with their actors.
pub(super) fn markers() -> Result<Vec<(String, Principal)>, EngineError> {
    let mut markers = Vec::new();
    for client in CLIENTS {
        for marker in client.markers {
            markers.push(((*marker).to_owned(), Principal::parse(client.name)?));
        }
    }
    markers.sort();
    Ok(markers)
}

/// All clients as actors: they may work in every profile, and never vote.
pub(super) fn agents() -> Result<Vec<(Principal, Actor)>, EngineError> {
    CLIENTS
        .iter()
        .map(|client| {
            let actor = Actor {
                kind: ActorKind::Agent,
                emails: client.emails.iter().map(|email| (*email).to_owned()).collect(),
                profiles: Vec::new(),
                all_profiles: true,
                roles: Vec::new(),
            };
            Ok((Principal::parse(client.name)?, actor))
        })
        .collect()
}

/// The person who sets up, as an owner and reviewer; `name` where they chose one.
///
/// Errors where git's identity is an agent's and no name was chosen: then nobody could vote.
pub(super) fn human(person: Option<&Person>, name: Option<&str>) -> Result<(Principal, Actor), EngineError> {
    let email = person.map(|person| person.email.trim()).filter(|email| email.contains('@'));
    let agent = email.and_then(client_of);
    let principal = match (name, person) {
        (Some(name), _) => {
            let principal = Principal::parse(name)?;
            if CLIENTS.iter().any(|client| client.name == principal.as_str()) {
                return Err(EngineError::usage(
                    format!("`{principal}` is the name of an agent client; the person needs another"),
                    "choose a name with `--human NAME`",
                ));
            }
            principal
        }
        (None, Some(_)) if agent.is_some() => {
            return Err(EngineError::usage(
                format!(
                    "git's `user.email` is that of the agent client `{}`: who is the human?",
                    agent.unwrap_or_default()
                ),
                "name the person who will approve with `--human NAME`; their e-mail address goes into `.agentops/config.toml`",
            ));
        }
        (None, Some(person)) => principal_of(&person.name, &person.email)?,
        (None, None) => Principal::parse("owner")?,
    };
    let actor = Actor {
        kind: ActorKind::Human,
        emails: email.filter(|_| agent.is_none()).map(str::to_owned).into_iter().collect(),
        profiles: Vec::new(),
        all_profiles: true,
        roles: vec![Word::parse("owner")?, Word::parse("reviewer")?],
    };
    Ok((principal, actor))
}

fn client_of(email: &str) -> Option<&'static str> {
    let owns = |client: &&Client| client.emails.iter().any(|own| own.eq_ignore_ascii_case(email));
    CLIENTS.iter().find(owns).map(|client| client.name)
}

/// A principal from a person's name, or from the local part of the address where the name is not plain ASCII.
fn principal_of(name: &str, email: &str) -> Result<Principal, EngineError> {
    let local = email.split('@').next().unwrap_or_default();
    // GitHub's private addresses put a number first: `1234+alice@users.noreply.github.com`.
    let local = local.rsplit('+').next().unwrap_or(local);
    let candidates = [name, local];
    let fitting = candidates.iter().filter(|text| text.is_ascii()).map(|text| slug(text));
    let rest = candidates.iter().map(|text| slug(text));
    let free = |text: &String| !text.is_empty() && !CLIENTS.iter().any(|client| client.name == text);
    let chosen = fitting.chain(rest).find(free).unwrap_or_else(|| "owner".to_owned());
    Ok(Principal::parse(&chosen)?)
}

/// Lower-case ASCII words, joined by hyphens.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim().chars().map(|c| c.to_ascii_lowercase()) {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            '.' | '_' if out.ends_with(|c: char| c.is_ascii_alphanumeric()) => out.push(c),
            _ => {
                out.truncate(out.trim_end_matches(['-', '.', '_']).len());
                if !out.is_empty() {
                    out.push('-');
                }
            }
        }
    }
    out.truncate(64);
    out.trim_end_matches(['-', '.', '_']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str, email: &str) -> String {
        principal_of(name, email).unwrap().to_string()
    }

    #[test]
    fn people_get_names_that_are_principals() {
        assert_eq!(named("Alice", "a@example.org"), "alice");
        assert_eq!(named("Alice B. Carroll", "a@example.org"), "alice-b-carroll");
        assert_eq!(named("José García", "jose.garcia@example.org"), "jose.garcia");
        assert_eq!(named("山田", "1234+yamada@users.noreply.github.com"), "yamada");
        assert_eq!(named("山田", "山田@example.org"), "owner");
        assert_eq!(named("Müller", "ü@example.org"), "m-ller");
        assert_eq!(named("Claude", "claude.monet@example.org"), "claude.monet");
        assert_eq!(named("claude", "claude@example.org"), "owner");
        assert_eq!(named("\u{1b}[31m -- ", "--@example.org"), "31m");
        assert_eq!(named(&"x".repeat(99), "").len(), 64);
    }

    #[test]
    fn an_agent_is_no_human() {
        let agent = Person { name: "Bot".into(), email: "NoReply@anthropic.com".into(), seconds: 0 };
        let error = human(Some(&agent), None).unwrap_err();
        assert!(error.hint().unwrap().contains("--human"), "{error}");
        let (name, actor) = human(Some(&agent), Some("alice")).unwrap();
        assert_eq!((name.as_str(), actor.emails.len()), ("alice", 0));
        assert!(human(Some(&agent), Some("claude")).is_err());
        assert!(human(Some(&agent), Some("Alice Smith")).is_err());
    }

    #[test]
    fn clients_are_told_apart() {
        assert_eq!(running_client(|name| name == "CODEX_THREAD_ID"), Some("codex"));
        assert_eq!(running_client(|_| false), None);
        let agents = agents().unwrap();
        let emails: Vec<_> = agents.iter().flat_map(|(_, actor)| &actor.emails).collect();
        let mut unique = emails.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(emails.len(), unique.len());
        assert!(markers().unwrap().iter().all(|(_, actor)| agents.iter().any(|(name, _)| name == actor)));
    }
}
