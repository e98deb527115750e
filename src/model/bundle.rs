//! A context bundle: what the next phase, or another profile, must know of longer texts.
//!
//! `+++`, canonical TOML, `+++`, an empty line, then the body in Markdown. The front matter says what the body was made of, so
//! that whoever loads it can tell whether that is still so, and whoever doubts it can make the facts be looked up again.

use serde::Deserialize;

use super::canonical::{Canonical, FormError, Printer, check_line};
use super::digest::ObjectId;
use super::escape::is_hidden;
use super::event::{check_project, check_version};
use super::name::{PhaseName, Principal, ProfileName, RecordId, TaskId, Word};
use super::time::Timestamp;
use super::tree::MAX_STATE_FILE;

/// Tokens that a bundle may take, front matter included (AO-B1).
pub const BUNDLE_TOKENS: u32 = 8_000;
/// A ratio below this one is reported: the bundle saves little.
pub const WANTED_RATIO: usize = 5;
/// The first edition of the laws that judges the form of bundles; before, their places held what anybody wrote.
pub const BUNDLES_SINCE: u32 = 2;
/// Most sources of one bundle.
pub const MAX_SOURCES: usize = 64;

/// Most bytes of all sources of one bundle together.
pub const MAX_SOURCE_BYTES: u64 = 16 * 1024 * 1024;

const FENCE: &str = "+++\n";

/// What a bundle carries over: it decides which sections and sentences are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BundleType {
    /// Findings: decisions, constraints, the recommendation.
    Research,
    /// Intentions: places as `path:line`, commands, the way back.
    Plan,
    /// The state of the work: what is done, what remains, where git stands.
    Progress,
}

impl BundleType {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Research, Self::Plan, Self::Progress];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Research => "research",
            Self::Plan => "plan",
            Self::Progress => "progress",
        }
    }
}

/// One text that a bundle was made of.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleSource {
    /// Its path in the repository.
    pub path: String,
    /// Its bytes, as git names them.
    pub blob: ObjectId,
}

/// The front matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleHead {
    /// Format of this file: 1.
    pub v: u32,
    /// The project's id.
    pub project: String,
    /// The bundle's id, also its file name.
    pub id: RecordId,
    /// The namespace it belongs to.
    pub profile: ProfileName,
    /// A name to find it by.
    pub name: Word,
    /// What it carries over.
    #[serde(rename = "type")]
    pub kind: BundleType,
    /// Who made it: a claim.
    pub actor: Principal,
    /// When.
    pub at: Timestamp,
    /// The task it belongs to, or empty.
    pub task: String,
    /// The phase of that task which it was made in, or empty.
    pub phase: String,
    /// What made the body shorter: `extractive`, or `command`, the one that the config named.
    pub compressor: Word,
    /// How tokens were counted.
    pub estimator: Word,
    /// Tokens of the sources together.
    pub tokens_before: usize,
    /// Tokens of the body.
    pub tokens_after: usize,
    /// The first divided by the second, to one place, rounded down.
    pub ratio: String,
    /// Free words, sorted.
    pub tags: Vec<Word>,
    /// What it was made of, in the order in which it was read.
    pub sources: Vec<BundleSource>,
}

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The front matter.
    pub head: BundleHead,
    /// Markdown that ends with a line feed.
    pub body: String,
}

