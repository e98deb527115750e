//! Who made a commit: a human or an agent. A claim by whoever wrote it, read by one rule everywhere.
//!
//! Used by the trailer law and by whatever prints or counts commits by actor.

use super::Case;
use crate::model::commit::Person;
use crate::model::message::{Message, Trailer};
use crate::model::name::Principal;
use crate::model::policy::{ActorKind, Config};

/// Who made a commit, with the name that the config has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CommitActor {
    /// An agent, or a human with an agent's help.
    Agent(Option<Principal>),
    /// A human, as far as the commit says.
    Human(Option<Principal>),
}

impl CommitActor {
    /// The name that the config has for the actor.
    pub(crate) fn principal(&self) -> Option<&Principal> {
        match self {
            Self::Agent(principal) | Self::Human(principal) => principal.as_ref(),
        }
    }
}

/// The actor of the step's commit at `index`.
pub(crate) fn commit_actor(case: &Case<'_>, index: usize) -> CommitActor {
    actor_of(&case.policy.config, &case.step.commits()[index].author, &case.messages()[index])
}

/// The actor of a commit by `author` with this message: an agent when it has `Assisted-by:`, a known agent's
/// `Co-authored-by:`, or an author whose e-mail address the config maps to an agent; otherwise a human.
pub(crate) fn actor_of(config: &Config, author: &Person, message: &Message) -> CommitActor {
    let author = config.actor_by_email(&author.email);
    if let Some((name, _)) = author.filter(|(_, actor)| actor.kind == ActorKind::Agent) {
        return CommitActor::Agent(Some(name.clone()));
    }
    if let Some(assistant) = message.trailers_named(ASSISTED_BY).next() {
        let by_name = agent_named(config, &assistant.value);
        return CommitActor::Agent(by_name.or_else(|| agents(config, message).find_map(|(_, name)| name)));
    }
    if let Some((_, name)) = agents(config, message).next() {
        return CommitActor::Agent(name);
    }
    CommitActor::Human(author.map(|(name, _)| name.clone()))
}

/// The trailer in which a commit says that an agent helped.
pub(crate) const ASSISTED_BY: &str = "Assisted-by";
/// The trailer in which some agents say so instead.
pub(crate) const CO_AUTHORED_BY: &str = "Co-authored-by";

/// The `Co-authored-by:` trailers that name agents, each with the agent's name in the config.
pub(crate) fn agents<'a>(
    config: &'a Config,
    message: &'a Message,
) -> impl Iterator<Item = (&'a Trailer, Option<Principal>)> {
    message.trailers_named(CO_AUTHORED_BY).filter_map(|trailer| {
        let (name, email) = name_and_email(&trailer.value);
        match config.actor_by_email(email) {
            Some((principal, actor)) if actor.kind == ActorKind::Agent => Some((trailer, Some(principal.clone()))),
            Some(_) => None,
            None => is_known_agent(name, email).then(|| (trailer, agent_named(config, name))),
        }
    })
}

/// Whether an e-mail address is an agent's, by the config or by common knowledge.
pub(crate) fn is_agent_email(config: &Config, email: &str) -> bool {
    match config.actor_by_email(email) {
        Some((_, actor)) => actor.kind == ActorKind::Agent,
        None => is_known_agent("", email),
    }
}

/// `Name <email>` apart; without brackets, the whole is the name.
pub(crate) fn name_and_email(value: &str) -> (&str, &str) {
    let Some((name, rest)) = value.split_once('<') else { return (value.trim(), "") };
    (name.trim(), rest.split('>').next().unwrap_or_default().trim())
}

/// Whether agents in the field sign like this. People are called Claude and Devin, so a bare first name proves nothing.
fn is_known_agent(name: &str, email: &str) -> bool {
    const EMAILS: [&str; 8] = [
        "noreply@anthropic.com",
        "aider@aider.chat",
        "noreply@aider.chat",
        "copilot@github.com",
        "cursoragent@cursor.com",
        "codex@openai.com",
        "noreply@openai.com",
        "noreply@opencode.ai",
    ];
    const FORGE_ACCOUNTS: [&str; 8] = [
        "copilot",
        "claude",
        "claude[bot]",
        "codex",
        "gemini-cli[bot]",
        "gemini-code-assist[bot]",
        "google-labs-jules[bot]",
        "devin-ai-integration[bot]",
    ];
    const NAMES: [&str; 7] =
        ["aider (", "claude opus", "claude sonnet", "claude haiku", "claude code", "gemini cli", "cursor agent"];
    let (name, email) = (name.to_lowercase(), email.to_lowercase());
    let account = email
        .strip_suffix("@users.noreply.github.com")
        .map(|account| account.split_once('+').map_or(account, |(_, account)| account));
    EMAILS.contains(&email.as_str())
        || account.is_some_and(|account| FORGE_ACCOUNTS.contains(&account))
        || NAMES.iter().any(|start| name.starts_with(start))
}

/// The agent in the config whose name the first word of `text` is: `Claude:opus` is `claude`.
fn agent_named(config: &Config, text: &str) -> Option<Principal> {
    let word = text.split(|c: char| c.is_whitespace() || matches!(c, ':' | '(' | '<')).next()?;
    let (name, actor) = config.actors.iter().find(|(name, _)| name.as_str().eq_ignore_ascii_case(word))?;
    (actor.kind == ActorKind::Agent).then(|| name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::testing::{CLAUDE, TestStep, policy, principal};

    fn actor(message: &str, email: &str) -> CommitActor {
        let policy = policy();
        let step = TestStep::new().commit(message).by("Someone", email);
        commit_actor(&step.case(&policy), 0)
    }

    #[test]
    fn agents_are_known_by_trailer_or_address() {
        let alice = "Alice@example.org";
        let claude = || Some(principal("claude"));
        assert_eq!(actor("feat: x", alice), CommitActor::Human(Some(principal("alice"))));
        assert_eq!(actor("feat: x", "stranger@example.org"), CommitActor::Human(None));
        assert_eq!(actor("feat: x", CLAUDE), CommitActor::Agent(claude()));
        assert_eq!(actor("feat: x\n\nAssisted-by: Claude:opus\n", alice), CommitActor::Agent(claude()));
        assert_eq!(actor("feat: x\n\nAssisted-by: Other\n", alice), CommitActor::Agent(None));
        for (who, expected) in [
            ("Claude <noreply@anthropic.com>", claude()),
            ("aider (some model) <aider@aider.chat>", None),
            ("Copilot <198982749+Copilot@users.noreply.github.com>", None),
        ] {
            let message = format!("feat: x\n\nCo-Authored-By: {who}\n");
            assert_eq!(actor(&message, alice), CommitActor::Agent(expected), "{who}");
        }
        let colleague = "feat: x\n\nCo-authored-by: Claude Dupont <c.dupont@example.org>\n";
        assert_eq!(actor(colleague, alice), CommitActor::Human(Some(principal("alice"))));
    }
}
