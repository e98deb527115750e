//! `config.toml`: laws, messages, gates, budgets, paths, branches, actors, exemptions, markers.
//!
//! Every table may be left out: what is not said is [`defaults`]. Problems stay with the source, and reading goes on.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::risk_toml;
use super::strict::{At, Source, Table, listed, plain, shorten};
use super::values::{Value, law_of};
use crate::model::law_id::{LawId, Level};
use crate::model::name::{Principal, ProfileName};
use crate::model::policy::{Actor, ActorKind, BundleRules, Compressor, Config, Exemption, Generated};
use crate::model::time::Timestamp;
use crate::model::trust::Presence;
use crate::model::vote::Proof;

const TABLES: &[&str] = &[
    "laws",
    "messages",
    "gates",
    "governance",
    "waivers",
    "budgets",
    "bundles",
    "paths",
    "refs",
    "actors",
    "compromised",
    "exempt",
    "agent_markers",
];
/// The longest name of a branch, in characters.
const MAX_BRANCH: usize = 200;
/// Most items that one list of the file may have.
const MAX_ITEMS: usize = 1000;

/// What was read, with the places that need a look at other files.
pub(crate) struct ConfigFile {
    /// The config; wrong values are replaced by defaults, so it counts only where the source has no problems.
    pub(crate) config: Config,
    /// Profiles that actors name.
    pub(crate) actor_profiles: Vec<At<ProfileName>>,
}

/// The config of an empty file.
pub fn defaults() -> Config {
    let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    Config {
        laws: BTreeMap::new(),
        sections: texts(&["Context", "Solution", "Learning", "Impact"]),
        types: texts(&["feat", "fix", "docs", "refactor", "perf", "test", "build", "ci", "chore", "style", "revert"]),
        learning_optional: texts(&["build", "ci", "chore", "style", "test", "revert"]),
        proofs: vec![Proof::Terminal],
        presence: Presence::None,
        compromised: BTreeMap::new(),
        risks: Vec::new(),
        self_approve: false,
        owners: 0,
        waivers_max: 3,
        window: 200_000,
        bundles: BundleRules::default(),
        readonly: Vec::new(),
        generated: Vec::new(),
        governed: texts(&[
            ".github/workflows/**",
            ".gitlab-ci.yml",
            "CODEOWNERS",
            ".github/CODEOWNERS",
            "docs/CODEOWNERS",
        ]),
        require_task: false,
        protected: texts(&["main", "master"]),
        actors: BTreeMap::new(),
        exempt: Vec::new(),
        agent_markers: BTreeMap::new(),
    }
}

/// Reads the file.
pub(crate) fn read(source: &Rc<Source>) -> ConfigFile {
    let mut file = ConfigFile { config: defaults(), actor_profiles: Vec::new() };
    let Some(document) = source.document() else { return file };
    let top = Table::top(source, &document, TABLES);
    let config = &mut file.config;
    if let Some(laws) = top.get("laws").and_then(|value| value.table("`[laws]`")) {
        config.laws = read_laws(&laws);
    }
    read_messages(&top, config);
    read_numbers(&top, config);
    if let Some(table) = top.table("bundles", "`[bundles]`", &["at_phase_end", "command", "timeout_seconds"]) {
        config.bundles = read_bundles(&table);
    }
    read_paths(&top, config);
    if let Some(actors) = top.get("actors").and_then(|value| value.table("`[actors]`")) {
        read_actors(&actors, &mut file);
    }
    let config = &mut file.config;
    if let Some(owners) = top.get("governance").and_then(|value| value.table("")?.get("owners")) {
        check_owners(&owners, config);
    }
    for item in top.get("compromised").and_then(|value| value.list(MAX_ITEMS)).unwrap_or_default() {
        config.compromised.extend(read_compromised(&item));
    }
    for item in top.get("exempt").and_then(|value| value.list(100)).unwrap_or_default() {
        config.exempt.extend(read_exemption(&item));
    }
    if let Some(markers) = top.get("agent_markers").and_then(|value| value.table("`[agent_markers]`")) {
        config.agent_markers = read_markers(&markers, &config.actors);
    }
    file
}

fn read_laws(table: &Table<'_>) -> BTreeMap<LawId, Level> {
    let mut levels = BTreeMap::new();
    for (key, value) in table.entries() {
        let (Some(law), Some(level)) = (law_of(key.value, &key.spot), value.level()) else { continue };
        let fits = match level.value {
            Level::Off => law.may_be_off(),
            Level::Warn => law.may_be_warn(),
            Level::Error => true,
        };
        if fits {
            levels.insert(law, level.value);
        } else {
            let allowed = if law.may_be_warn() { "`warn` or `error`" } else { "`error` only" };
            level.spot.report(
                format!("{law} can not be set to that level."),
                format!("set it to {allowed}; `agentops explain {law}` tells why"),
            );
        }
    }
    levels
}

