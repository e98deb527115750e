//! The one place that knows the paths below `.agentops/`.

use super::digest::Digest;
use super::event::{EventName, is_hash32};
use super::name::{Principal, ProfileName, RecordId, TaskId};
use super::path::RepoPath;
use super::time::Date;

/// The folder that holds everything.
pub const ROOT: &str = ".agentops";
/// Format version, laws version, project id.
pub const FORMAT: &str = ".agentops/format.toml";
/// Laws, gates, budgets, paths, actors.
pub const CONFIG: &str = ".agentops/config.toml";
/// Whose keys may vote and amend.
pub const SIGNERS: &str = ".agentops/allowed_signers";
/// What counts as a secret here besides what is built in, and what does not.
pub const SECRETS: &str = ".agentops/secrets.toml";
/// Secrets that were there before, and are known.
pub const SECRETS_BASELINE: &str = ".agentops/secrets.baseline";
/// Keeps git from changing bytes.
pub const ATTRIBUTES: &str = ".agentops/.gitattributes";
/// The chain of amends.
pub const GOVERNANCE: &str = ".agentops/governance";

/// Folders of a namespace that have a purpose of their own: no artifact and no document lies there.
pub const NAMESPACE_FOLDERS: &[&str] =
    &["events", "votes", "learnings", "sessions", "bundles", "agents", "workflows", "standards", "templates"];

/// What a path below `.agentops/` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `format.toml`, `config.toml`, `allowed_signers`, `.gitattributes`.
    TopFile,
    /// `secrets.toml`, `secrets.baseline`. Before edition 2 of the laws nothing of that name belongs here.
    Secrets,
    /// `governance/<seq4>-amend-<hash32>.toml`.
    Amend,
    /// `<profile>/profile.toml`, or below `agents`, `workflows`, `standards`, `templates`.
    ProfileFile(ProfileName),
    /// `<profile>/events/<task>/<name>`.
    Event(ProfileName, TaskId, EventName),
    /// `<profile>/votes/<task>/<hash32 of the submit>/<principal>-<hash32>.toml`.
    Vote(ProfileName, TaskId, String),
    /// `<profile>/verdicts/<task>/<hash32 of the event>/<principal>-<hash32>.toml`.
    Verdict(ProfileName, TaskId, String),
    /// `<profile>/learnings/<yyyy>/<mm>/<ulid>.toml`.
    Learning(ProfileName, RecordId),
    /// `<profile>/sessions/<yyyy>/<mm>/<ulid>.toml`.
    Session(ProfileName, RecordId),
    /// `<profile>/improvements/<ulid of the session>/<number>-<hash32>.toml`.
    Decision(ProfileName, RecordId, u32),
    /// `<profile>/bundles/<ulid>.md`.
    Bundle(ProfileName, RecordId),
    /// Any other path below `<profile>/`: an artifact or a declared document, as the profile says.
    Document(ProfileName),
    /// A path that has no place: a misnamed event, a stray file at the top.
    Stray,
}

impl Place {
    /// Whether agentops itself keeps it of what others did, as opposed to rules and documents.
    pub fn is_record(&self) -> bool {
        match self {
            Self::Event(..)
            | Self::Vote(..)
            | Self::Verdict(..)
            | Self::Learning(..)
            | Self::Session(..)
            | Self::Decision(..)
            | Self::Bundle(..) => true,
            Self::TopFile | Self::Secrets | Self::Amend | Self::ProfileFile(_) | Self::Document(_) | Self::Stray => {
                false
            }
        }
    }

    /// What `path` is; `None` when it is not below `.agentops/`.
    pub fn of(path: &RepoPath) -> Option<Self> {
        if !path.is_below(ROOT) {
            return None;
        }
        let Some(text) = path.as_str() else { return Some(Self::Stray) };
        if [FORMAT, CONFIG, SIGNERS, ATTRIBUTES].contains(&text) {
            return Some(Self::TopFile);
        }
        if [SECRETS, SECRETS_BASELINE].contains(&text) {
            return Some(Self::Secrets);
        }
        let names: Vec<&str> = text.split('/').skip(1).collect();
        Some(Self::of_names(&names).unwrap_or(Self::Stray))
    }

