//! Compares names: equality as in DAX, and similarity for suggestions.

/// Names longer than this get no suggestion.
const LONGEST: usize = 128;

/// A name in the form in which names are compared.
pub(crate) fn fold(name: &str) -> String {
    name.to_lowercase()
}

/// A name for which similar names are searched.
pub(crate) struct Wanted {
    folded: Vec<char>,
    words: Vec<String>,
}

impl Wanted {
    /// `None` for a name that is too long for suggestions.
    pub(crate) fn new(name: &str) -> Option<Self> {
        (name.len() <= LONGEST).then(|| Self { folded: fold(name).chars().collect(), words: words(name) })
    }

    /// Whether a candidate is the same name.
    pub(crate) fn is(&self, candidate: &str) -> bool {
        candidate.chars().flat_map(char::to_lowercase).eq(self.folded.iter().copied())
    }

    /// The distance of a candidate from the name; smaller means more similar. `None` for a candidate that is not similar.
    pub(crate) fn difference(&self, candidate: &str) -> Option<usize> {
        if candidate.len() > LONGEST {
            return None;
        }
        let folded: Vec<char> = fold(candidate).chars().collect();
        if self.folded == folded {
            return Some(0);
        }
        if words(candidate) == self.words {
            return Some(1);
        }
        let limit = (self.folded.len().min(folded.len()) / 4).clamp(1, 3);
        if self.folded.len().abs_diff(folded.len()) > limit {
            return None;
        }
        let distance = edit_distance(&self.folded, &folded);
        (distance <= limit).then_some(distance + 1)
    }
}

/// The words of a name in alphabetical order. They are the same for `Net revenue`, `RevenueNet` and `revenue_net`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for c in name.chars() {
        if (c.is_uppercase() && after_lower) || !c.is_alphanumeric() {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        after_lower = c.is_lowercase() || c.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words.sort();
    words
}

/// The number of insertions, deletions and substitutions.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(wanted: &str, candidate: &str) -> Option<usize> {
        Wanted::new(wanted)?.difference(candidate)
    }

    #[test]
    fn names_with_the_same_words_are_similar() {
        for other in ["Revenue net", "RevenueNet", "revenue_net", "NET REVENUE"] {
            assert!(difference("Net revenue", other).is_some_and(|d| d <= 1), "{other}");
        }
    }

    #[test]
    fn names_with_a_typing_error_are_similar_and_other_short_names_are_not() {
        assert_eq!(difference("Category", "Categroy"), Some(3));
        assert_eq!(difference("Orders", "Order"), Some(2));
        assert_eq!(difference("Id", "Day"), None);
        assert_eq!(difference("Amount", "Quantity"), None);
    }

    #[test]
    fn an_extremely_long_name_has_no_similar_names() {
        let long = "x".repeat(1_000_000);
        assert_eq!(difference(&long, &long), None);
        assert_eq!(difference("x", &long), None);
    }
}
