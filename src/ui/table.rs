//! Lists as columns: aligned by how wide characters are shown, never cut.

use super::page::{Span, dim, plain};

/// Rows of cells. A missing cell is empty; the last column is not padded.
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: Vec<Vec<Span>>,
}

impl Table {
    /// An empty table with a line of headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.into_iter().map(dim).collect()] }
    }

    /// An empty table without headings.
    pub fn without_headings() -> Self {
        Self::default()
    }

    /// One more row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Span>) -> &mut Self {
        self.rows.push(cells.into_iter().collect());
        self
    }

    /// The lines, two columns of space between cells.
    pub(super) fn lines(&self) -> Vec<Vec<Span>> {
        let count = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width =
            |column: usize| self.rows.iter().filter_map(|row| row.get(column)).map(Span::width).max().unwrap_or(0);
        let widths: Vec<usize> = (0..count).map(width).collect();
        self.rows
            .iter()
            .map(|row| {
                let mut line = Vec::new();
                for (column, cell) in row.iter().enumerate() {
                    line.push(cell.clone());
                    // Nothing but padding may follow, so that no line ends in spaces.
                    if row[column + 1..].iter().any(|later| later.width() > 0) {
                        line.push(plain(" ".repeat(widths[column] - cell.width() + 2)));
                    }
                }
                line
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::{Page, strong};
    use super::*;

    #[test]
    fn columns_align_by_shown_width() {
        let mut table = Table::new(["task", "title"]);
        table
            .row([strong("auth-k3f9"), plain("日本")])
            .row([plain("日本"), plain("a\u{1b}b"), plain("")])
            .row([plain("x")]);
        let mut page = Page::new(false, 80);
        page.table(&table);
        assert_eq!(page.finish(), "task       title\nauth-k3f9  日本\n日本       a\\u{1b}b\nx\n");
    }

    #[test]
    fn an_empty_table_prints_nothing() {
        let mut page = Page::new(false, 80);
        page.table(&Table::without_headings());
        assert_eq!(page.finish(), "");
    }
}
