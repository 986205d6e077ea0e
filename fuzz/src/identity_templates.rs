//! Templates of effective identities, and the claims that fill them.
//!
//! Input: the template in the first line, then a claim in each line, as `name=value`.

use std::collections::HashMap;

use dynabind::domain::{Caller, Denial, IdentityTemplate, Template};

/// The value of a claim that no template of the corpus names.
pub(crate) const UNNAMED: &str = "uCl8Q~never-asked-for";

/// Limits of Power BI's, as its reference has them.
const LONGEST_USERNAME: usize = 256;
const LONGEST_ROLE: usize = 50;

/// A template as somebody reads it who has only the catalog's documentation.
enum Piece {
    Literal(char),
    Claim(String),
}

pub(crate) fn check(input: &[u8]) {
    let Ok(input) = std::str::from_utf8(input) else { return };
    let (template, claims) = input.split_once('\n').unwrap_or((input, ""));
    let Some(pieces) = read(template) else {
        assert!(template.parse::<Template>().is_err(), "{template:?} is no template");
        return;
    };
    let parsed: Template = template.parse().expect("it is a template");
    assert_eq!(write(&pieces).parse::<Template>().as_ref(), Ok(&parsed), "read, written and read again");

    let mut claims: HashMap<String, String> =
        claims.lines().filter_map(|line| line.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    claims.entry("sub".to_owned()).or_insert_with(|| "s".to_owned());
    let named = |name: &str| pieces.iter().any(|piece| matches!(piece, Piece::Claim(found) if found == name));
    if !named("unnamed") {
        claims.insert("unnamed".to_owned(), UNNAMED.to_owned());
    }
    let Some(caller) = Caller::from_verified_claims(claims.clone(), "tenant", "groups") else { return };
    let expected = fill(&pieces, &claims);
    check_username(&parsed, &caller, &expected);
    check_role(&parsed, &caller, &expected);
}

/// What a template makes of the claims, as the documentation has it; nothing where it cannot be filled.
pub(crate) fn filled(template: &str, claims: &HashMap<String, String>) -> Option<String> {
    fill(&read(template)?, claims).ok()
}

/// What is filled is exactly what the documentation says, or the caller is told which claim is missing.
fn check_username(template: &Template, caller: &Caller, expected: &Result<String, String>) {
    if !template.can_be_username() {
        return;
    }
    let identity = IdentityTemplate::new(template.clone(), Vec::new(), None, None).unwrap();
    match (identity.render(caller), expected) {
        (Ok(identity), Ok(expected)) => {
            assert_eq!(&identity.username, expected);
            assert!(!identity.username.is_empty() && identity.username.len() <= LONGEST_USERNAME);
            assert!(identity.username.bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(!identity.username.contains(UNNAMED), "another claim's value");
        }
        (Err(Denial::ClaimMissing { claim }), Err(missing)) => assert_eq!(&claim, missing),
        (Err(Denial::ClaimMissing { .. }), Ok(unfit)) => {
            let fits = unfit.len() <= LONGEST_USERNAME && unfit.bytes().all(|byte| byte.is_ascii_graphic());
            assert!(!fits, "{unfit:?} was refused");
        }
        (rendered, expected) => panic!("{rendered:?} for {expected:?}"),
    }
}

fn check_role(template: &Template, caller: &Caller, expected: &Result<String, String>) {
    if !(template.can_be_role() && template.can_be_username()) {
        return;
    }
    let name: Template = "name".parse().unwrap();
    let identity = IdentityTemplate::new(name, vec![template.clone()], None, None).unwrap();
    if let Ok(identity) = identity.render(caller) {
        assert_eq!(Ok(&identity.roles[0]), expected.as_ref());
        assert!(identity.roles[0].chars().count() <= LONGEST_ROLE && !identity.roles[0].contains(','));
    }
}

fn read(template: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut characters = template.chars();
    while let Some(character) = characters.next() {
        if character != '{' {
            pieces.push(Piece::Literal(character));
            continue;
        }
        let mut name = String::new();
        loop {
            match characters.next()? {
                '{' if name.is_empty() => {
                    pieces.push(Piece::Literal('{'));
                    break;
                }
                '}' if name.is_empty() => return None,
                '}' => {
                    pieces.push(Piece::Claim(name));
                    break;
                }
                character => name.push(character),
            }
        }
    }
    (!pieces.is_empty()).then_some(pieces)
}

fn write(pieces: &[Piece]) -> String {
    let write = |piece: &Piece| match piece {
        Piece::Literal('{') => "{{".to_owned(),
        Piece::Literal(character) => character.to_string(),
        Piece::Claim(name) => format!("{{{name}}}"),
    };
    pieces.iter().map(write).collect()
}

/// The text that the claims make, or the first claim that is missing.
fn fill(pieces: &[Piece], claims: &HashMap<String, String>) -> Result<String, String> {
    let fill = |piece: &Piece| match piece {
        Piece::Literal(character) => Ok(character.to_string()),
        Piece::Claim(name) => claims.get(name).filter(|value| !value.is_empty()).cloned().ok_or_else(|| name.clone()),
    };
    pieces.iter().map(fill).collect()
}
