//! A proposed amend in one file, to be handed from owner to owner until enough have signed.
//!
//! The file holds the amend and the bytes it brings, so that whoever signs can see what. It is no state: it lies outside
//! the repository and goes when the amend is committed.

use serde::{Deserialize, Serialize};

use crate::engine::error::EngineError;
use crate::engine::writing::transact::{FileEdit, Modes};
use crate::model::amend::Amend;
use crate::model::canonical::Canonical as _;
use crate::model::digest::Digest;
use crate::model::path::RepoPath;
use crate::model::tree::{MAX_TEXT_FILE, Mode};

/// More files than this are no proposal that a person could read.
const MOST: usize = 1000;

/// An amend with what it brings.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The amend, with the signatures so far.
    pub amend: Amend,
    /// The governed files as they shall be; `None` removes one.
    pub files: Vec<FileEdit>,
    /// The mode of each file that it writes.
    pub modes: Modes,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// The amend's file, as it would be committed.
    amend: String,
    #[serde(default, rename = "file")]
    files: Vec<Content>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    path: String,
    /// None: the file goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    /// Whether the file may be run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    executable: bool,
}

impl Proposal {
    /// The proposal as text.
    ///
    /// # Errors
    ///
    /// A governed file that is not UTF-8 has no place in it.
    pub fn print(&self) -> Result<String, EngineError> {
        let mut files = Vec::new();
        for (path, bytes) in &self.files {
            let content = bytes.clone().map(String::from_utf8).transpose();
            let (Some(name), Ok(content)) = (path.as_str(), content) else {
                return Err(EngineError::refused(
                    format!("`{path}` is not UTF-8 text, and a proposal holds text"),
                    "let one owner commit this file alone, or take it out of `paths.governed` first",
                ));
            };
            let executable = self.modes.get(path) == Some(&Mode::Executable);
            files.push(Content { path: name.to_owned(), content, executable });
        }
        let file = File { amend: self.amend.print(), files };
        toml::to_string(&file).map_err(|error| EngineError::refused(error.to_string(), "report this as a bug"))
    }

    /// Reads a proposal and holds its contents against the amend's digests.
    pub fn read(bytes: &[u8]) -> Result<Self, EngineError> {
        const HINT: &str = "ask the proposer for the file that `agentops policy amend --out FILE` wrote";
        let refused = |why: String| EngineError::refused(format!("this is no proposal: {why}"), HINT);
        let text = std::str::from_utf8(bytes).map_err(|_| refused("it is not UTF-8".into()))?;
        let file: File = toml::from_str(text).map_err(|error| refused(error.message().to_owned()))?;
        let amend = Amend::parse(file.amend.as_bytes()).map_err(|error| refused(format!("its amend: {error}")))?;
        if file.files.len() > MOST || file.files.len() != amend.files.len() {
            return Err(refused("it brings other files than its amend names".into()));
        }
        let (mut files, mut modes) = (Vec::new(), Modes::new());
        for content in file.files {
            let path = RepoPath::from(content.path.as_str());
            let named = amend.files.iter().find(|change| change.path == content.path);
            let after = content.content.as_ref().map(|text| Digest::of(text.as_bytes()).hex()).unwrap_or_default();
            let fits = path.is_ordinary()
                && named.is_some_and(|change| change.after == after)
                && content.content.as_ref().is_none_or(|text| text.len() as u64 <= MAX_TEXT_FILE);
            if !fits {
                return Err(refused(format!("its content of `{path}` is not what its amend names")));
            }
            if content.content.is_some() {
                modes.insert(path.clone(), if content.executable { Mode::Executable } else { Mode::File });
            }
            files.push((path, content.content.map(String::into_bytes)));
        }
        files.sort();
        Ok(Self { amend, files, modes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::amend::GovernedChange;
    use crate::model::name::Principal;
    use crate::model::time::Timestamp;

    fn proposal() -> Proposal {
        let content = b"[gates]\nproof = [\"signature\"]\n".to_vec();
        let change = |path: &str, before: &str, after: String| GovernedChange {
            path: path.into(),
            before: before.into(),
            after,
        };
        let old = Digest::of(b"old").hex();
        let amend = Amend {
            v: 1,
            project: "0".repeat(32),
            seq: 1,
            prev: Vec::new(),
            from: vec![Digest::of(b"from")],
            to: Digest::of(b"to"),
            actor: Principal::parse("alice").unwrap(),
            at: Timestamp::parse("2026-11-21T08:00:00Z").unwrap(),
            reason: "Votes are signed from now on".into(),
            files: vec![
                change(".agentops/config.toml", &old, Digest::of(&content).hex()),
                change(".github/workflows/old.yml", &old, String::new()),
            ],
            redact: Vec::new(),
            signatures: Vec::new(),
        };
        let files = vec![(".agentops/config.toml".into(), Some(content)), (".github/workflows/old.yml".into(), None)];
        let modes = [(".agentops/config.toml".into(), Mode::File)].into();
        Proposal { amend, files, modes }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let mut proposal = proposal();
        for mode in [Mode::File, Mode::Executable] {
            proposal.modes.insert(".agentops/config.toml".into(), mode);
            let text = proposal.print().unwrap();
            assert_eq!(text.contains("executable = true"), mode == Mode::Executable, "{text}");
            let read = Proposal::read(text.as_bytes()).unwrap();
            assert_eq!((&read.amend, &read.files, &read.modes), (&proposal.amend, &proposal.files, &proposal.modes));
        }
    }

    #[test]
    fn contents_are_those_that_the_amend_names() {
        let text = proposal().print().unwrap();
        let refused = |from: &str, to: &str| {
            assert!(text.contains(from), "{text}");
            Proposal::read(text.replace(from, to).as_bytes()).unwrap_err().to_string()
        };
        let not_named = "this is no proposal: its content of `.agentops/config.toml` is not what its amend names";
        assert_eq!(refused("[\"signature\"]\n\"\"\"", "[\"terminal\"]\n\"\"\""), not_named);
        assert!(refused("[[file]]\npath = \".github/workflows/old.yml\"", "").contains("other files than"));
        assert!(refused("[[file]]", "[[files]]").contains("unknown field"));
    }
}