/// `before` divided by `after` to one place, rounded down: `5.3`.
pub fn ratio(before: usize, after: usize) -> String {
    let tenths = (before * 10) / after.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

impl Bundle {
    /// The one spelling.
    pub fn print(&self) -> String {
        format!("{FENCE}{}{FENCE}\n{}", self.head.print(), self.body)
    }

    /// Reads `bytes`; succeeds only if [`print`](Self::print) gives the same bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        if bytes.len() as u64 > MAX_STATE_FILE {
            return Err(FormError::TooLarge(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|error| FormError::NotText(error.valid_up_to()))?;
        let value = |problem: &str| FormError::Value(problem.to_owned());
        let rest = text.strip_prefix(FENCE).ok_or_else(|| value("it does not begin with a line `+++`"))?;
        let end =
            rest.find("\n+++\n").map(|at| at + 1).ok_or_else(|| value("its front matter is not closed by `+++`"))?;
        let head = BundleHead::parse(&rest.as_bytes()[..end]).map_err(|error| below_the_fence(&error))?;
        let body = rest[end + FENCE.len()..].strip_prefix('\n');
        let bundle =
            Self { head, body: body.ok_or_else(|| value("no empty line follows its front matter"))?.to_owned() };
        check_body(&bundle.body)?;
        Ok(bundle)
    }

    /// As [`parse`](Self::parse), and whether it is what its place says.
    pub fn validate(&self) -> Result<(), FormError> {
        self.head.validate()?;
        check_body(&self.body)
    }
}

/// The same problem, with the line in the file.
fn below_the_fence(error: &FormError) -> FormError {
    match error {
        FormError::Toml { line, message } => FormError::Toml { line: line + 1, message: message.clone() },
        FormError::NotCanonical { line, expected } => {
            FormError::NotCanonical { line: line + 1, expected: expected.clone() }
        }
        other => other.clone(),
    }
}

fn check_body(body: &str) -> Result<(), FormError> {
    let fail = |reason: &str| Err(FormError::Value(reason.to_owned()));
    if body.trim().is_empty() {
        return fail("it has no body");
    }
    if body.starts_with(char::is_whitespace) || !body.ends_with('\n') || body.ends_with("\n\n") {
        return fail("its body begins with text, and one line feed ends it");
    }
    if body.chars().any(|c| !matches!(c, '\n' | '\t') && is_hidden(c)) {
        return fail("its body has control, bidirectional or zero-width characters, which nobody sees");
    }
    Ok(())
}

impl Canonical for BundleHead {
    fn print(&self) -> String {
        let sources: Vec<_> = self
            .sources
            .iter()
            .map(|source| vec![("path", source.path.clone()), ("blob", source.blob.to_string())])
            .collect();
        let mut out = Printer::new();
        out.number("v", self.v)
            .text("project", &self.project)
            .text("id", self.id.as_str())
            .text("profile", self.profile.as_str())
            .text("name", self.name.as_str())
            .text("type", self.kind.as_str())
            .text("actor", self.actor.as_str())
            .text("at", self.at.as_str())
            .text("task", &self.task)
            .text("phase", &self.phase)
            .text("compressor", self.compressor.as_str())
            .text("estimator", self.estimator.as_str())
            .number("tokens_before", self.tokens_before)
            .number("tokens_after", self.tokens_after)
            .text("ratio", &self.ratio)
            .texts("tags", &self.tags)
            .rows("sources", &sources);
        out.finish()
    }

    fn validate(&self) -> Result<(), FormError> {
        let name = |error: super::name::NameError| FormError::Value(error.to_string());
        let fail = |reason: String| Err(FormError::Value(reason));
        check_version(self.v)?;
        check_project(&self.project)?;
        if !self.task.is_empty() {
            TaskId::parse(&self.task).map_err(name)?;
        }
        if !self.phase.is_empty() {
            PhaseName::parse(&self.phase).map_err(name)?;
        }
        if self.task.is_empty() && !self.phase.is_empty() {
            return fail("a phase belongs to a task: `task` is empty".into());
        }
        if self.tokens_before == 0 || self.tokens_after == 0 {
            return fail("`tokens_before` and `tokens_after` are 1 or more".into());
        }
        let expected = ratio(self.tokens_before, self.tokens_after);
        if self.ratio != expected {
            return fail(format!("`ratio` is `{}`, but its tokens give `{expected}`", self.ratio));
        }
        if !self.tags.is_sorted_by(|a, b| a < b) || self.tags.len() > 32 {
            return fail("`tags` are sorted and without repeats, at most 32".into());
        }
        if self.sources.is_empty() || self.sources.len() > MAX_SOURCES {
            return fail(format!("a bundle has 1 to {MAX_SOURCES} sources"));
        }
        for (at, source) in self.sources.iter().enumerate() {
            check_line("the path of a source", &source.path, 1000, false)?;
            if self.sources[..at].iter().any(|earlier| earlier.path == source.path) {
                return fail(format!("the source `{}` is named twice", source.path));
            }
        }
        Ok(())
    }
}

/// An id as people write it: the beginning of a ULID, in any case, or of the UUID whose 128 bits are the same, with its hyphens or
/// without any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenId(String);

impl WrittenId {
    /// Reads what somebody wrote.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_ascii_lowercase())
    }

    /// In lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Those of some ids that may be meant: those that begin so; where none does, those whose UUID does. So what is both is read as
    /// a ULID, which is how ids are printed.
    pub fn select<'i, T>(&self, all: &'i [T], id: impl Fn(&T) -> &RecordId) -> Vec<&'i T> {
        let begins: Vec<&T> = all.iter().filter(|one| id(one).as_str().starts_with(&self.0)).collect();
        if !begins.is_empty() || !self.0.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-') {
            return begins;
        }
        let is_uuid = |one: &&T| {
            as_uuid(id(one)).is_some_and(|uuid| uuid.starts_with(&self.0) || uuid.replace('-', "").starts_with(&self.0))
        };
        all.iter().filter(is_uuid).collect()
    }
}