fn read_messages(top: &Table<'_>, config: &mut Config) {
    let Some(table) = top.table("messages", "`[messages]`", &["sections", "types", "learning_optional"]) else {
        return;
    };
    if let Some(value) = table.get("sections") {
        let sections = value.set(12, |item| {
            let token = item.line(32)?;
            let mut bytes = token.value.bytes();
            let fits = bytes.next().is_some_and(|byte| byte.is_ascii_uppercase())
                && bytes.all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
            if !fits {
                let message = format!("`{}` cannot be the token of a section.", shorten(&token.value));
                token.spot.report(message, "use letters and `-`, the first one a capital, such as `Context`");
            }
            fits.then_some(token)
        });
        if let Some(sections) = sections.map(plain) {
            if sections.len() < 2 || !sections.iter().any(|section| section == "Learning") {
                let fix = "write 2 to 12 tokens, `Learning` among them, such as `[\"Context\", \"Solution\", \
                           \"Learning\", \"Impact\"]`";
                value.spot().report("`sections` must name at least 2 sections, `Learning` among them.", fix);
            }
            config.sections = sections;
        }
    }
    if let Some(value) = table.get("types") {
        let Some(types) = value.set(64, commit_type).map(plain) else { return };
        if types.is_empty() {
            value.spot().report("`types` is empty: no commit message could pass.", "name at least one type");
        }
        config.types = types;
    }
    if let Some(optional) = table.get("learning_optional").and_then(|value| value.set(64, commit_type)) {
        for at in optional.iter().filter(|at| !config.types.contains(&at.value)) {
            let message = format!("`{}` is not one of the commit types.", at.value);
            at.spot.report(message, "add it to `types`, or remove it here");
        }
        config.learning_optional = plain(optional);
    } else {
        // Fewer types than usual must not make the default list wrong.
        config.learning_optional.retain(|word| config.types.contains(word));
    }
}

fn commit_type(item: &Value<'_>) -> Option<At<String>> {
    let word = item.line(24)?;
    let mut bytes = word.value.bytes();
    let fits = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase())
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !fits {
        let message = format!("`{}` cannot be a commit type.", shorten(&word.value));
        word.spot.report(message, "use lower-case letters, digits and `-`, such as `feat`");
    }
    fits.then_some(word)
}

fn read_numbers(top: &Table<'_>, config: &mut Config) {
    if let Some(table) = top.table("gates", "`[gates]`", &["proof", "presence", "self_approve", "risk"]) {
        let words = [Proof::Signature, Proof::Terminal, Proof::Simulated].map(|proof| (proof.as_str(), proof));
        if let Some(value) = table.get("proof")
            && let Some(proofs) = value.set(3, |item| item.word(&words))
        {
            if proofs.is_empty() {
                let fix = "write `[\"signature\"]`, or `[\"terminal\"]` until signing is set up";
                value.spot().report("`proof` is empty: no vote could ever count.", fix);
            }
            config.proofs = plain(proofs);
        }
        let words = [Presence::None, Presence::Touch, Presence::Pin].map(|presence| (presence.as_str(), presence));
        if let Some(presence) = table.get("presence").and_then(|value| value.word(&words)) {
            config.presence = presence.value;
        }
        if let Some(value) = table.get("risk") {
            config.risks = risk_toml::read(&value);
        }
        config.self_approve = table.get("self_approve").and_then(|value| value.flag()).unwrap_or(config.self_approve);
    }
    let number = |table: &str, title: &str, key: &str, low: u32, high: u32| {
        top.table(table, title, &[key])?.get(key)?.number(low..=high).map(|at| at.value)
    };
    config.owners = number("governance", "`[governance]`", "owners", 0, 16).unwrap_or(config.owners);
    config.waivers_max = number("waivers", "`[waivers]`", "max", 0, 1000).unwrap_or(config.waivers_max);
    config.window = number("budgets", "`[budgets]`", "window", 1000, 100_000_000).unwrap_or(config.window);
}

fn read_bundles(table: &Table<'_>) -> BundleRules {
    let at_phase_end = table.get("at_phase_end").and_then(|value| value.flag()).unwrap_or_default();
    let timeout = table.get("timeout_seconds").and_then(|value| value.number(1..=86_400)).map_or(120, |at| at.value);
    let run = table.get("command").and_then(|value| value.words()).filter(|run| !run.is_empty());
    BundleRules { at_phase_end, command: run.map(|run| Compressor { run, timeout_seconds: timeout }) }
}

