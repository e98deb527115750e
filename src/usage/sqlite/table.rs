//! Tables: where they begin, their columns, and their rows one after the other.

use super::pages::Database;
use super::record::{Value, values};
use super::{Result, SqliteError, u16_at, u32_at, varint};

/// A table as the schema tells of it.
struct Table {
    root: u32,
    columns: Vec<String>,
}

impl Database {
    /// Hands each row of a table to `visit`, as the values of the named columns. `false` where there is no such table, or it
    /// lacks one of the columns.
    pub(in crate::usage) fn rows(
        &mut self,
        table: &str,
        columns: &[&str],
        mut visit: impl FnMut(&[Value]),
    ) -> Result<bool> {
        let Some(table) = self.table(table)? else { return Ok(false) };
        let at = |name: &&str| table.columns.iter().position(|column| column == name);
        let Some(places) = columns.iter().map(at).collect::<Option<Vec<_>>>() else { return Ok(false) };
        self.each_record(table.root, &mut |record| {
            visit(&values(record, &places)?);
            Ok(())
        })?;
        Ok(true)
    }

    fn table(&mut self, name: &str) -> Result<Option<Table>> {
        let mut found = None;
        // type, name, tbl_name, rootpage, sql
        self.each_record(1, &mut |record| {
            if let [Value::Text(kind), Value::Text(own), Value::Integer(root), Value::Text(sql)] =
                values(record, &[0, 1, 3, 4])?.as_slice()
                && kind == "table"
                && own == name
            {
                let root = u32::try_from(*root).map_err(|_| SqliteError::Damaged("a table begins nowhere"))?;
                found = Some(Table { root, columns: columns(sql) });
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Walks the B-tree of a table, from its root.
    fn each_record(&mut self, root: u32, visit: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let mut waiting = vec![root];
        let mut visited = 0;
        while let Some(number) = waiting.pop() {
            visited += 1;
            if visited > self.count {
                return Err(SqliteError::Damaged("its pages lead in a circle"));
            }
            let page = self.page(number)?;
            // The first page begins with the header of the file.
            let start = if number == 1 { 100 } else { 0 };
            let cells = u16_at(&page, start + 3)?;
            match page.get(start) {
                Some(0x05) => {
                    // The last first, so that the first comes up first.
                    waiting.push(u32_at(&page, start + 8)?);
                    for cell in (0..cells).rev() {
                        waiting.push(u32_at(&page, u16_at(&page, start + 12 + 2 * cell)?)?);
                    }
                }
                Some(0x0d) => {
                    for cell in 0..cells {
                        let at = u16_at(&page, start + 8 + 2 * cell)?;
                        let record = self.record(page.get(at..).unwrap_or_default())?;
                        visit(&record)?;
                    }
                }
                _ => return Err(SqliteError::Damaged("a page of a table is of another kind")),
            }
        }
        Ok(())
    }

    /// The record of a leaf's cell, with what of it overflowed into pages of its own.
    fn record(&mut self, cell: &[u8]) -> Result<Vec<u8>> {
        const EARLY: SqliteError = SqliteError::Damaged("a row ends early");
        let (size, taken) = varint(cell)?;
        let (_, id) = varint(&cell[taken..])?;
        let cell = &cell[taken + id..];
        let most = u64::from(self.count).saturating_mul(self.usable as u64);
        let size = usize::try_from(size).ok().filter(|size| *size as u64 <= most).ok_or(EARLY)?;
        let local = local_size(size, self.usable);
        let mut record = cell.get(..local).ok_or(EARLY)?.to_vec();
        let mut next = if local < size { u32_at(cell, local)? } else { 0 };
        while record.len() < size {
            let page = self.page(next)?;
            next = u32_at(&page, 0)?;
            let rest = (size - record.len()).min(self.usable - 4);
            record.extend_from_slice(&page[4..4 + rest]);
        }
        Ok(record)
    }
}

/// How many bytes of a record lie in the leaf itself.
fn local_size(size: usize, usable: usize) -> usize {
    let most = usable - 35;
    if size <= most {
        return size;
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let fitting = least + (size - least) % (usable - 4);
    if fitting <= most { fitting } else { least }
}

/// The names of the columns, in order, of a `CREATE TABLE`.
fn columns(sql: &str) -> Vec<String> {
    let Some((_, body)) = sql.split_once('(') else { return Vec::new() };
    let mut parts = vec![String::new()];
    let (mut depth, mut quote) = (0_u32, None);
    for letter in body.chars() {
        match (quote, letter) {
            (Some(end), _) if letter == end => quote = None,
            (None, '\'' | '"' | '`') => quote = Some(letter),
            (None, '[') => quote = Some(']'),
            (None, '(') => depth += 1,
            (None, ')') if depth == 0 => break,
            (None, ')') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().into_iter().for_each(|part: &mut String| part.push(letter));
    }
    let named = |part: &String| {
        let part = part.trim();
        let end = match part.chars().next()? {
            quote @ ('"' | '`' | '\'') => return part[1..].split(quote).next().map(str::to_owned),
            '[' => return part[1..].split(']').next().map(str::to_owned),
            _ => part.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(part.len()),
        };
        let word = &part[..end];
        let is_constraint = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"].contains(&&*word.to_uppercase());
        (!is_constraint).then(|| word.to_owned())
    };
    parts.iter().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_a_table() {
        let sql = "CREATE TABLE `message` (\n `id` text PRIMARY KEY, session_id text DEFAULT 'a,(b' NOT NULL,\n \"data\" \
                   decimal(10, 2), [at] integer, CONSTRAINT `x` FOREIGN KEY (`session_id`) REFERENCES `s`(`id`))";
        assert_eq!(columns(sql), ["id", "session_id", "data", "at"]);
    }

    #[test]
    fn what_overflows() {
        assert_eq!(local_size(4061, 4096), 4061);
        assert_eq!(local_size(4062, 4096), 489);
        assert_eq!(local_size(5000, 4096), 489 + (5000 - 489) % 4092);
    }
}
