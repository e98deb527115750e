//! Reads tables of an SQLite file, and nothing else: no queries, no indexes, no writing.
//!
//! opencode keeps its sessions in such a file. All of SQLite would be a library in C, for which whoever builds the
//! program needs a C compiler, and it opens a file in WAL mode only with write access to the folder. The format is fixed for ever
//! (<https://www.sqlite.org/fileformat2.html>), and for a read of whole tables little of it is needed: pages, B-trees of
//! tables, records, and the write-ahead log, which holds what was written last.
//!
//! No lock is taken. Pages of the log are read from the log, and no writer changes other pages without putting them into the
//! log first; so a read is whole where nothing was added to the log meanwhile, which [`Database::is_unchanged`] tells.

mod pages;
mod record;
mod table;

use std::io;

pub(super) use pages::Database;

/// The first bytes of every SQLite file.
pub(super) const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Why a file cannot be read as SQLite's.
#[derive(Debug, thiserror::Error)]
pub(super) enum SqliteError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It is not as the format says.
    #[error("the SQLite file is damaged, or of a kind that cannot be read here: {0}")]
    Damaged(&'static str),
}

pub(super) type Result<T> = std::result::Result<T, SqliteError>;

/// A big-endian number of two bytes.
fn u16_at(bytes: &[u8], at: usize) -> Result<usize> {
    bytes
        .get(at..at + 2)
        .map(|two| usize::from(two[0]) << 8 | usize::from(two[1]))
        .ok_or(SqliteError::Damaged("a page ends early"))
}

/// A big-endian number of four bytes.
fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    match bytes.get(at..at + 4) {
        Some([a, b, c, d]) => Ok(u32::from_be_bytes([*a, *b, *c, *d])),
        _ => Err(SqliteError::Damaged("a page ends early")),
    }
}

/// A number of one to nine bytes, and the bytes it takes.
fn varint(bytes: &[u8]) -> Result<(u64, usize)> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        if index == 8 {
            return Ok((number << 8 | u64::from(*byte), 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Ok((number, index + 1));
        }
    }
    Err(SqliteError::Damaged("a number ends early"))
}
