//! Signature Version 4, checked by computing it again (IAM user guide, "Create a signed AWS API request").

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use http::header::{AUTHORIZATION, HOST};
use http::{HeaderMap, Uri};
use ring::digest::{SHA256, digest};
use ring::hmac;

use super::answer::Refusal;
use crate::time_source::whole_seconds;

/// The region of this endpoint. This operation has no global endpoint.
pub(crate) const REGION: &str = "us-east-1";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The largest difference between a request's date and the service's clock.
const TOLERANCE: Duration = Duration::from_mins(5);

/// The credentials that a client of the one role signs with.
#[derive(Clone)]
pub(crate) struct AccessKey {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) session_token: Option<String>,
}

/// A request as it arrived.
pub(super) struct SignedRequest<'r> {
    pub(super) method: &'static str,
    pub(super) uri: &'r Uri,
    pub(super) headers: &'r HeaderMap,
    pub(super) body: &'r [u8],
}

/// The parts of an `Authorization` header.
struct Signature<'r> {
    access_key_id: &'r str,
    date: &'r str,
    scope: &'r str,
    signed_headers: &'r str,
    hex: &'r str,
}

impl SignedRequest<'_> {
    /// Accepts a request that was signed with `key` for this endpoint, at a time close to `now`.
    pub(super) fn verify(&self, key: &AccessKey, now: SystemTime) -> Result<(), Refusal> {
        let header = self.header(AUTHORIZATION.as_str()).ok_or_else(Refusal::missing_signature)?;
        let signature = parsed(&header).ok_or_else(|| Refusal::incomplete_signature("Authorization is malformed"))?;
        let names: Vec<&str> = signature.signed_headers.split(';').collect();
        self.check_signed_headers(&names)?;
        if signature.access_key_id != key.id || self.header("x-amz-security-token") != key.session_token {
            return Err(Refusal::unknown_access_key());
        }
        let at = self.header("x-amz-date").unwrap_or_default();
        if at.get(..8) != Some(signature.date) || signature.scope != format!("{REGION}/sts/aws4_request") {
            return Err(Refusal::wrong_signature("Credential should be scoped to a valid region and service."));
        }
        if at < amz_date(now - TOLERANCE) || at > amz_date(now + TOLERANCE) {
            return Err(Refusal::wrong_signature("Signature expired, or not yet current"));
        }
        let scope = format!("{}/{}", signature.date, signature.scope);
        let canonical = hex(digest(&SHA256, self.canonical(&names).as_bytes()).as_ref());
        let text = format!("{ALGORITHM}\n{at}\n{scope}\n{canonical}");
        if hex(hmac::sign(&signing_key(key, signature.date), text.as_bytes()).as_ref()) == signature.hex {
            return Ok(());
        }
        Err(Refusal::wrong_signature("The request signature we calculated does not match the signature you provided."))
    }

    /// Checks that the host, the date and every other AWS header are signed, and that the names are sorted.
    fn check_signed_headers(&self, names: &[&str]) -> Result<(), Refusal> {
        let own = self.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        let missing = own.chain(["host", "x-amz-date"]).find(|name| !names.contains(name));
        if let Some(name) = missing {
            return Err(Refusal::wrong_signature(&format!("'{name}' must be a 'SignedHeader'.")));
        }
        if names.is_sorted() { Ok(()) } else { Err(Refusal::wrong_signature("SignedHeaders is not sorted")) }
    }

    fn canonical(&self, names: &[&str]) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.method, self.uri.path(), self.uri.query().unwrap_or_default());
        for name in names {
            let value = self.header(name).unwrap_or_default();
            let value: Vec<&str> = value.split_ascii_whitespace().collect();
            // Writing into memory cannot fail.
            let _ = writeln!(text, "{name}:{}", value.join(" "));
        }
        let _ = write!(text, "\n{}\n{}", names.join(";"), hex(digest(&SHA256, self.body).as_ref()));
        text
    }

    fn header(&self, name: &str) -> Option<String> {
        let given = self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        // HTTP/2 has the host in the address.
        let authority = || self.uri.authority().filter(|_| name == HOST.as_str()).map(ToString::to_string);
        given.or_else(authority)
    }
}

fn parsed(header: &str) -> Option<Signature<'_>> {
    let mut parts = header.strip_prefix(ALGORITHM)?.trim().split(',').map(str::trim);
    let credential = parts.next()?.strip_prefix("Credential=")?;
    let signed_headers = parts.next()?.strip_prefix("SignedHeaders=")?;
    let hex = parts.next()?.strip_prefix("Signature=")?;
    let (access_key_id, rest) = credential.split_once('/')?;
    let (date, scope) = rest.split_once('/')?;
    parts.next().is_none().then_some(Signature { access_key_id, date, scope, signed_headers, hex })
}

fn signing_key(key: &AccessKey, date: &str) -> hmac::Key {
    let first = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{}", key.secret).as_bytes());
    [date, REGION, "sts", "aws4_request"]
        .iter()
        .fold(first, |key, part| hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()))
}

/// A point in time as `x-amz-date` has it: `20261124T040000Z`.
fn amz_date(at: SystemTime) -> String {
    let at = whole_seconds(at);
    let (year, month, day) = at.to_calendar_date();
    format!("{year:04}{:02}{day:02}T{:02}{:02}{:02}Z", u8::from(month), at.hour(), at.minute(), at.second())
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The complete signature is tested with AWS's own signer (`tests/it/sts.rs`).
    #[test]
    fn dates_and_digests_are_written_as_the_documentation_has_them() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_mins(24_015_636);
        assert_eq!(amz_date(at), "20150830T123600Z");
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(digest(&SHA256, b"").as_ref()), empty);
    }

    #[test]
    fn a_malformed_header_is_not_a_signature() {
        let good =
            "AWS4-HMAC-SHA256 Credential=a/20261124/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=00";
        assert!(parsed(good).is_some());
        for bad in ["", "Bearer x", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=00", &good[..90]] {
            assert!(parsed(bad).is_none(), "{bad}");
        }
    }
}
