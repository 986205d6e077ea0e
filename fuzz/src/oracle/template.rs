//! Templates of effective identities, as the catalog's documentation describes them.

use super::caller::{Caller, Claim};

/// One part of a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// A literal character.
    Literal(char),
    /// The value of the claim with this name.
    Claim(String),
}

/// A template rendered for one caller.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Filled {
    /// Exactly this text.
    Certain(String),
    /// This text or a refusal: the contract does not say how the claim is read.
    Possible(String),
    /// Nothing, because this claim is absent, empty or not a single value.
    Missing(String),
    /// Nothing, because the catalog's text is not a template.
    Malformed,
}

/// The parts of a template; `None` if the text is not a template.
#[must_use]
pub fn pieces(template: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut characters = template.chars();
    while let Some(character) = characters.next() {
        pieces.push(if character == '{' { braced(&mut characters)? } else { Piece::Literal(character) });
    }
    (!pieces.is_empty()).then_some(pieces)
}

/// The part that begins after an opening brace.
fn braced(characters: &mut impl Iterator<Item = char>) -> Option<Piece> {
    let mut name = String::new();
    loop {
        match characters.next()? {
            '{' if name.is_empty() => return Some(Piece::Literal('{')),
            '}' if name.is_empty() => return None,
            '}' => return Some(Piece::Claim(name)),
            character => name.push(character),
        }
    }
}

/// Replaces each claim of a template by the caller's value.
#[must_use]
pub fn fill(template: &str, caller: &Caller) -> Filled {
    let Some(pieces) = pieces(template) else { return Filled::Malformed };
    let (mut text, mut is_certain) = (String::new(), true);
    for piece in pieces {
        match piece {
            Piece::Literal(character) => text.push(character),
            Piece::Claim(name) => match caller.claim(&name) {
                Claim::Certain(value) if !value.is_empty() => text.push_str(&value),
                Claim::Possible(value) if !value.is_empty() => {
                    is_certain = false;
                    text.push_str(&value);
                }
                _ => return Filled::Missing(name),
            },
        }
    }
    if is_certain { Filled::Certain(text) } else { Filled::Possible(text) }
}