/// The UUID spelling of an id.
pub fn as_uuid(id: &RecordId) -> Option<String> {
    let bits = u128::from(ulid::Ulid::from_string(id.as_str()).ok()?);
    let hex = format!("{bits:032x}");
    Some(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn bundle() -> Bundle {
        let word = |text: &str| Word::parse(text).unwrap();
        Bundle {
            head: BundleHead {
                v: 1,
                project: crate::law::testing::learning().project,
                id: RecordId::parse("01arz3ndektsv4rrffq69g5fav").unwrap(),
                profile: ProfileName::parse("dev").unwrap(),
                name: word("auth-research"),
                kind: BundleType::Research,
                actor: Principal::parse("alice").unwrap(),
                at: Timestamp::parse("2026-11-21T07:00:00Z").unwrap(),
                task: "auth-k3f9".into(),
                phase: "research".into(),
                compressor: word("extractive"),
                estimator: word("o200k"),
                tokens_before: 530,
                tokens_after: 100,
                ratio: "5.3".into(),
                tags: vec![word("auth"), word("cookies")],
                sources: vec![BundleSource {
                    path: "docs/a.md".into(),
                    blob: ObjectId::parse(&"1".repeat(40)).unwrap(),
                }],
            },
            body: "## Decisions\n\nA key must be 32 bytes long.\n".into(),
        }
    }

    #[test]
    fn a_bundle_has_one_spelling() {
        let text = bundle().print();
        assert_eq!(Bundle::parse(text.as_bytes()), Ok(bundle()));
        insta::assert_snapshot!(text, @r#"
        +++
        v = 1
        project = "000102030405060708090a0b0c0d0e0f"
        id = "01arz3ndektsv4rrffq69g5fav"
        profile = "dev"
        name = "auth-research"
        type = "research"
        actor = "alice"
        at = "2026-11-21T07:00:00Z"
        task = "auth-k3f9"
        phase = "research"
        compressor = "extractive"
        estimator = "o200k"
        tokens_before = 530
        tokens_after = 100
        ratio = "5.3"
        tags = ["auth", "cookies"]
        sources = [
          { path = "docs/a.md", blob = "1111111111111111111111111111111111111111" },
        ]
        +++

        ## Decisions

        A key must be 32 bytes long.
        "#);
    }

    #[test]
    fn other_spellings_are_refused() {
        let text = bundle().print();
        for (from, to, reason) in [
            ("+++\nv", "---\nv", "does not begin with a line `+++`"),
            ("+++\n\n##", "##", "not closed"),
            ("+++\n\n##", "+++\n##", "no empty line"),
            ("type = \"research\"", "type = 'research'", "line 7 is not in canonical form"),
            ("ratio = \"5.3\"", "ratio = \"9.9\"", "its tokens give `5.3`"),
            ("task = \"auth-k3f9\"", "task = \"\"", "a phase belongs to a task"),
            ("long.\n", "long.", "one line feed ends it"),
            ("long.\n", "long.\r\n", "which nobody sees"),
            ("## Decisions\n\nA key must be 32 bytes long.\n", "", "no body"),
        ] {
            assert!(text.contains(from), "{from}");
            let error = Bundle::parse(text.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
            assert!(error.contains(reason), "{to}: {error}");
        }
        let large = text + &"x\n".repeat(40_000);
        assert!(matches!(Bundle::parse(large.as_bytes()), Err(FormError::TooLarge(_))));
    }

    #[test]
    fn a_uuid_is_another_spelling() {
        let id = bundle().head.id;
        let uuid = as_uuid(&id).unwrap();
        assert_eq!(uuid, "01563e3a-b5d3-d676-4c61-efb99302bd5b");
        let other = RecordId::parse("7zzzzzzzzzzzzzzzzzzzzzzzzz").unwrap();
        let all = [id.clone(), other.clone()];
        let meant = |text: &str| WrittenId::new(text).select(&all, |id| id).into_iter().cloned().collect::<Vec<_>>();
        let plain = uuid.replace('-', "");
        for text in [" 01ARZ3", &uuid.to_uppercase(), &uuid[..9], &uuid[..11], &plain, &plain[..11], "0156"] {
            assert_eq!(meant(text), std::slice::from_ref(&id), "{text}");
        }
        assert_eq!(meant("ffff"), [other]);
        for text in ["auth-research", "01563e3ab-5d3", "0156-", "01563e3ab5d3-d676", "01b"] {
            assert_eq!(meant(text), [], "{text}");
        }
        assert_eq!(meant("").len(), 2);
    }

    proptest! {
        #[test]
        fn what_parses_prints_alike(body in "[a-z+#\n]{1,60}", name in "[a-z0-9]{1,32}", at in 0..400_usize, with in "[a-z+\"=\n]{0,3}") {
            let mut bundle = bundle();
            bundle.head.name = Word::parse(&name).unwrap();
            bundle.body = body;
            let mut text = bundle.print();
            let at = at.min(text.len());
            text.insert_str(at, &with);
            if let Ok(read) = Bundle::parse(text.as_bytes()) {
                prop_assert_eq!(read.print(), text);
            }
        }
    }
}