    fn of_names(names: &[&str]) -> Option<Self> {
        let (first, rest) = names.split_first()?;
        if *first == "governance" {
            let (seq, hash) = rest.first()?.strip_suffix(".toml")?.split_once("-amend-")?;
            let fits =
                rest.len() == 1 && seq.len() == 4 && seq.bytes().all(|byte| byte.is_ascii_digit()) && is_hash32(hash);
            return fits.then_some(Self::Amend);
        }
        let profile = ProfileName::parse(first).ok()?;
        match rest {
            ["profile.toml"] | ["agents" | "workflows" | "standards" | "templates", _, ..] => {
                Some(Self::ProfileFile(profile))
            }
            ["events", task, name] => Some(Self::Event(profile, TaskId::parse(task).ok()?, EventName::parse(name)?)),
            ["votes", task, submit, name] => {
                let task = by_principal(task, submit, name)?;
                Some(Self::Vote(profile, task, (*submit).to_owned()))
            }
            // Anything else in that folder is a document: profiles from before there were verdicts may have declared some.
            ["verdicts", task, event, name] if by_principal(task, event, name).is_some() => {
                Some(Self::Verdict(profile, TaskId::parse(task).ok()?, (*event).to_owned()))
            }
            // The same goes for this folder.
            ["improvements", session, name] if by_number(session, name).is_some() => {
                let (session, number) = by_number(session, name)?;
                Some(Self::Decision(profile, session, number))
            }
            ["learnings", year, month, name] => record(year, month, name, "toml").map(|id| Self::Learning(profile, id)),
            ["sessions", year, month, name] => record(year, month, name, "toml").map(|id| Self::Session(profile, id)),
            ["bundles", name] => {
                let id = RecordId::parse(name.strip_suffix(".md")?).ok()?;
                Some(Self::Bundle(profile, id))
            }
            [
                "events" | "votes" | "learnings" | "sessions" | "bundles" | "agents" | "workflows" | "standards"
                | "templates",
                ..,
            ] => None,
            [_, ..] => Some(Self::Document(profile)),
            [] => None,
        }
    }

    /// The profile whose namespace the path lies in.
    pub fn profile(&self) -> Option<&ProfileName> {
        match self {
            Self::ProfileFile(profile) | Self::Document(profile) => Some(profile),
            Self::Event(profile, ..) | Self::Vote(profile, ..) | Self::Verdict(profile, ..) => Some(profile),
            Self::Learning(profile, _) | Self::Session(profile, _) | Self::Bundle(profile, _) => Some(profile),
            Self::Decision(profile, ..) => Some(profile),
            Self::TopFile | Self::Secrets | Self::Amend | Self::Stray => None,
        }
    }

    /// Whether such a file, once written, may never change or go.
    pub fn is_write_once(&self) -> bool {
        matches!(
            self,
            Self::Amend
                | Self::Event(..)
                | Self::Vote(..)
                | Self::Verdict(..)
                | Self::Learning(..)
                | Self::Session(..)
                | Self::Decision(..)
                | Self::Bundle(..)
        )
    }

    /// Whether such a file changes only by an amend, whatever the config adds.
    pub fn is_governed(&self) -> bool {
        matches!(self, Self::TopFile | Self::Secrets | Self::ProfileFile(_))
    }
}

/// The task of a file `<task>/<hash32>/<principal>-<hash32>.toml`.
fn by_principal(task: &str, about: &str, name: &str) -> Option<TaskId> {
    let (principal, hash) = name.strip_suffix(".toml")?.rsplit_once('-')?;
    let fits = is_hash32(about) && is_hash32(hash) && Principal::parse(principal).is_ok();
    fits.then_some(())?;
    TaskId::parse(task).ok()
}

/// The session and the number of a file `<ulid>/<number>-<hash32>.toml`.
fn by_number(session: &str, name: &str) -> Option<(RecordId, u32)> {
    let (digits, hash) = name.strip_suffix(".toml")?.split_once('-')?;
    let number = digits.parse::<u32>().ok().filter(|number| *number > 0 && number.to_string() == digits)?;
    is_hash32(hash).then_some(())?;
    Some((RecordId::parse(session).ok()?, number))
}

/// The id of the session record or learning that the file `name` is, in the folders of a year and a month.
pub fn record_of(year: &[u8], month: &[u8], name: &[u8]) -> Option<RecordId> {
    let text = |name| std::str::from_utf8(name).ok();
    record(text(year)?, text(month)?, text(name)?, "toml")
}

fn record(year: &str, month: &str, name: &str, extension: &str) -> Option<RecordId> {
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    let (stem, found) = name.rsplit_once('.')?;
    let fits = digits(year, 4) && digits(month, 2) && ("01"..="12").contains(&month) && found == extension;
    fits.then_some(())?;
    RecordId::parse(stem).ok()
}

/// `.agentops/<profile>`.
pub fn namespace(profile: &ProfileName) -> String {
    format!("{ROOT}/{profile}")
}

/// `.agentops/<profile>/profile.toml`.
pub fn profile_file(profile: &ProfileName) -> RepoPath {
    format!("{ROOT}/{profile}/profile.toml").into()
}

/// `.agentops/<profile>/templates/<name>`.
pub fn template(profile: &ProfileName, name: &str) -> RepoPath {
    format!("{ROOT}/{profile}/templates/{name}").into()
}

