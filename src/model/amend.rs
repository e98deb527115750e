//! Amends: one immutable file each, one change of the governed files.

use serde::Deserialize;

use super::canonical::{Canonical, FormError, Printer, check_line, signed_bytes};
use super::digest::Digest;
use super::event::{check_project, check_version};
use super::name::Principal;
use super::path::RepoPath;
use super::time::Timestamp;

/// One governed file that an amend changes. An empty digest says "no such file".
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GovernedChange {
    /// Path from the repository's root.
    pub path: String,
    /// Digest of the bytes before, or empty.
    pub before: String,
    /// Digest of the bytes after, or empty. Both are the same where the mode alone changes.
    pub after: String,
}

/// A state file that an amend lets go: its bytes, not what rests on their digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redaction {
    /// Path from the repository's root.
    pub path: String,
    /// Digest of the bytes that go.
    pub sha256: Digest,
}

/// An owner's signature over the bytes before the first `[[signature]]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnerSignature {
    /// Whose.
    pub principal: Principal,
    /// One armoured SSH signature in namespace `agentops-gate`.
    pub armor: String,
}

/// One change of the governed files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amend {
    /// Format of this file: 1.
    pub v: u32,
    /// The project's id.
    pub project: String,
    /// 1 + the highest `seq` of `prev`; 1 for the first.
    pub seq: u32,
    /// Digests of the amends it follows, sorted; none for the first.
    pub prev: Vec<Digest>,
    /// Governed digests it starts from, sorted: one, or several where amends from two branches meet.
    pub from: Vec<Digest>,
    /// The governed digest it leads to.
    pub to: Digest,
    /// Who amends: a claim unless signed.
    pub actor: Principal,
    /// When: for display.
    pub at: Timestamp,
    /// Why; mandatory.
    pub reason: String,
    /// What changes, sorted by path, against the first parent's governed files. For readers: `to` decides. None where amends
    /// of two branches meet and git's merge has brought their files together already.
    pub files: Vec<GovernedChange>,
    /// The state files that it lets go, sorted. Such an amend changes no rule.
    #[serde(default)]
    pub redact: Vec<Redaction>,
    /// The owners who signed, sorted by principal.
    #[serde(default, rename = "signature")]
    pub signatures: Vec<OwnerSignature>,
}

impl Amend {
    /// The name of the amend's file: `<seq4>-amend-<hash32>.toml`.
    pub fn file_name(&self) -> String {
        format!("{:04}-amend-{}.toml", self.seq, Digest::of(self.print().as_bytes()).short())
    }

    /// The bytes that each owner's key signs: all before the first `[[signature]]` table.
    pub fn signed_bytes(&self) -> Vec<u8> {
        signed_bytes(&Self { signatures: Vec::new(), ..self.clone() }.print())
    }
}

impl Canonical for Amend {
    fn print(&self) -> String {
        let mut out = Printer::new();
        let files: Vec<_> = self
            .files
            .iter()
            .map(|file| {
                vec![("path", file.path.clone()), ("before", file.before.clone()), ("after", file.after.clone())]
            })
            .collect();
        out.number("v", self.v)
            .text("project", &self.project)
            .number("seq", self.seq)
            .texts("prev", &self.prev)
            .texts("from", &self.from)
            .text("to", self.to.hex())
            .text("actor", self.actor.as_str())
            .text("at", self.at.as_str())
            .text("reason", &self.reason)
            .rows("files", &files);
        for redaction in &self.redact {
            out.table_row("redact").text("path", &redaction.path).text("sha256", redaction.sha256.hex());
        }
        for signature in &self.signatures {
            out.table_row("signature").text("principal", signature.principal.as_str()).text("armor", &signature.armor);
        }
        out.finish()
    }

    fn validate(&self) -> Result<(), FormError> {
        let fail = |message: &str| Err(FormError::Value(message.to_owned()));
        check_version(self.v)?;
        check_project(&self.project)?;
        check_line("the reason", &self.reason, 1000, false)?;
        let sorted = self.prev.is_sorted_by(|a, b| a < b)
            && self.from.is_sorted_by(|a, b| a < b)
            && self.files.is_sorted_by(|a, b| a.path < b.path)
            && self.redact.is_sorted_by(|a, b| a < b)
            && self.signatures.is_sorted_by(|a, b| a.principal < b.principal);
        if !sorted {
            return fail("`prev`, `from`, `files`, `[[redact]]` and `[[signature]]` are sorted and without repeats");
        }
        let meet = self.from.len() > 1 || self.prev.len() > 1;
        if self.from.is_empty() || (self.files.is_empty() && self.redact.is_empty() && !meet) {
            return fail("`from` names at least one digest, and `files` at least one file unless amends meet");
        }
        if !self.redact.is_empty() && (!self.files.is_empty() || self.from != [self.to]) {
            return fail("an amend with `[[redact]]` changes no governed file");
        }
        if self.redact.iter().any(|redaction| !RepoPath::from(redaction.path.as_str()).is_ordinary()) {
            return fail("a path under `[[redact]]` is malformed");
        }
        if !(1..=9999).contains(&self.seq) || (self.seq == 1) != self.prev.is_empty() {
            return fail("`seq` is 1 exactly where `prev` is empty, and at most 9999");
        }
        for file in &self.files {
            let digest = |text: &str| text.is_empty() || Digest::parse(text).is_ok();
            if !RepoPath::from(file.path.as_str()).is_ordinary()
                || !digest(&file.before)
                || !digest(&file.after)
                || (file.before.is_empty() && file.after.is_empty())
            {
                return Err(FormError::Value(format!(
                    "`files` entry `{}` is malformed",
                    super::escape::visible(&file.path)
                )));
            }
        }
        Ok(())
    }
}
