//! Lines of JSON, one after the other, from files of any size.

use std::io::{self, BufRead, Read as _};

use super::transcript::Unread;

/// A line is read up to here; a longer one counts as one that cannot be read. Pictures in transcripts are long.
const LONGEST: u64 = 64 << 20;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// Without its line feed.
    Whole(&'a [u8]),
    /// Longer than anything that counts.
    TooLong,
}

/// The lines of a stream, and which of them could not be read or counted.
pub(super) struct Lines<R> {
    source: R,
    line: Vec<u8>,
    /// The number of the line, from 1.
    number: u64,
    unread: Unread,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(source: R) -> Self {
        Self { source, line: Vec::new(), number: 0, unread: Unread::default() }
    }

    /// Notes that the line given last could not be read, or not be counted.
    pub(super) fn pass_over(&mut self) {
        self.unread.count += 1;
        self.unread.first = self.unread.first.or(Some(self.number));
    }

    /// The lines that were passed over.
    pub(super) fn unread(&self) -> Unread {
        self.unread
    }

    /// The next line that is not blank.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.next_within(LONGEST)
    }

    fn next_within(&mut self, longest: u64) -> io::Result<Option<Line<'_>>> {
        loop {
            self.line.clear();
            if (&mut self.source).take(longest).read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            let is_whole = self.line.last() == Some(&b'\n') || (self.line.len() as u64) < longest;
            if !is_whole {
                self.source.skip_until(b'\n')?;
                self.line = Vec::new();
                return Ok(Some(Line::TooLong));
            }
            if !self.line.iter().all(u8::is_ascii_whitespace) {
                break;
            }
        }
        // A transcript that is being written may end within a line; the reader of JSON will say so.
        Ok(Some(Line::Whole(self.line.strip_suffix(b"\n").unwrap_or(&self.line))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_passed_over() {
        let mut lines = Lines::new(&b"one\n\n  \r\n0123456789\ntwo"[..]);
        let mut next = || match lines.next_within(8).unwrap() {
            None => "end".to_owned(),
            Some(Line::TooLong) => {
                lines.pass_over();
                "too long".to_owned()
            }
            Some(Line::Whole(line)) => String::from_utf8_lossy(line).into_owned(),
        };
        assert_eq!([next(), next(), next(), next()], ["one", "too long", "two", "end"]);
        assert_eq!(lines.unread(), Unread { count: 1, first: Some(4) });
    }
}
