//! Tables that read well as plain text and as Markdown.

use std::fmt;

/// A table whose first column is text and whose others are numbers.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this first line.
    pub fn new(header: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut table = Self::default();
        table.push(header);
        table
    }

    /// Adds a line.
    pub fn push(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let cell = |row: usize, column: usize| self.rows[row].get(column).map_or("", String::as_str);
        let width = |column| (0..self.rows.len()).map(|row| cell(row, column).chars().count()).max();
        let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
        for row in 0..self.rows.len() {
            for (column, &width) in widths.iter().enumerate() {
                match column {
                    0 => write!(f, "| {:<width$} |", cell(row, column))?,
                    _ => write!(f, " {:>width$} |", cell(row, column))?,
                }
            }
            writeln!(f)?;
            if row == 0 {
                let rule = widths.iter().enumerate();
                let rule =
                    rule.map(|(column, width)| "-".repeat(width + 1) + if column == 0 { "-" } else { ":" });
                writeln!(f, "|{}|", rule.collect::<Vec<_>>().join("|"))?;
            }
        }
        Ok(())
    }
}

/// A number with three significant digits, as far as that takes decimals; a dash where there is none.
pub fn number(value: Option<f64>) -> String {
    match value {
        None => "-".to_owned(),
        Some(value) if value < 9.995 => format!("{value:.2}"),
        Some(value) if value < 99.95 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, number};

    #[test]
    fn columns_are_aligned_and_short_lines_filled() {
        let mut table = Table::new(["", "chain", "fan"]);
        table.push(["oneTBB", "28.0", "147"]);
        table.push(["rayon"]);
        let expected = "\
|        | chain | fan |
|--------|------:|----:|
| oneTBB |  28.0 | 147 |
| rayon  |       |     |
";
        assert_eq!(table.to_string(), expected);
    }

    #[test]
    fn numbers_have_three_digits() {
        let all = [0.123, 1.0, 9.996, 28.04, 99.96, 1234.5].map(|value| number(Some(value)));
        assert_eq!(all, ["0.12", "1.00", "10.0", "28.0", "100", "1234"]);
        assert_eq!(number(None), "-");
    }
}
