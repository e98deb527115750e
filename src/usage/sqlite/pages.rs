//! Pages of the file, and of the write-ahead log before it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::{MAGIC, Result, SqliteError, u16_at, u32_at};

/// An open file.
pub(in crate::usage) struct Database {
    file: File,
    path: PathBuf,
    header: [u8; 100],
    page_size: usize,
    /// Bytes of a page that hold content; the rest is reserved for extensions.
    pub(super) usable: usize,
    /// Pages of the whole.
    pub(super) count: u32,
    log: Option<Log>,
}

/// The write-ahead log, up to its last commit.
struct Log {
    file: File,
    header: [u8; 32],
    /// Where its last whole frame ends.
    end: u64,
    /// Where the newest committed copy of a page begins.
    pages: HashMap<u32, u64>,
    /// Pages of the whole after the last commit; 0 where there is none.
    count: u32,
}

impl Database {
    /// Opens the file at `path`, with the log beside it.
    pub(in crate::usage) fn open(path: &Path) -> Result<Self> {
        let mut file = File::open(path)?;
        let mut header = [0; 100];
        file.read_exact(&mut header).map_err(|_| SqliteError::Damaged("its header is not whole"))?;
        if !header.starts_with(MAGIC) {
            return Err(SqliteError::Damaged("it does not begin as one"));
        }
        let page_size = match u16_at(&header, 16)? {
            1 => 65_536,
            size if size.is_power_of_two() && size >= 512 => size,
            _ => return Err(SqliteError::Damaged("its pages have an impossible size")),
        };
        let usable = page_size - usize::from(header[20]);
        if usable < 480 {
            return Err(SqliteError::Damaged("its pages have an impossible size"));
        }
        let log = Log::open(&beside(path, "-wal"), page_size)?;
        if log.is_none() && is_hot(&beside(path, "-journal"))? {
            return Err(SqliteError::Damaged(
                "a transaction is unfinished; opening it with its own program finishes it",
            ));
        }
        let mut database = Self { file, path: path.to_owned(), header, page_size, usable, count: 1, log };
        let first = database.page(1)?;
        database.count = match database.log.as_ref().map(|log| log.count) {
            Some(count) if count > 0 => count,
            _ => u32_at(&first, 28)?,
        };
        if u32_at(&first, 56)? != 1 {
            return Err(SqliteError::Damaged("its texts are not UTF-8"));
        }
        Ok(database)
    }

    /// The bytes of a page, from 1.
    pub(super) fn page(&mut self, number: u32) -> Result<Vec<u8>> {
        if number == 0 || number > self.count {
            return Err(SqliteError::Damaged("a page is named that does not exist"));
        }
        let mut page = vec![0; self.page_size];
        let (file, at) = match self.log.as_mut().and_then(|log| Some((*log.pages.get(&number)?, &mut log.file))) {
            Some((at, file)) => (file, at),
            None => (&mut self.file, u64::from(number - 1) * self.page_size as u64),
        };
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut page).map_err(|_| SqliteError::Damaged("a page is missing"))?;
        Ok(page)
    }

    /// Whether nothing was written since [`open`](Self::open).
    pub(in crate::usage) fn is_unchanged(&mut self) -> Result<bool> {
        let mut header = [0; 100];
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_exact(&mut header)?;
        let now = Log::open(&beside(&self.path, "-wal"), self.page_size)?;
        let state = |log: &Option<Log>| log.as_ref().map(|log| (log.header, log.end));
        Ok(header == self.header && state(&now) == state(&self.log))
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    PathBuf::from(name)
}

/// Whether a rollback journal holds what a transaction has not finished: a finished one is removed, emptied or zeroed.
fn is_hot(journal: &Path) -> Result<bool> {
    let mut start = [0; 8];
    match File::open(journal) {
        Ok(mut file) => Ok(file.read_exact(&mut start).is_ok() && start != [0; 8]),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl Log {
    /// The log at `path`; `None` where there is none, or none that counts.
    fn open(path: &Path, page_size: usize) -> Result<Option<Self>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let mut header = [0; 32];
        if file.read_exact(&mut header).is_err() {
            return Ok(None);
        }
        let is_big_endian = match u32_at(&header, 0)? {
            0x377f_0682 => false,
            0x377f_0683 => true,
            _ => return Ok(None),
        };
        let mut sum = Checksum { is_big_endian, sums: (0, 0) };
        sum.add(&header[..24]);
        if sum.sums != (u32_at(&header, 24)?, u32_at(&header, 28)?) || u32_at(&header, 8)? as usize != page_size {
            return Ok(None);
        }
        let mut log = Self { file, header, end: 32, pages: HashMap::new(), count: 0 };
        log.read_frames(sum, page_size)?;
        Ok(Some(log))
    }

    /// Reads the frames as far as they are of its present run, whole, and committed.
    fn read_frames(&mut self, mut sum: Checksum, page_size: usize) -> Result<()> {
        let mut source = BufReader::with_capacity(1 << 18, &self.file);
        let mut pending = Vec::new();
        let mut frame = vec![0; 24 + page_size];
        while source.read_exact(&mut frame).is_ok() {
            sum.add(&frame[..8]);
            sum.add(&frame[24..]);
            if frame[8..16] != self.header[16..24] || sum.sums != (u32_at(&frame, 16)?, u32_at(&frame, 20)?) {
                break;
            }
            pending.push((u32_at(&frame, 0)?, self.end + 24));
            self.end += frame.len() as u64;
            let committed = u32_at(&frame, 4)?;
            if committed > 0 {
                self.pages.extend(pending.drain(..));
                self.count = committed;
            }
        }
        Ok(())
    }
}

/// The checksum of a log, over pairs of 32-bit words.
struct Checksum {
    is_big_endian: bool,
    sums: (u32, u32),
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        let word = |bytes: &[u8]| {
            let four = [bytes[0], bytes[1], bytes[2], bytes[3]];
            if self.is_big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
        };
        let (mut first, mut second) = self.sums;
        for pair in bytes.chunks_exact(8) {
            first = first.wrapping_add(word(pair)).wrapping_add(second);
            second = second.wrapping_add(word(&pair[4..])).wrapping_add(first);
        }
        self.sums = (first, second);
    }
}
