//! `commit`: a lawful message for a commit of the user's own files, judged before git is asked to make it.
//!
//! The commit itself is git's: with its hooks, its signing, its configuration. So the laws are judged once more where the
//! hooks are installed, and a foreign hook keeps its say.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;

use crate::engine::error::EngineError;
use crate::engine::judging::cases;
use crate::engine::site::{Site, near};
use crate::git::{Selected, Selection};
use crate::law::wording;
use crate::model::commit::{Commit, Person};
use crate::model::digest::ObjectId;
use crate::model::message::{Header, Message, one_line, without_forge_suffix};
use crate::model::policy::{ActorKind, Config};
use crate::model::report::Report;

/// The section that says what was learned; it may be `N/A` with a reason.
const LEARNING: &str = "Learning";
/// Sections that have a flag of their own.
const WITH_FLAG: [&str; 4] = ["Context", "Solution", LEARNING, "Impact"];
/// Characters of a subject line (AO-R3).
const SUBJECT_LIMIT: usize = 72;

/// What `commit` is told. What is left out is asked for, or taken from the amended commit.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// E.g. `feat`.
    pub kind: Option<String>,
    /// E.g. `parser`.
    pub scope: Option<String>,
    /// Whether `!` stands before the colon.
    pub breaking: bool,
    /// What follows the colon.
    pub subject: Option<String>,
    /// Sections by token.
    pub sections: Vec<(String, String)>,
    /// Tasks, or prefixes, that the commit belongs to.
    pub tasks: Vec<String>,
    /// `ID reason`.
    pub waivers: Vec<String>,
    /// `Key=value`.
    pub trailers: Vec<String>,
    /// Every tracked file as it is in the working tree.
    pub all: bool,
    /// Only these paths, as git reads them from the folder of the call.
    pub paths: Vec<OsString>,
    /// Replace HEAD.
    pub amend: bool,
    /// Keep the message of the amended commit as it is.
    pub keep_message: bool,
}

/// A part of a message that can be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The type of the change.
    Type,
    /// Where it lies; may be empty.
    Scope,
    /// What it does.
    Subject,
    /// A configured section, by its token.
    Section(String),
}

impl Field {
    /// How the command line gives it.
    pub fn flag(&self) -> String {
        match self {
            Self::Type => "--type".into(),
            Self::Scope => "--scope".into(),
            Self::Subject => "--subject".into(),
            Self::Section(token) if WITH_FLAG.contains(&token.as_str()) => format!("--{}", token.to_lowercase()),
            Self::Section(token) => format!("--section {token}=…"),
        }
    }
}

/// A commit on its way: what it takes and what of its message is known.
pub struct Draft {
    config: Config,
    selected: Selected,
    selection: Selection,
    amend: bool,
    parents: Vec<ObjectId>,
    author: Person,
    kept: Option<String>,
    kind: Option<String>,
    scope: Option<String>,
    breaking: bool,
    subject: Option<String>,
    sections: Vec<(String, Option<String>)>,
    trailers: Vec<(String, String)>,
    paths: Vec<String>,
}

/// Looks at what is to be committed and at what the request says of its message. `dir` is where the command was called.
///
/// Errors: `Refused` where there is nothing to commit, `Usage` for a section or trailer that cannot be meant.
pub fn begin(site: &Site, dir: &Path, request: &Request) -> Result<Draft, EngineError> {
    let base = site.base()?;
    let config = base.policy.config.clone();
    let selection = match (request.all, request.paths.is_empty()) {
        (_, false) => Selection::Paths(request.paths.clone()),
        (true, true) => Selection::All,
        (false, true) => Selection::Index,
    };
    let selected = select(site, dir, &selection)?;
    let head = site.repo.commit(&base.commit)?;
    let (mut parents, author, old) = if request.amend {
        (head.parents.clone(), head.author.clone(), Some(head.message.clone()))
    } else {
        (vec![base.commit], site.repo.user_identity()?, None)
    };
    let merged = site.repo.merge_heads()?;
    let before = parents.first().map(|id| site.repo.tree_of(id)).transpose()?;
    let changes = selected.repo.diff_index_against(before.as_ref())?;
    if changes.is_empty() && merged.is_empty() && !request.amend {
        return Err(nothing(&selection, site.repo.modified_count()?));
    }
    parents.extend(merged);
    let old = old.map(|text| (Message::parse(&text, &config.sections), text));
    let mut draft = Draft {
        selected,
        selection,
        amend: request.amend,
        parents,
        author,
        kept: old.as_ref().filter(|_| request.keep_message).map(|(_, text)| text.clone()),
        kind: None,
        scope: None,
        breaking: request.breaking,
        subject: None,
        sections: config.sections.iter().map(|token| (token.clone(), None)).collect(),
        trailers: Vec::new(),
        paths: changes.iter().map(|change| change.path.to_string()).collect(),
        config,
    };
    if let Some((message, _)) = &old {
        draft.take_over(message);
    }
    draft.kind = request.kind.clone().or(draft.kind);
    draft.scope = request.scope.clone().or(draft.scope).filter(|scope| !scope.trim().is_empty());
    draft.subject = request.subject.clone().or(draft.subject);
    for (token, text) in &request.sections {
        draft.set_section(token, text)?;
    }
    for text in &request.trailers {
        let (key, value) = trailer(text)?;
        draft.add_trailer(&key, &value);
    }
    for prefix in &request.tasks {
        let task = base.task(prefix)?.task;
        draft.add_trailer("Agentops-Task", task.as_str());
    }
    for waiver in &request.waivers {
        draft.add_trailer("Agentops-Waive", waiver);
    }
    // Whoever is not listed may commit code; who says who he is must be known.
    let actor = match site.actor(&base.policy) {
        Ok((principal, actor)) => (actor.kind == ActorKind::Agent).then(|| principal.to_string()),
        Err(EngineError::Refused { .. }) => None,
        Err(error) => return Err(error),
    };
    if let Some(name) = actor.filter(|_| draft.kept.is_none()) {
        draft.add_trailer("Assisted-by", &name);
    }
    Ok(draft)
}

