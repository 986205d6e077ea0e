//! The table of figures, with those of the baseline and the targets.

use serde_json::{Value, json};

/// The target of a figure.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// None.
    None,
    /// A maximum of the figure.
    Figure(f64),
    /// A maximum of its ratio to the baseline.
    Ratio(f64),
}

/// One figure.
#[derive(Clone, Debug)]
pub struct Row {
    what: String,
    unit: &'static str,
    figure: f64,
    bare: Option<f64>,
    limit: Limit,
}

impl Row {
    /// A figure without a comparison.
    #[must_use]
    pub fn new(what: impl Into<String>, unit: &'static str, figure: f64) -> Self {
        Self { what: what.into(), unit, figure, bare: None, limit: Limit::None }
    }

    /// Adds the baseline's figure.
    #[must_use]
    pub fn beside(self, bare: f64) -> Self {
        Self { bare: Some(bare), ..self }
    }

    /// Adds a target.
    #[must_use]
    pub fn within(self, limit: Limit) -> Self {
        Self { limit, ..self }
    }

    fn ratio(&self) -> Option<f64> {
        self.bare.filter(|bare| *bare > 0.0).map(|bare| self.figure / bare)
    }

    /// Whether it meets its target; `None` if it has no target.
    fn passes(&self) -> Option<bool> {
        match self.limit {
            Limit::None => None,
            Limit::Figure(limit) => Some(self.figure <= limit),
            Limit::Ratio(limit) => Some(self.ratio().is_some_and(|ratio| ratio <= limit)),
        }
    }

    fn target(&self) -> String {
        match self.limit {
            Limit::None => String::new(),
            Limit::Figure(limit) => format!("≤ {limit} {}", self.unit),
            Limit::Ratio(limit) => format!("≤ {limit} ×"),
        }
    }

    fn verdict(&self) -> &'static str {
        match self.passes() {
            None => "",
            Some(true) => "pass",
            Some(false) => "MISS",
        }
    }

    fn line(&self) -> [String; 6] {
        let shown = |figure: f64| format!("{} {}", rounded(figure), self.unit);
        let ratio = self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let bare = self.bare.map(shown).unwrap_or_default();
        [self.what.clone(), shown(self.figure), bare, ratio, self.target(), self.verdict().to_owned()]
    }

    fn json(&self) -> Value {
        json!({
            "what": self.what,
            "unit": self.unit,
            "figure": self.figure,
            "bare": self.bare,
            "ratio": self.ratio(),
            "target": self.target(),
            "pass": self.passes(),
        })
    }
}

/// Three significant digits.
fn rounded(figure: f64) -> String {
    match figure {
        figure if figure >= 100.0 || figure.fract() == 0.0 => format!("{figure:.0}"),
        figure if figure >= 10.0 => format!("{figure:.1}"),
        figure if figure >= 1.0 => format!("{figure:.2}"),
        figure => format!("{figure:.3}"),
    }
}

/// Lines as a Markdown table. The first line has the headings.
#[must_use]
pub fn aligned<const COLUMNS: usize>(lines: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let pad = |text: &String, width: usize| format!("{text}{}", " ".repeat(width - text.chars().count()));
    let show = |line: &[String; COLUMNS]| {
        let cells: Vec<_> = line.iter().zip(widths).map(|(text, width)| pad(text, width)).collect();
        format!("| {} |", cells.join(" | "))
    };
    let rule = format!("|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"));
    let mut shown: Vec<_> = lines.iter().map(show).collect();
    shown.insert(1, rule);
    shown.join("\n")
}

/// All figures of a run.
#[derive(Debug)]
pub struct Table {
    baseline: String,
    rows: Vec<Row>,
}

impl Table {
    /// An empty table with a column for the figures of `baseline`.
    #[must_use]
    pub fn beside(baseline: impl Into<String>) -> Self {
        Self { baseline: baseline.into(), rows: Vec::new() }
    }

    /// Adds a figure.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// How many figures miss their target.
    #[must_use]
    pub fn misses(&self) -> usize {
        self.rows.iter().filter(|row| row.passes() == Some(false)).count()
    }

    /// As a Markdown table.
    #[must_use]
    pub fn text(&self) -> String {
        let head = ["what", "figure", &self.baseline, "ratio", "target", ""].map(str::to_owned);
        let mut lines = vec![head];
        lines.extend(self.rows.iter().map(Row::line));
        aligned(&lines)
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        self.rows.iter().map(Row::json).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_compared_with_its_target() {
        let row = Row::new("init", "ms", 3.0).beside(6.0);
        assert_eq!(row.passes(), None);
        assert_eq!(row.clone().within(Limit::Ratio(0.6)).passes(), Some(true));
        assert_eq!(row.clone().within(Limit::Ratio(0.4)).passes(), Some(false));
        assert_eq!(row.within(Limit::Figure(3.0)).passes(), Some(true));
        assert_eq!(Row::new("init", "ms", 3.0).within(Limit::Ratio(9.0)).passes(), Some(false));
    }

    #[test]
    fn the_table_is_aligned() {
        let mut table = Table::beside("bare function");
        table.push(Row::new("cold", "ms", 120.25).within(Limit::Figure(100.0)));
        let text = table.text();
        let widths: Vec<_> = text.lines().map(|line| line.chars().count()).collect();
        assert!(widths.windows(2).all(|pair| pair[0] == pair[1]), "{text}");
        assert!(text.contains("MISS"));
        assert_eq!(table.misses(), 1);
    }
}