fn read_paths(top: &Table<'_>, config: &mut Config) {
    let globs = |value: Value<'_>| value.set(MAX_ITEMS, Value::glob).map(plain);
    if let Some(table) = top.table("paths", "`[paths]`", &["readonly", "generated", "governed", "require_task"]) {
        config.readonly = table.get("readonly").and_then(globs).unwrap_or_default();
        for item in table.get("generated").and_then(|value| value.list(MAX_ITEMS)).unwrap_or_default() {
            let Some(pair) = item.table("an item of `generated`") else { continue };
            pair.only(&["output", "source"]);
            let glob = |key: &str| pair.need(key, "\"src/**\"")?.glob().map(|at| at.value);
            if let (Some(output), Some(source)) = (glob("output"), glob("source")) {
                config.generated.push(Generated { output, source });
            }
        }
        config.governed = table.get("governed").and_then(globs).unwrap_or_else(|| std::mem::take(&mut config.governed));
        config.require_task = table.get("require_task").and_then(|value| value.flag()).unwrap_or(config.require_task);
    }
    let protected = top.table("refs", "`[refs]`", &["protected"]).and_then(|table| table.get("protected"));
    if let Some(branches) = protected.and_then(|value| value.set(100, branch)) {
        config.protected = plain(branches);
    }
}

/// A branch's name without `refs/heads/`, by git's own rules for names.
fn branch(item: &Value<'_>) -> Option<At<String>> {
    let name = item.line(MAX_BRANCH)?;
    let text = name.value.as_str();
    if !is_branch_name(text) {
        let message = format!("`{}` is not the name of a branch.", shorten(text));
        name.spot.report(message, "write a name as `git branch` shows it; patterns are not possible here");
        return None;
    }
    if text.starts_with("refs/") {
        let fix = format!("write the branch alone: `{}`", text.trim_start_matches("refs/heads/"));
        name.spot.report(format!("`{}` is a full ref.", shorten(text)), fix);
        return None;
    }
    Some(name)
}

/// Whether git takes `text` for the name of a branch.
fn is_branch_name(text: &str) -> bool {
    let ordinary = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    text.split('/').all(ordinary)
        && !text.starts_with('-')
        && !text.ends_with('.')
        && text != "@"
        && !["..", "@{"].iter().any(|pair| text.contains(pair))
        && !text.contains([' ', '~', '^', ':', '?', '*', '[', '\\'])
}

/// Whether `refs.protected` can name the branch `text`.
pub fn can_be_protected(text: &str) -> bool {
    let fits = text.chars().count() <= MAX_BRANCH && !text.chars().any(crate::model::escape::is_hidden);
    fits && text.trim() == text && is_branch_name(text) && !text.starts_with("refs/")
}

fn read_actors(table: &Table<'_>, file: &mut ConfigFile) {
    let mut owners: BTreeMap<String, Principal> = BTreeMap::new();
    for (key, value) in table.entries() {
        let Some(actor) = value.table("an actor") else { continue };
        actor.only(&["kind", "emails", "profiles", "roles"]);
        let name = match Principal::parse(key.value) {
            Ok(name) => Some(name),
            Err(error) => {
                key.spot.report(format!("{error}."), "rename the actor");
                None
            }
        };
        let words = [("human", ActorKind::Human), ("agent", ActorKind::Agent)];
        let kind = actor.need("kind", "\"human\"").and_then(|value| value.word(&words));
        let emails = actor.get("emails").and_then(|value| value.set(32, email)).unwrap_or_default();
        let roles = actor.get("roles").and_then(|value| value.set(32, Value::name)).unwrap_or_default();
        let (all_profiles, profiles) = actor.get("profiles").map(actor_profiles).unwrap_or_default();
        let Some(name) = name else { continue };
        for at in &emails {
            if let Some(other) = owners.insert(at.value.to_lowercase(), name.clone()) {
                let message = format!("`{}` already belongs to `{other}`.", at.value);
                at.spot.report(message, "keep each e-mail address at one actor");
            }
        }
        let value = Actor {
            // A wrong kind is reported; the safe reading meanwhile is the one that may not vote.
            kind: kind.map_or(ActorKind::Agent, |at| at.value),
            emails: plain(emails),
            profiles: profiles.iter().map(|at| at.value.clone()).collect(),
            all_profiles,
            roles: plain(roles),
        };
        file.actor_profiles.extend(profiles);
        file.config.actors.insert(name, value);
    }
}

fn actor_profiles(value: Value<'_>) -> (bool, Vec<At<ProfileName>>) {
    let Some(items) = value.set(100, |item| item.line(32)) else { return (false, Vec::new()) };
    if items.iter().all(|item| item.value != "*") {
        return (false, value.set(100, Value::name).unwrap_or_default());
    }
    if items.len() > 1 {
        value.spot().report("`*` already stands for all profiles.", "write `profiles = [\"*\"]`, or the names alone");
    }
    (true, Vec::new())
}

