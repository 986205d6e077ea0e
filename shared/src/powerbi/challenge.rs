//! Power BI's claims challenge: a 401 that asks for more proof than the access
//! token gives (Entra, "Claims challenges, claims requests, and client capabilities").

use std::collections::HashMap;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{StatusCode, header};

use super::refusal::{error_from_response, request_id_of};
use crate::upstream::{ClaimsChallenge, Reply, Upstream, UpstreamError, UpstreamErrorKind};

/// The challenge's `error`.
const INSUFFICIENT_CLAIMS: &str = "insufficient_claims";

/// Some senders omit the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Reads a reply that is not a success and may be a challenge.
///
/// Only a user can answer a challenge. The service principal cannot sign in interactively, so its challenge becomes a
/// refusal with a remedy.
pub(super) fn refusal_or_challenge(reply: &Reply, as_user: bool) -> UpstreamError {
    let refusal = error_from_response(reply);
    let Some(Challenge { claims }) = challenge_in(reply) else { return refusal };
    let code = Some(INSUFFICIENT_CLAIMS.to_owned());
    if as_user {
        return UpstreamError {
            code,
            request_id: request_id_of(&reply.headers),
            ..UpstreamError::new(
                Upstream::PowerBi,
                UpstreamErrorKind::InteractionRequired { claims },
                "conditional access requires more proof than the user's sign-in gave",
            )
        };
    }
    let explanation = "conditional access for workload identities refuses the service principal: exclude it from the \
                       policy, or allow the addresses that the functions call from";
    UpstreamError { code, explanation: explanation.to_owned(), ..refusal }
}

/// What a challenge demands.
struct Challenge {
    /// The claims; `None` if the challenge contains none that can be passed on.
    claims: Option<ClaimsChallenge>,
}

/// The challenge, if the reply is one.
fn challenge_in(reply: &Reply) -> Option<Challenge> {
    if reply.status != StatusCode::UNAUTHORIZED {
        return None;
    }
    let values = reply.headers.get_all(header::WWW_AUTHENTICATE).iter();
    let mut challenges = values.filter_map(|value| value.to_str().ok()).map(bearer_parameters);
    let parameters = challenges.find(|all| all.get("error").is_some_and(|error| error == INSUFFICIENT_CLAIMS))?;
    Some(Challenge { claims: parameters.get("claims").and_then(|encoded| decoded(encoded)) })
}

/// Both alphabets of base64 occur.
fn decoded(encoded: &str) -> Option<ClaimsChallenge> {
    let bytes = BASE64.decode(encoded.replace('-', "+").replace('_', "/")).ok()?;
    ClaimsChallenge::parse(std::str::from_utf8(&bytes).ok()?)
}

/// The parameters of the `Bearer` challenge among those of a header
/// (RFC 9110 section 11.6.1), their names in lower case.
fn bearer_parameters(header: &str) -> HashMap<String, String> {
    let mut parameters = HashMap::new();
    let mut is_bearer = false;
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches(is_separator);
        if rest.is_empty() {
            return parameters;
        }
        let end = rest.find(|c| c == '=' || is_separator(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let Some(value) = after.trim_start().strip_prefix('=') else {
            is_bearer = word.eq_ignore_ascii_case("bearer");
            rest = after;
            continue;
        };
        let (value, after) = read_value(value.trim_start());
        if is_bearer {
            parameters.entry(word.to_ascii_lowercase()).or_insert(value);
        }
        rest = after;
    }
}

fn is_separator(c: char) -> bool {
    c == ',' || c.is_ascii_whitespace()
}

/// A quoted string or a token, and what follows it.
fn read_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (token, after) = text.split_at(text.find(is_separator).unwrap_or(text.len()));
        return (token.to_owned(), after);
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
            plain => value.push(plain),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_challenge_is_found_among_others() {
        let expected = [("error", "insufficient_claims"), ("claims", "e30="), ("realm", "")];
        for header in [
            r#"Bearer realm="", error="insufficient_claims", claims="e30=""#,
            r#"bearer realm="" error = insufficient_claims claims=e30="#,
            r#"Negotiate, Basic YWJj==, Bearer realm="",error="insufficient_claims", Claims="e3\0=", PoP error="x, y""#,
            r#"PoP error="a \" Bearer error=b", Bearer error=insufficient_claims, claims="e30=", realm="", error="c""#,
        ] {
            let parameters = bearer_parameters(header);
            let expected: HashMap<_, _> = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
            assert_eq!(parameters, expected, "{header}");
        }
        for header in ["", "=", "Bearer", "Bearer ,,", r#"PoP error="insufficient_claims""#, "é=é"] {
            assert_eq!(bearer_parameters(header), HashMap::new(), "{header}");
        }
        assert_eq!(bearer_parameters(r#"Bearer claims="open"#)["claims"], "open");
    }

    #[test]
    fn both_alphabets_with_and_without_padding_are_read() {
        let text = r#"{"access_token":{"xms_rp":{"value":"??>>~~"}}}"#;
        let standard = base64::engine::general_purpose::STANDARD.encode(text);
        let url = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        assert_ne!(standard.trim_end_matches('='), url);
        for encoded in [standard, url] {
            assert_eq!(decoded(&encoded).unwrap().as_str(), text);
        }
        assert_eq!(decoded("%%%"), None);
    }
}
