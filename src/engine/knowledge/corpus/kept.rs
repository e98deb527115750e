//! The learnings of a tree as bytes, looked up where they lie: a search parses what it shows and nothing else.
//!
//! Rows of one size, one for each learning: first those of the tree, newest first, then what else was read, of other trees or no
//! learning at all. What has no size of its own lies in a section each, one row's behind the other's. Numbers are little-endian.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::engine::knowledge::ageing::Origin;
use crate::model::digest::ObjectId;
use crate::model::name::RecordId;
use crate::store::sealed::Sealed;
use crate::text::search::KeptText;

/// Of a record's id, in bytes.
const ID: usize = 26;
/// Of the numbers before the sections: the length of object ids, the rows of the tree, the length of each section.
const HEAD: usize = 1 + 4 + 4 * SECTIONS;
const SECTIONS: usize = 7;

/// The sections, in their order.
#[derive(Clone, Copy)]
enum Section {
    /// What tells the tree.
    Key,
    /// A line for each folder.
    Folders,
    /// Where the row's part of the texts, tags and ids ends, the number of its folder, its id, its blob.
    Rows,
    Texts,
    Tags,
    Supersedes,
    /// The number of a row and two commits, for the rows of which they are known.
    Origins,
}

/// What is known of a blob without opening it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Facts<'a> {
    /// Its words; nothing for what is no learning.
    pub(super) text: &'a [u8],
    /// With a space between them.
    pub(super) tags: &'a str,
    /// One id behind the other.
    pub(super) supersedes: &'a str,
    /// Who brought it to the line from which somebody has looked.
    pub(super) origin: Option<Origin>,
}

/// All of them.
#[derive(Debug)]
pub(super) struct Kept {
    file: Sealed,
    of_object: usize,
    in_tree: usize,
    sections: [Range<usize>; SECTIONS],
}

impl Kept {
    /// Reads what a [`Builder`] or [`with_origins`](Self::with_origins) made; `None` for anything else.
    pub(super) fn of(file: Sealed) -> Option<Self> {
        let bytes = file.bytes();
        let (of_object, in_tree) = (usize::from(*bytes.first()?), number(bytes, 1)?);
        let mut at = HEAD;
        let mut sections = [const { 0..0 }; SECTIONS];
        for (index, section) in sections.iter_mut().enumerate() {
            let end = at.checked_add(number(bytes, 5 + 4 * index)?)?;
            *section = at..end;
            at = end;
        }
        let whole = at == bytes.len() && matches!(of_object, 20 | 32);
        let kept = Self { file, of_object, in_tree, sections };
        let fits =
            whole && kept.section(Section::Rows).len().is_multiple_of(kept.row_length()) && in_tree <= kept.count();
        fits.then_some(kept)
    }

    pub(super) fn file(&self) -> &Sealed {
        &self.file
    }

    /// What tells the tree.
    pub(super) fn key(&self) -> &str {
        self.text(Section::Key)
    }

    /// How many the tree has.
    pub(super) fn in_tree(&self) -> usize {
        self.in_tree
    }

