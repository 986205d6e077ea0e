//! Answers of STS, which are XML (STS API reference, `GetWebIdentityToken`).

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::upstream::as_code;

/// Whether the text has the form of a JSON Web Token: three parts in base64url.
fn is_jwt(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    text.split('.').count() == 3 && text.split('.').all(is_part)
}

/// The token, with the instant at which it ends.
pub(super) fn token(body: &[u8]) -> Option<(&str, SystemTime)> {
    let body = std::str::from_utf8(body).ok()?;
    let token = element(body, "WebIdentityToken").filter(|text| is_jwt(text))?;
    let end = OffsetDateTime::parse(element(body, "Expiration")?, &Rfc3339).ok()?;
    Some((token, end.into()))
}

/// The code of a refusal.
pub(super) fn code(body: &[u8]) -> Option<String> {
    as_code(element(std::str::from_utf8(body).ok()?, "Code")?)
}

/// The text of the first element with this name. The elements that are read here have no attributes and no character
/// references.
fn element<'x>(xml: &'x str, name: &str) -> Option<&'x str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text.trim())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answer(token: &str, expiration: &str) -> String {
        format!(
            "<GetWebIdentityTokenResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetWebIdentityTokenResult>\
             <WebIdentityToken>{token}</WebIdentityToken><Expiration>{expiration}</Expiration>\
             </GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"
        )
    }

    #[test]
    fn a_token_is_a_jwt_with_an_end() {
        let end = SystemTime::UNIX_EPOCH + Duration::from_millis(1_762_901_061_703);
        assert_eq!(token(answer("a.b-_.c", "2025-11-11T22:44:21.703Z").as_bytes()), Some(("a.b-_.c", end)));
        for (text, expiration) in [
            ("", "2025-11-11T22:44:21Z"),
            ("a.b", "2025-11-11T22:44:21Z"),
            ("a.b.c&d=e", "2025-11-11T22:44:21Z"),
            ("a.b.c d", "2025-11-11T22:44:21Z"),
            ("a..c", "2025-11-11T22:44:21Z"),
            ("a.b.c", "soon"),
        ] {
            assert_eq!(token(answer(text, expiration).as_bytes()), None, "{text} {expiration}");
        }
        assert_eq!(token(b"\xff"), None);
    }

    #[test]
    fn a_code_is_a_word() {
        for (text, expected) in [
            ("<Code>AccessDenied</Code>", Some("AccessDenied")),
            ("<Error>\n<Code> Throttling </Code>", Some("Throttling")),
            ("<Code>two words</Code>", None),
            ("<Code>", None),
            ("{}", None),
        ] {
            assert_eq!(code(text.as_bytes()).as_deref(), expected, "{text}");
        }
    }
}