fn email(item: &Value<'_>) -> Option<At<String>> {
    let address = item.line(254)?;
    let text = address.value.as_str();
    let fits = text.split_once('@').is_some_and(|(local, host)| !local.is_empty() && !host.is_empty())
        && text.matches('@').count() == 1
        && !text.contains(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ','));
    if !fits {
        let message = format!("`{}` is not an e-mail address.", shorten(text));
        address.spot.report(message, "write the address as git shows it between `<` and `>`");
    }
    fits.then_some(address)
}

/// An amend that nobody could sign any more would lock the governed files for ever.
fn check_owners(value: &Value<'_>, config: &Config) {
    let is_owner =
        |actor: &&Actor| actor.kind == ActorKind::Human && actor.roles.iter().any(|role| role.as_str() == "owner");
    let owners = config.actors.values().filter(is_owner).count();
    if config.owners as usize > owners {
        let message =
            format!("{} owners must sign an amend, but {owners} humans have the role `owner`.", config.owners);
        value.spot().report(message, "give more humans `roles = [\"owner\"]`, or lower `owners`");
    }
}

fn read_compromised(item: &Value<'_>) -> Option<(String, Timestamp)> {
    let table = item.table("`[[compromised]]`")?;
    table.only(&["key", "since"]);
    let key = table.need("key", "\"SHA256:…\"").and_then(|value| {
        let key = value.line(64)?;
        // 32 bytes in base64 without padding, as `ssh-keygen -l` prints them.
        let digest = key.value.strip_prefix("SHA256:").unwrap_or_default();
        let fits = digest.len() == 43
            && digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
        if !fits {
            let message = format!("`{}` is not the fingerprint of a key.", shorten(&key.value));
            key.spot.report(message, "copy `SHA256:…` from `ssh-keygen -l -f KEY.pub`");
        }
        fits.then_some(key.value)
    });
    let since = table.need("since", "\"2026-11-21T00:00:00Z\"").and_then(|value| {
        let since = value.line(32)?;
        match Timestamp::parse(&since.value) {
            Ok(time) => Some(time),
            Err(error) => {
                since.spot.report(format!("{error}."), "write the last moment at which the key was surely its owner's");
                None
            }
        }
    });
    Some((key?, since?))
}

fn read_exemption(item: &Value<'_>) -> Option<Exemption> {
    let table = item.table("`[[exempt]]`")?;
    table.only(&["author", "laws", "paths"]);
    let author = table.need("author", "\"bot@example.org\"").and_then(|value| email(&value));
    let laws = table.need("laws", "[\"AO-L1\"]").and_then(|value| {
        let laws = value.set(LawId::ALL.len(), Value::law)?;
        let allowed: Vec<&str> = LawId::ALL.iter().filter(|law| may_be_exempt(**law)).map(|law| law.as_str()).collect();
        for at in laws.iter().filter(|at| !may_be_exempt(at.value)) {
            at.spot.report(
                format!("{} has no exemptions.", at.value),
                format!("remove it; possible are {}", listed(&allowed)),
            );
        }
        Some(plain(laws))
    });
    let paths = table.need("paths", "[\"Cargo.lock\"]").and_then(|value| {
        let paths = value.set(MAX_ITEMS, Value::glob)?;
        if paths.is_empty() {
            let fix = "name the paths that this author's commits may touch";
            value.spot().report("`paths` names no path, so the exemption could never hold.", fix);
        }
        Some(plain(paths))
    });
    Some(Exemption { author: author?.value, laws: laws?, paths: paths? })
}

/// The laws that ask who wrote a commit; the others read records and trees.
fn may_be_exempt(law: LawId) -> bool {
    matches!(law, LawId::L1 | LawId::L3 | LawId::R3 | LawId::T1)
}

fn read_markers(table: &Table<'_>, actors: &BTreeMap<Principal, Actor>) -> BTreeMap<String, Principal> {
    let mut markers = BTreeMap::new();
    for (key, value) in table.entries() {
        let is_variable = (1..=64).contains(&key.value.len())
            && !key.value.as_bytes()[0].is_ascii_digit()
            && key.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_variable {
            let message = format!("`{}` is not the name of an environment variable.", shorten(key.value));
            key.spot.report(message, "use letters, digits and `_`, such as `CLAUDECODE`");
        }
        let Some(name) = value.name::<Principal>() else { continue };
        match actors.get(&name.value).map(|actor| actor.kind) {
            Some(ActorKind::Agent) => {
                markers.insert(key.value.to_owned(), name.value);
            }
            Some(ActorKind::Human) => {
                name.spot.report(format!("`{}` is a human.", name.value), "name an actor of kind `agent`");
            }
            None => {
                let fix = format!("add `[actors.{}]` with `kind = \"agent\"`, or name a listed agent", name.value);
                name.spot.report(format!("there is no actor `{}`.", name.value), fix);
            }
        }
    }
    markers
}