    /// The words of those of the tree.
    pub(super) fn texts(&self) -> Vec<KeptText<'_>> {
        (0..self.in_tree).map(|row| KeptText::of(self.part(Section::Texts, row)).unwrap_or_default()).collect()
    }

    /// The folder of the row's learning.
    pub(super) fn folders(&self) -> Vec<&str> {
        self.text(Section::Folders).lines().collect()
    }

    /// The number of the row's folder.
    pub(super) fn folder(&self, row: usize) -> usize {
        number(self.row(row), 12).unwrap_or(usize::MAX)
    }

    /// The id of the row's learning.
    pub(super) fn id(&self, row: usize) -> &str {
        text(self.row(row).get(16..16 + ID))
    }

    /// The row's blob.
    pub(super) fn object(&self, row: usize) -> Option<ObjectId> {
        ObjectId::from_bytes(self.row(row).get(16 + ID..)?)
    }

    /// The row's tags, with a space between them.
    pub(super) fn tags(&self, row: usize) -> &str {
        text(Some(self.part(Section::Tags, row)))
    }

    /// The ids that the row's learning replaces.
    pub(super) fn supersedes(&self, row: usize) -> impl Iterator<Item = &str> {
        self.part(Section::Supersedes, row).as_chunks::<ID>().0.iter().map(|id| text(Some(id)))
    }

    /// Who brought the row's learning, where that is known.
    pub(super) fn origin(&self, row: usize) -> Option<Origin> {
        let length = 4 + 2 * self.of_object;
        let (mut low, mut high) = (0, self.section(Section::Origins).len() / length);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.section(Section::Origins).get(middle * length..(middle + 1) * length)?;
            match number(entry, 0)?.cmp(&row) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => {
                    let (commit, seen_from) = entry[4..].split_at(self.of_object);
                    let [commit, seen_from] = [commit, seen_from].map(ObjectId::from_bytes);
                    return Some(Origin { commit: commit?, seen_from: seen_from? });
                }
            }
        }
        None
    }

    /// Each row with its blob and what is known of that, those of other trees included.
    pub(super) fn all(&self) -> impl Iterator<Item = (ObjectId, Facts<'_>)> {
        (0..self.count()).filter_map(|row| {
            let facts = Facts {
                text: self.part(Section::Texts, row),
                tags: self.tags(row),
                supersedes: text(Some(self.part(Section::Supersedes, row))),
                origin: self.origin(row),
            };
            Some((self.object(row)?, facts))
        })
    }

    /// The same bytes with who brought some of them.
    pub(super) fn with_origins(&self, kind: &str, found: &[(usize, Origin)]) -> Option<Self> {
        let known = (0..self.count()).filter_map(|row| Some((row, self.origin(row)?)));
        let all: BTreeMap<usize, Origin> = known.chain(found.iter().copied()).collect();
        let mut origins = Vec::new();
        for (row, origin) in &all {
            put_origin(&mut origins, *row, origin)?;
        }
        let mut bytes = self.file.bytes()[..self.sections[Section::Origins as usize].start].to_vec();
        bytes[HEAD - 4..HEAD].copy_from_slice(&u32::try_from(origins.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(&origins);
        Self::of(Sealed::of(kind, &bytes))
    }

    fn count(&self) -> usize {
        self.section(Section::Rows).len() / self.row_length()
    }

    fn row_length(&self) -> usize {
        16 + ID + self.of_object
    }

    fn row(&self, row: usize) -> &[u8] {
        let start = row * self.row_length();
        self.section(Section::Rows).get(start..start + self.row_length()).unwrap_or_default()
    }

    /// The row's part of a section.
    fn part(&self, section: Section, row: usize) -> &[u8] {
        let column = 4 * (section as usize - Section::Texts as usize);
        let start = if row == 0 { Some(0) } else { number(self.row(row - 1), column) };
        let span = start.zip(number(self.row(row), column));
        span.and_then(|(start, end)| self.section(section).get(start..end)).unwrap_or_default()
    }

    fn section(&self, section: Section) -> &[u8] {
        &self.file.bytes()[self.sections[section as usize].clone()]
    }

    fn text(&self, section: Section) -> &str {
        text(Some(self.section(section)))
    }
}

/// Puts such bytes together.
#[derive(Debug, Default)]
pub(super) struct Builder {
    folders: Vec<String>,
    in_tree: u32,
    rows: Vec<u8>,
    texts: Vec<u8>,
    tags: Vec<u8>,
    supersedes: Vec<u8>,
    origins: Vec<u8>,
    count: usize,
}

impl Builder {
    /// The next learning of the tree. All of them come before what is [`beside`](Self::beside) it; `None` where it is too much.
    pub(super) fn in_tree(&mut self, folder: &str, id: &RecordId, object: &ObjectId, facts: &Facts<'_>) -> Option<()> {
        self.in_tree += 1;
        let known = self.folders.iter().rposition(|known| known == folder);
        let number = known.unwrap_or_else(|| {
            self.folders.push(folder.to_owned());
            self.folders.len() - 1
        });
        self.put(u32::try_from(number).ok()?, id.as_str(), object, facts)
    }

    /// A blob that is no learning, or of another tree.
    pub(super) fn beside(&mut self, object: &ObjectId, facts: &Facts<'_>) -> Option<()> {
        self.put(u32::MAX, &"0".repeat(ID), object, facts)
    }

    fn put(&mut self, folder: u32, id: &str, object: &ObjectId, facts: &Facts<'_>) -> Option<()> {
        self.texts.extend_from_slice(facts.text);
        self.tags.extend_from_slice(facts.tags.as_bytes());
        self.supersedes.extend_from_slice(facts.supersedes.as_bytes());
        for section in [&self.texts, &self.tags, &self.supersedes] {
            self.rows.extend_from_slice(&u32::try_from(section.len()).ok()?.to_le_bytes());
        }
        self.rows.extend_from_slice(&folder.to_le_bytes());
        self.rows.extend_from_slice(id.as_bytes());
        self.rows.extend_from_slice(object.as_bytes());
        if let Some(origin) = &facts.origin {
            put_origin(&mut self.origins, self.count, origin)?;
        }
        self.count += 1;
        Some(())
    }

    /// All of it, of the tree that `key` tells, in a repository whose object ids have so many bytes.
    pub(super) fn finish(self, kind: &str, key: &str, of_object: usize) -> Option<Kept> {
        let folders = self.folders.join("\n");
        let sections: [&[u8]; SECTIONS] =
            [key.as_bytes(), folders.as_bytes(), &self.rows, &self.texts, &self.tags, &self.supersedes, &self.origins];
        let mut bytes = Vec::with_capacity(HEAD + sections.iter().map(|section| section.len()).sum::<usize>());
        bytes.push(u8::try_from(of_object).ok()?);
        bytes.extend_from_slice(&self.in_tree.to_le_bytes());
        for section in sections {
            bytes.extend_from_slice(&u32::try_from(section.len()).ok()?.to_le_bytes());
        }
        for section in sections {
            bytes.extend_from_slice(section);
        }
        Kept::of(Sealed::of(kind, &bytes))
    }
}

fn put_origin(out: &mut Vec<u8>, row: usize, origin: &Origin) -> Option<()> {
    out.extend_from_slice(&u32::try_from(row).ok()?.to_le_bytes());
    out.extend_from_slice(origin.commit.as_bytes());
    out.extend_from_slice(origin.seen_from.as_bytes());
    Some(())
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk::<4>()?) as usize)
}

