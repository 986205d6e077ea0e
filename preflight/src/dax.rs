//! Finds the names that a DAX expression uses, without a full parser.

use std::iter::Peekable;
use std::str::Chars;

/// The names in an expression.
#[derive(Debug, Default)]
pub(crate) struct DaxNames {
    /// `Table[Name]`: a column, or a measure written with its table.
    pub(crate) qualified: Vec<(String, String)>,
    /// `[Name]`: a measure, or a column of the current row.
    pub(crate) unqualified: Vec<String>,
    /// Unqualified names: tables and variables.
    pub(crate) identifiers: Vec<String>,
    /// Names before a parenthesis.
    functions: Vec<String>,
}

/// Functions that replace the relationships of the model.
const RELATING: [&str; 6] = ["USERELATIONSHIP", "CROSSFILTER", "TREATAS", "INTERSECT", "CONTAINS", "LOOKUPVALUE"];

impl DaxNames {
    /// Reads an expression. Strings and comments are skipped.
    pub(crate) fn of(expression: &str) -> Self {
        let mut names = Self::default();
        let mut table: Option<String> = None;
        let mut chars = expression.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' => drop(delimited(&mut chars, '"')),
                '-' | '/' if chars.peek() == Some(&c) => skip_line(&mut chars),
                '/' if chars.peek() == Some(&'*') => skip_comment(&mut chars),
                '\'' => names.keep(table.replace(delimited(&mut chars, '\''))),
                '[' => names.bracketed(table.take(), delimited(&mut chars, ']')),
                _ if starts_identifier(c) => names.keep(table.replace(identifier(c, &mut chars))),
                _ if c.is_whitespace() => {}
                // `Sales[Date].[Year]`: a level of the date hierarchy of a column.
                '.' if chars.next_if_eq(&'[').is_some() => drop(delimited(&mut chars, ']')),
                '(' => names.functions.extend(table.take()),
                _ => names.keep(table.take()),
            }
        }
        names.keep(table);
        names
    }

    /// Whether the expression replaces the relationships of the model.
    pub(crate) fn sets_relationships(&self) -> bool {
        self.functions.iter().any(|name| RELATING.iter().any(|function| name.eq_ignore_ascii_case(function)))
    }

    fn keep(&mut self, name: Option<String>) {
        self.identifiers.extend(name);
    }

    fn bracketed(&mut self, table: Option<String>, name: String) {
        match table {
            Some(table) if !is_keyword(&table) => self.qualified.push((table, name)),
            _ => self.unqualified.push(name),
        }
    }
}

/// Keywords. A bracket after one of them does not belong to a table.
fn is_keyword(word: &str) -> bool {
    ["RETURN", "IN", "NOT", "VAR", "ASC", "DESC", "BY", "EVALUATE"].iter().any(|k| word.eq_ignore_ascii_case(k))
}

fn starts_identifier(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn identifier(first: char, chars: &mut Peekable<Chars<'_>>) -> String {
    let mut name = String::from(first);
    while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
        name.push(c);
    }
    name
}

/// The text up to a delimiter. Inside the text, the delimiter is doubled.
fn delimited(chars: &mut Peekable<Chars<'_>>, end: char) -> String {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        if c == end && chars.next_if_eq(&end).is_none() {
            break;
        }
        text.push(c);
    }
    text
}

fn skip_line(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| *c != '\n').is_some() {}
}

fn skip_comment(chars: &mut Peekable<Chars<'_>>) {
    chars.next();
    let mut star = false;
    for c in chars.by_ref() {
        if star && c == '/' {
            return;
        }
        star = c == '*';
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_skipped() {
        let names = DaxNames::of("\"Sales[A]\" -- Sales[B]\n// Sales[C]\n/* Sales[D] */ Sales[E]");
        assert_eq!(names.qualified, [("Sales".to_owned(), "E".to_owned())]);
        assert!(names.unqualified.is_empty());
    }

    #[test]
    fn quotes_and_brackets_are_unescaped() {
        let names = DaxNames::of("'Bob''s list'[a]]b] + [Net revenue] / COUNTROWS('Order lines')");
        assert_eq!(names.qualified, [("Bob's list".to_owned(), "a]b".to_owned())]);
        assert_eq!(names.unqualified, ["Net revenue"]);
        assert!(names.identifiers.contains(&"Order lines".to_owned()));
    }

    #[test]
    fn a_bracket_after_a_keyword_or_an_operator_has_no_table() {
        let names = DaxNames::of("VAR x = Sales[A] RETURN [Orders] + x * [B]");
        assert_eq!(names.unqualified, ["Orders", "B"]);
        assert_eq!(names.qualified, [("Sales".to_owned(), "A".to_owned())]);
    }

    #[test]
    fn levels_of_a_date_hierarchy_are_skipped() {
        let names = DaxNames::of("Sales[Date].[Year] + YEAR([Day])");
        assert_eq!(names.qualified, [("Sales".to_owned(), "Date".to_owned())]);
        assert_eq!(names.unqualified, ["Day"]);
    }

    #[test]
    fn functions_that_relate_tables_are_noticed() {
        assert!(DaxNames::of("CALCULATE([x], userelationship(A[b], C[d]))").sets_relationships());
        assert!(!DaxNames::of("CALCULATE([x], A[b] = \"USERELATIONSHIP\")").sets_relationships());
    }
}
