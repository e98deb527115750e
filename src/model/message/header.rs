//! The subject line: its semantic parts, and the subjects that git itself writes.

use std::fmt;

/// `type(scope)!: subject`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// E.g. `feat`.
    pub kind: String,
    /// E.g. `parser`.
    pub scope: Option<String>,
    /// Whether `!` stands before the colon.
    pub breaking: bool,
    /// What follows the colon.
    pub subject: String,
}

impl Header {
    /// Reads a subject line; `None` where it has another form. Which types exist is the config's matter.
    pub fn parse(line: &str) -> Option<Self> {
        let (head, subject) = line.split_once(": ")?;
        let (head, breaking) = head.strip_suffix('!').map_or((head, false), |head| (head, true));
        let (kind, scope) = match head.strip_suffix(')') {
            Some(head) => {
                let (kind, scope) = head.split_once('(')?;
                (kind, Some(scope))
            }
            None => (head, None),
        };
        let is_kind = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_scope = scope.is_none_or(|scope| !scope.trim().is_empty() && !scope.contains(['(', ')']));
        (is_kind && is_scope).then(|| Self {
            kind: kind.to_owned(),
            scope: scope.map(str::to_owned),
            breaking,
            subject: subject.trim().to_owned(),
        })
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.kind)?;
        if let Some(scope) = &self.scope {
            write!(f, "({scope})")?;
        }
        f.write_str(if self.breaking { "!: " } else { ": " })?;
        f.write_str(&self.subject)
    }
}

/// What kind of subject a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SubjectKind {
    /// `type(scope)!: subject`.
    Semantic,
    /// `Revert "…"` with `This reverts commit` below, as `git revert` writes it.
    Revert,
    /// `Reapply "…"` with `This reverts commit` below: the revert of a revert.
    Reapply,
    /// `fixup!`, `squash!` or `amend!`: to be folded into another commit by `git rebase --autosquash`.
    Autosquash,
    /// `Merge branch '…'` and the like, as git and forges write them.
    Merge,
    /// Anything else.
    #[default]
    Other,
}

impl SubjectKind {
    /// The kind of `subject`; `is_semantic` and `says_reverts` are what the reader of the message found.
    pub(super) fn of(subject: &str, is_semantic: bool, says_reverts: impl Fn() -> bool) -> Self {
        let quoted = |start: &str| {
            subject.strip_prefix(start).is_some_and(|rest| without_forge_suffix(rest).len() > 1 && rest.contains('"'))
        };
        if is_semantic {
            Self::Semantic
        } else if ["fixup! ", "squash! ", "amend! "].iter().any(|start| subject.starts_with(start)) {
            Self::Autosquash
        } else if quoted("Revert \"") && says_reverts() {
            Self::Revert
        } else if quoted("Reapply \"") && says_reverts() {
            Self::Reapply
        } else if is_merge_subject(subject) {
            Self::Merge
        } else {
            Self::Other
        }
    }
}

fn is_merge_subject(subject: &str) -> bool {
    const AFTER: [&str; 9] = [
        "branch '",
        "branches '",
        "remote-tracking branch '",
        "remote-tracking branches '",
        "tag '",
        "tags '",
        "commit '",
        "pull request #",
        "merge request ",
    ];
    subject.strip_prefix("Merge ").is_some_and(|rest| {
        let is_id = |word: &str| word.len() >= 7 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        AFTER.iter().any(|start| rest.starts_with(start)) || rest.split(' ').next().is_some_and(is_id)
    })
}

/// A subject without the ` (#123)` that forges put at its end when they land a pull request.
pub fn without_forge_suffix(subject: &str) -> &str {
    let mut rest = subject.trim_end();
    while let Some((before, number)) = rest.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (#")) {
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        rest = before.trim_end();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_round_trip() {
        for line in ["feat: x", "fix(parser): read CRLF", "feat(api)!: drop v1", "chore!: y", "docs(a/b c): z: more"] {
            assert_eq!(Header::parse(line).map(|header| header.to_string()).as_deref(), Some(line));
        }
        for line in
            ["feat", "feat:x", "feat : x", "(a): x", "feat(): x", "feat(a: x", "feat((a)): x", "Größe: x", ": x"]
        {
            assert_eq!(Header::parse(line), None, "{line}");
        }
    }

    #[test]
    fn what_git_writes_is_recognised() {
        let kind = |subject: &str| SubjectKind::of(subject, false, || true);
        assert_eq!(kind("Revert \"feat: x\""), SubjectKind::Revert);
        assert_eq!(kind("Revert \"feat: x\" (#12)"), SubjectKind::Revert);
        assert_eq!(SubjectKind::of("Revert \"feat: x\"", false, || false), SubjectKind::Other);
        assert_eq!(kind("Reapply \"feat: x\""), SubjectKind::Reapply);
        assert_eq!(kind("amend! feat: x"), SubjectKind::Autosquash);
        assert_eq!(kind("Merge branch 'topic' into main"), SubjectKind::Merge);
        assert_eq!(kind("Merge 0123456789abcdef0123456789abcdef01234567 into main"), SubjectKind::Merge);
        assert_eq!(kind("Merge sort is stable"), SubjectKind::Other);
        assert_eq!(kind("Revert everything"), SubjectKind::Other);
    }

    #[test]
    fn forge_suffixes_do_not_count() {
        assert_eq!(without_forge_suffix("feat: x (#12)"), "feat: x");
        assert_eq!(without_forge_suffix("feat: x (#12) (#34)"), "feat: x");
        assert_eq!(without_forge_suffix("feat: x (#)"), "feat: x (#)");
        assert_eq!(without_forge_suffix("feat: x (#a)"), "feat: x (#a)");
    }
}