fn text(bytes: Option<&[u8]>) -> &str {
    bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: &str = "kept 1";

    fn id(number: u8) -> RecordId {
        RecordId::parse(&format!("01kbjd8r{number:018}")).unwrap()
    }

    #[test]
    fn what_was_put_in_is_there() {
        for of_object in [20, 32] {
            what_was_put_in_is_there_with(of_object);
        }
    }

    fn what_was_put_in_is_there_with(of_object: usize) {
        let object = |byte: u8| ObjectId::from_bytes(&[byte; 32][..of_object]).unwrap();
        let origin = Origin { commit: object(8), seen_from: object(9) };
        let ids = [id(1), id(2)].map(|id| id.to_string()).concat();
        let facts = [
            Facts { text: &[1, 0, 0, 0, 5, 6, 7, 8, 1, 0], tags: "disk index", supersedes: &ids, origin: None },
            Facts { text: &[0; 4], tags: "", supersedes: "", origin: Some(origin) },
            Facts { text: &[], tags: "", supersedes: "", origin: None },
            Facts { text: &[2, 0, 0, 0], tags: "lock", supersedes: &ids[..ID], origin: Some(origin) },
        ];
        let mut builder = Builder::default();
        builder.in_tree(".agentops/sre/learnings/2026/11", &id(4), &object(1), &facts[0]).unwrap();
        builder.in_tree(".agentops/sre/learnings/2026/10", &id(3), &object(2), &facts[1]).unwrap();
        builder.beside(&object(3), &facts[2]).unwrap();
        builder.beside(&object(4), &facts[3]).unwrap();
        let kept = builder.finish(KIND, "sre 1234\n", of_object).unwrap();
        assert_eq!((kept.key(), kept.in_tree(), kept.texts().len()), ("sre 1234\n", 2, 2));
        assert_eq!((kept.id(0), kept.object(0), kept.tags(0)), (id(4).as_str(), Some(object(1)), "disk index"));
        assert_eq!(kept.folders()[kept.folder(1)], ".agentops/sre/learnings/2026/10");
        assert_eq!(kept.supersedes(0).collect::<Vec<_>>(), [id(1).as_str(), id(2).as_str()]);
        assert_eq!(kept.all().map(|(object, _)| object).collect::<Vec<_>>(), [1, 2, 3, 4].map(object));
        assert_eq!(kept.all().map(|(_, facts)| facts).collect::<Vec<_>>(), facts);
        let other = Origin { commit: object(10), seen_from: object(11) };
        let noted = kept.with_origins(KIND, &[(0, other), (1, other)]).unwrap();
        assert_eq!([0, 1, 2, 3].map(|row| noted.origin(row)), [Some(other), Some(other), None, Some(origin)]);
        assert_eq!(noted.all().nth(3).unwrap().1, facts[3]);
        assert_eq!(noted.with_origins(KIND, &[]).unwrap().file().bytes(), noted.file().bytes());
        for end in 0..kept.file().bytes().len() {
            assert!(Kept::of(Sealed::of(KIND, &kept.file().bytes()[..end])).is_none(), "{end} bytes");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            in_tree in 0_u32..3, lengths in proptest::collection::vec(0_u32..3, 7), noise in proptest::collection::vec(any::<u8>(), 300),
        ) {
            let mut bytes = vec![20];
            bytes.extend(in_tree.to_le_bytes());
            let lengths: Vec<u32> = lengths.iter().enumerate().map(|(at, length)| if at == 2 { length * 62 } else { length * 11 }).collect();
            bytes.extend(lengths.iter().flat_map(|length| length.to_le_bytes()));
            bytes.extend(&noise[..lengths.iter().sum::<u32>().min(300) as usize]);
            if let Some(kept) = Kept::of(Sealed::of(KIND, &bytes)) {
                let _ = (kept.texts(), kept.key(), kept.folders(), kept.with_origins(KIND, &[]));
                for row in 0..4 {
                    let _ = (kept.id(row), kept.object(row), kept.tags(row), kept.folder(row), kept.origin(row));
                    let _ = (kept.supersedes(row).count(), kept.all().count());
                }
            }
        }
    }
}
