//! Rows and columns, for a terminal and for Markdown.

/// The first column is text and the others are numbers.
#[derive(Debug, PartialEq)]
pub struct Table {
    pub title: String,
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Columns as wide as they have to be.
    pub fn text(&self) -> String {
        let head: Vec<_> = self.head.iter().map(|cell| (*cell).to_owned()).collect();
        let lines = || std::iter::once(&head).chain(&self.rows);
        let width = |column: usize| {
            let cells = lines().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<_> = (0..self.head.len()).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).enumerate();
            let padded = cells.map(|(column, (cell, width))| match column {
                0 => format!("{cell:<width$}"),
                _ => format!("{cell:>width$}"),
            });
            padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        };
        let lines: Vec<_> = lines().map(line).collect();
        format!("{}\n\n{}\n", self.title, lines.join("\n"))
    }

    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let head: Vec<_> = self.head.iter().map(|cell| (*cell).to_owned()).collect();
        let mut kinds = vec!["---:".to_owned(); self.head.len()];
        kinds[0] = "---".to_owned();
        let mut lines = vec![line(&head), line(&kinds)];
        lines.extend(self.rows.iter().map(|row| line(row)));
        format!("**{}**\n\n{}\n", self.title, lines.join("\n"))
    }
}

/// A number with the digits that say something: three, and no more behind the point than that
/// takes.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest.to_owned()),
        None => ("", text),
    };
    let (whole, rest) = match text.split_once('.') {
        Some((whole, rest)) => (whole.to_owned(), format!(".{rest}")),
        None => (text, String::new()),
    };
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table {
            title: "Título".to_owned(),
            head: vec!["", "a", "bb"],
            rows: vec![
                vec!["ñandú".to_owned(), "1".to_owned(), "2".to_owned()],
                vec!["x".to_owned(), "100".to_owned(), String::new()],
            ],
        }
    }

    #[test]
    fn columns_stand_below_each_other() {
        let expected = "Título\n\n         a  bb\nñandú    1   2\nx      100\n";
        assert_eq!(table().text(), expected);
    }

    #[test]
    fn markdown_has_numbers_on_the_right() {
        let expected = "**Título**\n\n|  | a | bb |\n| --- | ---: | ---: |\n\
                        | ñandú | 1 | 2 |\n| x | 100 |  |\n";
        assert_eq!(table().markdown(), expected);
    }

    #[test]
    fn numbers_have_three_digits_or_all_that_stand_before_the_point() {
        for (value, text) in [
            (0.0, "0.00"),
            (0.1234, "0.12"),
            (9.87, "9.87"),
            (12.34, "12.3"),
            (123.4, "123"),
            (1234.5, "1,234"),
            (1_234_567.0, "1,234,567"),
            (-1234.0, "-1,234"),
            (-0.5, "-0.50"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
