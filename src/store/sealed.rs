//! A file of what a clone keeps outside the tree, believed only whole: a line that says what it is, a checksum, the bytes.
//!
//! It may be deleted at any time; what is damaged, of another program or of another form counts as absent.

use std::path::{Path, PathBuf};

use super::{StoreError, read_whole, write_again};

/// The bytes of such a file.
#[derive(Debug)]
pub struct Sealed {
    file: Vec<u8>,
    start: usize,
}

impl Sealed {
    /// The file `name` below `common_dir`, whose first line is `kind`; `None` where there is none.
    pub fn load(common_dir: &Path, name: &str, kind: &str) -> Option<Self> {
        let file = read_whole(&path(common_dir, name)).ok()??;
        let (sum, bytes) = file.strip_prefix(kind.as_bytes())?.strip_prefix(b"\n")?.split_first_chunk::<4>()?;
        let (is_whole, start) = (crc32fast::hash(bytes) == u32::from_le_bytes(*sum), file.len() - bytes.len());
        is_whole.then_some(Self { file, start })
    }

    /// What such a file is to hold.
    pub fn of(kind: &str, bytes: &[u8]) -> Self {
        let mut file = Vec::with_capacity(kind.len() + 5 + bytes.len());
        file.extend_from_slice(kind.as_bytes());
        file.push(b'\n');
        file.extend_from_slice(&crc32fast::hash(bytes).to_le_bytes());
        let start = file.len();
        file.extend_from_slice(bytes);
        Self { file, start }
    }

    /// Replaces the file `name` as a whole. Who writes last wins.
    pub fn save(&self, common_dir: &Path, name: &str) -> Result<(), StoreError> {
        write_again(&path(common_dir, name), &self.file)
    }

    /// What the file holds.
    pub fn bytes(&self) -> &[u8] {
        &self.file[self.start..]
    }
}

fn path(common_dir: &Path, name: &str) -> PathBuf {
    common_dir.join("agentops").join(format!("{name}.cache"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_was_changed_counts_as_absent() {
        let folder = tempfile::tempdir().unwrap();
        let read = |kind: &str| Sealed::load(folder.path(), "words", kind).map(|sealed| sealed.bytes().to_vec());
        assert_eq!(read("words 1"), None);
        for bytes in [&b""[..], b"some bytes"] {
            Sealed::of("words 1", bytes).save(folder.path(), "words").unwrap();
            assert_eq!((read("words 1").as_deref(), read("words 2"), read("words")), (Some(bytes), None, None));
        }
        let file = path(folder.path(), "words");
        let whole = std::fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            std::fs::write(&file, &damaged).unwrap();
            assert_eq!(read("words 1"), None, "byte {at}");
            std::fs::write(&file, &whole[..at]).unwrap();
            assert_eq!(read("words 1"), None, "{at} bytes");
        }
    }
}