/// `.agentops/<profile>/events`.
pub fn events(profile: &ProfileName) -> RepoPath {
    format!("{ROOT}/{profile}/events").into()
}

/// `.agentops/<profile>/events/<task>`.
pub fn task_events(profile: &ProfileName, task: &TaskId) -> RepoPath {
    format!("{ROOT}/{profile}/events/{task}").into()
}

/// The file of an event.
pub fn event(profile: &ProfileName, task: &TaskId, name: &EventName) -> RepoPath {
    format!("{ROOT}/{profile}/events/{task}/{name}").into()
}

/// `.agentops/<profile>/votes/<task>/<hash32 of the submit>`.
pub fn votes(profile: &ProfileName, task: &TaskId, submit: &Digest) -> RepoPath {
    format!("{ROOT}/{profile}/votes/{task}/{}", submit.short()).into()
}

/// `.agentops/<profile>/verdicts/<task>/<hash32 of the event>`.
pub fn verdicts(profile: &ProfileName, task: &TaskId, event: &Digest) -> RepoPath {
    format!("{ROOT}/{profile}/verdicts/{task}/{}", event.short()).into()
}

/// The file of a session record.
pub fn session(profile: &ProfileName, started: &Date, id: &RecordId) -> RepoPath {
    format!("{ROOT}/{profile}/sessions/{}/{}/{id}.toml", started.year(), started.month()).into()
}

/// `.agentops/<profile>/bundles`.
pub fn bundles(profile: &ProfileName) -> RepoPath {
    format!("{ROOT}/{profile}/bundles").into()
}

/// The file of a context bundle.
pub fn bundle(profile: &ProfileName, id: &RecordId) -> RepoPath {
    format!("{ROOT}/{profile}/bundles/{id}.md").into()
}

/// The file of a learning.
pub fn learning(profile: &ProfileName, at: &Date, id: &RecordId) -> RepoPath {
    format!("{ROOT}/{profile}/learnings/{}/{}/{id}.toml", at.year(), at.month()).into()
}

/// `.agentops/<profile>/improvements/<session>`: the folder of the decisions on a session's improvements.
pub fn decisions(profile: &ProfileName, session: &RecordId) -> RepoPath {
    format!("{ROOT}/{profile}/improvements/{session}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_known() {
        let hash = "ab".repeat(16);
        let ulid = "01arz3ndektsv4rrffq69g5fav";
        let place = |path: &str| Place::of(&path.into());
        assert_eq!(place("src/main.rs"), None);
        assert_eq!(place(".agentops"), None);
        assert_eq!(place(CONFIG), Some(Place::TopFile));
        assert_eq!([place(SECRETS), place(SECRETS_BASELINE)], [Some(Place::Secrets), Some(Place::Secrets)]);
        assert_eq!(place(".agentops/stray.toml"), Some(Place::Stray));
        assert!(matches!(place(&format!(".agentops/governance/0001-amend-{hash}.toml")), Some(Place::Amend)));
        assert!(matches!(
            place(&format!(".agentops/sre/events/a-k3f9/0001-detect-working-{hash}.toml")),
            Some(Place::Event(..))
        ));
        assert!(matches!(
            place(&format!(".agentops/sre/events/a-k3f9/1-detect-working-{hash}.toml")),
            Some(Place::Stray)
        ));
        assert!(matches!(place(&format!(".agentops/sre/votes/a-k3f9/{hash}/a-b-{hash}.toml")), Some(Place::Vote(..))));
        let verdict = place(&format!(".agentops/sre/verdicts/a-k3f9/{hash}/a-b-{hash}.toml"));
        assert!(matches!(verdict, Some(Place::Verdict(..))));
        assert!(matches!(place(".agentops/sre/verdicts/notes.md"), Some(Place::Document(_))));
        assert!(matches!(place(&format!(".agentops/sre/learnings/2026/11/{ulid}.toml")), Some(Place::Learning(..))));
        assert!(matches!(place(&format!(".agentops/sre/learnings/2026/13/{ulid}.toml")), Some(Place::Stray)));
        assert!(matches!(place(&format!(".agentops/sre/sessions/2026/11/{ulid}.toml")), Some(Place::Session(..))));
        let decision = |name: &str| place(&format!(".agentops/sre/improvements/{ulid}/{name}-{hash}.toml"));
        assert!(matches!(decision("12"), Some(Place::Decision(_, _, 12))));
        assert!(
            matches!(decision("01"), Some(Place::Document(_))) && matches!(decision("0"), Some(Place::Document(_)))
        );
        assert!(matches!(place(".agentops/sre/standards/oncall.md"), Some(Place::ProfileFile(_))));
        assert!(matches!(place(".agentops/sre/incidents/x/notes.md"), Some(Place::Document(_))));
        assert!(matches!(place(".agentops/Sre/incidents/x/notes.md"), Some(Place::Stray)));
    }
}
