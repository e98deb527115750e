//! Rows: the values of a record.

use super::{Result, SqliteError, varint};

/// A value of a row. Numbers with fractions and bytes are read by nobody here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::usage) enum Value {
    Null,
    Integer(i64),
    Text(String),
    Other,
}

impl Value {
    /// The text, where it is one.
    pub(in crate::usage) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, where it is a whole one.
    pub(in crate::usage) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

/// The values of a record at `columns`; one that a later version of the table added is null in older rows.
pub(super) fn values(record: &[u8], columns: &[usize]) -> Result<Vec<Value>> {
    const EARLY: SqliteError = SqliteError::Damaged("a row ends early");
    let (size, mut at) = varint(record)?;
    let mut body = usize::try_from(size).ok().filter(|size| *size <= record.len()).ok_or(EARLY)?;
    let end = body;
    let mut found = vec![Value::Null; columns.len()];
    let mut column = 0;
    while at < end {
        let (kind, taken) = varint(&record[at..end])?;
        at += taken;
        let length = length_of(kind).ok_or(EARLY)?;
        let bytes = body.checked_add(length).and_then(|after| record.get(body..after)).ok_or(EARLY)?;
        for (place, _) in columns.iter().enumerate().filter(|(_, wanted)| **wanted == column) {
            found[place] = value(kind, bytes);
        }
        body += length;
        column += 1;
    }
    Ok(found)
}

fn length_of(kind: u64) -> Option<usize> {
    Some(match kind {
        0 | 8 | 9 => 0,
        1..=4 => kind as usize,
        5 => 6,
        6 | 7 => 8,
        10 | 11 => return None,
        _ => usize::try_from((kind - 12) / 2).ok()?,
    })
}

fn value(kind: u64, bytes: &[u8]) -> Value {
    match kind {
        0 => Value::Null,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        1..=6 => {
            let sign = if bytes.first().is_some_and(|byte| byte & 0x80 != 0) { -1 } else { 0 };
            Value::Integer(bytes.iter().fold(sign, |number, byte| number << 8 | i64::from(*byte)))
        }
        kind if kind >= 13 && kind % 2 == 1 => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        _ => Value::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_by_their_kinds() {
        // Header of 6 bytes: null, one, a number of one byte, of two bytes, a text of two letters.
        let record = [6, 0, 9, 1, 2, 17, 0xfe, 0x01, 0x00, b'o', b'k'];
        let read = values(&record, &[4, 0, 1, 2, 3, 9]).unwrap();
        let text = Value::Text("ok".into());
        let numbers = [1, -2, 256].map(Value::Integer);
        assert_eq!(read[..2], [text, Value::Null]);
        assert_eq!(read[2..5], numbers);
        assert_eq!(read[5], Value::Null, "a column that the row does not have");
        for cut in 0..record.len() {
            assert!(values(&record[..cut], &[0]).is_err(), "{cut}");
        }
    }
}