fn select(site: &Site, dir: &Path, selection: &Selection) -> Result<Selected, EngineError> {
    match site.repo.selected(dir, selection) {
        Err(crate::git::GitError::CommandFailed { stderr, .. }) => {
            let said = stderr.lines().find_map(|line| line.strip_prefix("error: ").or(line.strip_prefix("fatal: ")));
            Err(EngineError::refused(
                format!("these paths cannot be committed: {}", said.unwrap_or("git cannot read them")),
                "a new file is staged first: `git add PATH`",
            ))
        }
        other => Ok(other?),
    }
}

fn nothing(selection: &Selection, modified: usize) -> EngineError {
    let message = match selection {
        Selection::Index => "nothing is staged",
        Selection::All => "no tracked file differs from HEAD",
        Selection::Paths(_) => "these paths are as in HEAD",
    };
    let hint = match (selection, modified) {
        (Selection::Index, 1..) => {
            "stage what belongs together with `git add PATH…`, or take every tracked file with `-a`"
        }
        (_, 0) => "a new file is staged first: `git add PATH`",
        _ => "`git status` shows what differs",
    };
    EngineError::refused(format!("there is nothing to commit: {message}"), hint)
}

fn trailer(text: &str) -> Result<(String, String), EngineError> {
    let found = text.split_once(['=', ':']).map(|(key, value)| (key.trim(), one_line(value)));
    let is_key = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match found.filter(|(key, value)| is_key(key) && !value.is_empty()) {
        Some((key, value)) => Ok((key.to_owned(), value)),
        None => Err(EngineError::usage(
            format!("`{text}` is no trailer"),
            "write `--trailer Key=value`; a key has letters, digits and hyphens",
        )),
    }
}

impl Draft {
    /// The message of the amended commit says what the request does not.
    fn take_over(&mut self, message: &Message) {
        if let Some(header) = &message.header {
            self.kind = Some(header.kind.clone());
            self.scope = header.scope.clone();
            self.breaking |= header.breaking;
            self.subject = Some(header.subject.clone());
        }
        for section in &message.sections {
            if let Some((_, text)) = self.sections.iter_mut().find(|(token, _)| *token == section.token) {
                text.get_or_insert_with(|| section.text.clone());
            }
        }
        for trailer in &message.trailers {
            self.add_trailer(&trailer.key, &trailer.value);
        }
    }

