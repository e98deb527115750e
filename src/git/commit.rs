//! Raw commits: the bytes decide, not replace refs or grafts.

use super::error::GitError;
use super::repo::Repo;
use crate::model::commit::{Commit, Person};
use crate::model::digest::ObjectId;

impl Repo {
    /// The commit `id`.
    pub fn commit(&self, id: &ObjectId) -> Result<Commit, GitError> {
        let bytes = self.read(id, gix::objs::Kind::Commit, &"a commit")?;
        Ok(parse(id, &head_of(id, &bytes)?))
    }

    /// The tree of the commit `id`.
    pub fn tree_of(&self, id: &ObjectId) -> Result<ObjectId, GitError> {
        if let Some(tree) = self.walked_commits.borrow().tree_of(id) {
            return Ok(tree);
        }
        let bytes = self.read(id, gix::objs::Kind::Commit, &"a commit")?;
        Ok(head_of(id, &bytes)?.tree)
    }
}

impl Repo {
    /// A message that is about to be committed, as text, and whether its bytes are text: UTF-8, or what
    /// `i18n.commitEncoding` names.
    pub fn message_text(&self, bytes: &[u8]) -> (String, bool) {
        let encoding = self.config_get("i18n.commitEncoding");
        decode(bytes, encoding.as_deref().map(str::as_bytes))
    }
}

/// What a walk needs of a commit.
pub(super) struct CommitHead<'a> {
    pub(super) tree: ObjectId,
    pub(super) parents: Vec<ObjectId>,
    pub(super) committer: &'a [u8],
    author: &'a [u8],
    /// Everything after the committer.
    rest: &'a [u8],
}

impl CommitHead<'_> {
    /// Seconds since 1970 of the committer; 0 when unreadable.
    pub(super) fn seconds(&self) -> i64 {
        seconds(self.committer)
    }
}

/// The headers whose order git prescribes: tree, parents, author, committer.
pub(super) fn head_of<'a>(id: &ObjectId, bytes: &'a [u8]) -> Result<CommitHead<'a>, GitError> {
    let damaged = |why: &str| GitError::Damaged { id: id.to_string(), why: why.to_owned() };
    let mut rest = bytes;
    let tree = header(&mut rest, b"tree ").and_then(read_id).ok_or_else(|| damaged("a commit without tree"))?;
    let mut parents = Vec::new();
    while let Some(value) = header(&mut rest, b"parent ") {
        parents.push(read_id(value).ok_or_else(|| damaged("a commit with a malformed parent"))?);
    }
    let author = header(&mut rest, b"author ").ok_or_else(|| damaged("a commit without author"))?;
    let committer = header(&mut rest, b"committer ").ok_or_else(|| damaged("a commit without committer"))?;
    Ok(CommitHead { tree, parents, committer, author, rest })
}

/// The whole commit.
pub(super) fn parse(id: &ObjectId, head: &CommitHead<'_>) -> Commit {
    let mut rest = head.rest;
    let mut encoding = None;
    // Further headers end at the first empty line; a line that begins with a space continues the one before.
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let line = &rest[..end];
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        if encoding.is_none() {
            encoding = line.strip_prefix(b"encoding ");
        }
    }
    let (message, message_is_text) = decode(rest, encoding);
    Commit {
        id: Some(*id),
        parents: head.parents.clone(),
        tree: Some(head.tree),
        author: person(head.author),
        committer: person(head.committer),
        message,
        message_is_text,
    }
}

fn header<'a>(rest: &mut &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let value = rest.strip_prefix(name)?;
    let end = value.iter().position(|byte| *byte == b'\n')?;
    *rest = &value[end + 1..];
    Some(&value[..end])
}

fn read_id(hex: &[u8]) -> Option<ObjectId> {
    ObjectId::parse(std::str::from_utf8(hex).ok()?).ok()
}

/// UTF-8 stays as it is. Other bytes are decoded by the encoding that the commit names, where that works without loss.
fn decode(bytes: &[u8], encoding: Option<&[u8]>) -> (String, bool) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return (text.to_owned(), true);
    }
    let named = encoding.and_then(gix::filter::plumbing::encoding::Encoding::for_label);
    if let Some(text) = named.and_then(|encoding| encoding.decode_without_bom_handling_and_without_replacement(bytes)) {
        return (text.into_owned(), true);
    }
    (String::from_utf8_lossy(bytes).into_owned(), false)
}

/// `Name <address> seconds zone`, read as leniently as git does.
fn person(line: &[u8]) -> Person {
    let open = line.iter().position(|byte| *byte == b'<').unwrap_or(line.len());
    let after = line.get(open + 1..).unwrap_or_default();
    let close = after.iter().position(|byte| *byte == b'>').unwrap_or(after.len());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Person { name: text(&line[..open]), email: text(&after[..close]), seconds: seconds(line) }
}

fn seconds(line: &[u8]) -> i64 {
    let start = line.iter().rposition(|byte| *byte == b'>').map_or(0, |at| at + 1);
    let number = std::str::from_utf8(&line[start..]).ok().and_then(|text| text.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<Commit, GitError> {
        Ok(super::parse(&id(), &head_of(&id(), bytes)?))
    }

    fn id() -> ObjectId {
        ObjectId::parse(&"1".repeat(40)).unwrap()
    }

    fn raw(headers: &str, message: &[u8]) -> Vec<u8> {
        let mut bytes = format!("tree {}\n{headers}\n", "2".repeat(40)).into_bytes();
        bytes.extend_from_slice(message);
        bytes
    }

    const PEOPLE: &str = "author A U Thor <a@example.com> 12 +0100\ncommitter C <c@example.com> 34 -0700\n";

    #[test]
    fn a_late_parent_header_is_no_parent() {
        let parent = "3".repeat(40);
        let bytes = raw(&format!("parent {parent}\n{PEOPLE}parent {}\n", "4".repeat(40)), b"text\n");
        let commit = read(&bytes).unwrap();
        assert_eq!(commit.parents, [ObjectId::parse(&parent).unwrap()]);
        assert_eq!((commit.author.name.as_str(), commit.author.seconds), ("A U Thor", 12));
        assert_eq!((commit.committer.email.as_str(), commit.committer.seconds), ("c@example.com", 34));
        assert_eq!(commit.message, "text\n");
    }

    #[test]
    fn messages_in_other_encodings() {
        let latin = raw(&format!("{PEOPLE}encoding ISO-8859-1\n"), b"Gr\xfc\xdfe\n");
        let commit = read(&latin).unwrap();
        assert_eq!((commit.message.as_str(), commit.message_is_text), ("Grüße\n", true));
        let unknown = raw(PEOPLE, b"Gr\xfc\xdfe\n");
        let commit = read(&unknown).unwrap();
        assert_eq!((commit.message.as_str(), commit.message_is_text), ("Gr\u{fffd}\u{fffd}e\n", false));
    }

    #[test]
    fn a_signature_is_not_the_message() {
        let bytes = raw(&format!("{PEOPLE}gpgsig -----BEGIN\n \n encoding x\n -----END\n"), b"subject\n\nbody\n");
        assert_eq!(read(&bytes).unwrap().message, "subject\n\nbody\n");
    }

    proptest! {
        #[test]
        fn never_panics(bytes: Vec<u8>, tail: Vec<u8>) {
            let _ = read(&bytes);
            let mut commit = raw(PEOPLE, b"");
            commit.extend(tail);
            prop_assert!(read(&commit).is_ok());
        }
    }
}
