//! Where text ends up: a standard stream, or memory in tests.

use std::io::{self, Write};

use anstream::AutoStream;

/// A place to write to.
#[derive(Debug)]
pub(super) enum Sink {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
    /// A reader that has gone: what is written is dropped.
    Gone,
    /// Memory.
    Memory(Vec<u8>),
}

impl Sink {
    /// Writes all of `text` at once and flushes. With `color`, it may hold ANSI styles; consoles that know none are served
    /// too. A broken pipe is no error.
    pub(super) fn write(&mut self, text: &[u8], color: bool) -> io::Result<()> {
        let result = match self {
            Self::Output if color => write_all(AutoStream::always(io::stdout()).lock(), text),
            Self::Output => write_all(io::stdout().lock(), text),
            Self::Error if color => write_all(AutoStream::always(io::stderr()).lock(), text),
            Self::Error => write_all(io::stderr().lock(), text),
            Self::Gone => Ok(()),
            Self::Memory(bytes) => write_all(bytes, text),
        };
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                *self = Self::Gone;
                Ok(())
            }
            other => other,
        }
    }

    /// What memory holds; nothing for a stream.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Memory(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        }
    }
}

fn write_all(mut target: impl Write, text: &[u8]) -> io::Result<()> {
    target.write_all(text)?;
    target.flush()
}