    fn set_section(&mut self, token: &str, text: &str) -> Result<(), EngineError> {
        match self.sections.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(token)) {
            Some((_, own)) => {
                *own = Some(text.to_owned());
                Ok(())
            }
            None => Err(EngineError::usage(
                format!("`{token}` is no section of this repository's messages"),
                near(token, self.sections.iter().map(|(token, _)| token.as_str())),
            )),
        }
    }

    fn add_trailer(&mut self, key: &str, value: &str) {
        let value = one_line(value);
        if !self.trailers.iter().any(|(own, known)| own.eq_ignore_ascii_case(key) && *known == value) {
            self.trailers.push((key.to_owned(), value));
        }
    }

    /// What the message still lacks, in the order to ask for it. A scope is asked for only along with the type.
    pub fn missing(&self) -> Vec<Field> {
        if self.kept.is_some() {
            return Vec::new();
        }
        let mut missing = Vec::new();
        if self.kind.is_none() {
            missing.push(Field::Type);
            missing.extend(self.scope.is_none().then_some(Field::Scope));
        }
        missing.extend(self.subject.is_none().then_some(Field::Subject));
        let sections = self.sections.iter().filter(|(_, text)| text.is_none());
        missing.extend(sections.map(|(token, _)| Field::Section(token.clone())));
        missing
    }

    /// The types of this repository.
    pub fn types(&self) -> &[String] {
        &self.config.types
    }

    /// What the commit changes.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Takes the answer to a question, or says what is wrong with it: by the rules of the laws, so that nobody writes four
    /// paragraphs to learn of the first one.
    pub fn answer(&mut self, field: &Field, text: &str) -> Result<(), String> {
        match field {
            Field::Type => {
                if !self.config.types.iter().any(|known| known == text) {
                    return Err(format!("the types here are {}", self.config.types.join(", ")));
                }
                self.kind = Some(text.to_owned());
            }
            Field::Scope => {
                if text.contains(['(', ')', ':']) {
                    return Err("a scope is a word without parentheses and colons; empty for none".into());
                }
                self.scope = (!text.is_empty()).then(|| text.to_owned());
            }
            Field::Subject => {
                if text.is_empty() {
                    return Err("say in a few words what the commit does".into());
                }
                let line = Header { subject: text.to_owned(), ..self.header() }.to_string();
                let length = without_forge_suffix(&line).chars().count();
                if length > SUBJECT_LIMIT {
                    return Err(format!(
                        "`{line}` has {length} characters; a subject line has {SUBJECT_LIMIT} at most"
                    ));
                }
                self.subject = Some(text.to_owned());
            }
            Field::Section(token) => {
                self.check_section(token, text)?;
                self.set_section(token, text).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    fn check_section(&self, token: &str, text: &str) -> Result<(), String> {
        let (mark, reason) = text.split_at_checked(3).unwrap_or_default();
        let is_left_out = token == LEARNING && mark.eq_ignore_ascii_case("n/a");
        if is_left_out {
            let optional = &self.config.learning_optional;
            if !self.kind.as_ref().is_some_and(|kind| optional.contains(kind)) {
                return Err(format!("`N/A` is for commits of the types {}", optional.join(", ")));
            }
            let reason = reason.trim_start_matches(|c: char| !c.is_alphanumeric());
            return match wording::problem_of_reason(reason) {
                Some(problem) => Err(format!("the reason after `N/A` {problem}")),
                None => Ok(()),
            };
        }
        if let Some(problem) = wording::problem(text) {
            return Err(format!("that {problem}"));
        }
        let same = self
            .sections
            .iter()
            .find(|(other, own)| other != token && own.as_ref().is_some_and(|own| wording::say_the_same(own, text)));
        match same {
            Some((other, _)) => Err(format!("that says the same as `{other}:`")),
            None => Ok(()),
        }
    }

    fn header(&self) -> Header {
        Header {
            kind: self.kind.clone().unwrap_or_default(),
            scope: self.scope.clone(),
            breaking: self.breaking,
            subject: self.subject.clone().unwrap_or_default(),
        }
    }

    /// The whole message. What is missing is left out, and the laws will say so.
    pub fn message(&self) -> String {
        if let Some(kept) = &self.kept {
            return kept.clone();
        }
        let sections: Vec<(&str, &str)> =
            self.sections.iter().filter_map(|(token, text)| Some((token.as_str(), text.as_deref()?))).collect();
        let trailers: Vec<(&str, &str)> =
            self.trailers.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        Message::compose(&self.header(), &sections, &trailers)
    }

    /// What the laws say of the commit with this message.
    pub fn judge(&self, message: &str) -> Result<Report, EngineError> {
        let pending = Commit {
            id: None,
            parents: self.parents.clone(),
            tree: None,
            author: self.author.clone(),
            committer: self.author.clone(),
            message: message.to_owned(),
            message_is_text: true,
        };
        cases::staged(&self.selected.repo, pending)
    }

    /// Has git make the commit; its id. Errors: `Refused` where git, or a hook, did not.
    pub fn commit(&self, site: &Site, dir: &Path, message: &str) -> Result<ObjectId, EngineError> {
        let unwritten = |error: std::io::Error| {
            EngineError::refused(
                format!("the message cannot be handed to git: {error}"),
                "make room in the folder for temporary files, or name another one with TMPDIR",
            )
        };
        let mut file = tempfile::NamedTempFile::with_prefix("agentops-message-").map_err(unwritten)?;
        file.write_all(message.as_bytes()).map_err(unwritten)?;
        let mut arguments: Vec<OsString> = vec!["--quiet".into(), "--file".into(), file.path().into()];
        arguments.extend(self.amend.then(|| "--amend".into()));
        arguments.extend(self.selection.arguments());
        let code = site.repo.commit_with_git(dir, &arguments)?;
        if code == Some(0) {
            return Ok(site.repo.head_commit()?);
        }
        let how = code.map_or("it was ended by a signal".to_owned(), |code| format!("exit {code}"));
        Err(EngineError::refused(
            format!("git did not make the commit ({how})"),
            "what git and its hooks say stands above; nothing was committed",
        ))
    }
}
