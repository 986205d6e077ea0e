//! The credentials of the service principal: a client secret or a certificate.

use std::time::{Duration, SystemTime};

use acceptance::test_app::{TestApp, view};
use acceptance::{process, project};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dynabind::secrets::{CertificateError, ClientCertificate, ServicePrincipal};
use serde_json::{Value, json};

fn pem(name: &str) -> String {
    project::text(format!("tests/fixtures/certificates/{name}.pem"))
}

/// A day on which the certificate of the fixtures is valid, from 2026 to 2126.
fn valid() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_hours(500_000)
}

fn read(certificate: &str, key: &str, now: SystemTime) -> Result<(), CertificateError> {
    ClientCertificate::from_pem(certificate, key, now).map(drop)
}

#[test]
fn keys_are_read_in_both_forms() {
    for key in ["key", "key-pkcs1"] {
        assert_eq!(read(&pem("certificate"), &pem(key), valid()), Ok(()), "{key}");
    }
}

#[test]
fn each_unusable_certificate_has_its_own_error() {
    let (certificate, key) = (pem("certificate"), pem("key"));
    let later = valid() + Duration::from_hours(24 * 366 * 101);
    for (certificate, key, now, expected) in [
        (&certificate, &pem("other-key"), valid(), CertificateError::Mismatch),
        (&certificate, &pem("ec-key"), valid(), CertificateError::NotRsa),
        (&certificate, &certificate, valid(), CertificateError::NoKey),
        (&certificate, &"no key".to_owned(), valid(), CertificateError::NoKey),
        (&key, &key, valid(), CertificateError::NoCertificate),
        (&certificate, &key, later, CertificateError::Expired),
        (&certificate, &key, SystemTime::UNIX_EPOCH, CertificateError::NotYetValid),
    ] {
        assert_eq!(read(certificate, key, now), Err(expected));
    }
    let both =
        json!({ "tenantId": "t", "clientId": "c", "clientSecret": "s", "certificate": certificate, "privateKey": key });
    assert!(ServicePrincipal::parse(&both.to_string(), valid()).unwrap_err()[0].contains("not both"));
}

#[tokio::test]
async fn a_certificate_signs_a_fresh_assertion_for_each_request() {
    let app = TestApp::open().await;
    app.stack.store_certificate();
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await.ok();
    app.stack.revoke_access_tokens();
    let _ = app.token("ana@contoso", view("sales", "contoso-sales")).await.ok();
    let calls = app.stack.entra().requests();
    let assertions: Vec<_> = calls.iter().map(|call| call.body["client_assertion"].as_str().unwrap()).collect();
    assert_eq!(assertions.len(), 2);
    assert_ne!(assertions[0], assertions[1]);
    assert_eq!(calls[0].body.get("client_secret"), None);
    assert!(calls.iter().all(|call| call.status == Some(200)), "the stand-in has verified signature and claims");
}

#[tokio::test]
async fn a_secret_with_a_wrong_key_never_reaches_entra() {
    let app = TestApp::open().await;
    let secret =
        json!({ "tenantId": "t", "clientId": "c", "certificate": pem("certificate"), "privateKey": pem("other-key") });
    app.stack.store_secret(secret.to_string());
    app.token("carl@contoso", view("sales", "contoso-plan")).await.assert_problem(503, "credentials-unavailable");
    assert_eq!(app.upstream_calls(), ["GetSecretValue"]);
}

/// Header and claims of a signed token.
fn parts(jwt: &str) -> [Value; 2] {
    let decode = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let mut parts = jwt.split('.');
    [decode(parts.next().unwrap()), decode(parts.next().unwrap())]
}

/// MSAL for Python is Microsoft's own client. Its assertion for the same certificate has the same header and claims.
#[tokio::test]
async fn an_assertion_equals_that_of_msal() {
    let app = TestApp::open().await;
    app.clock.advance(Duration::from_hours(48));
    let secret = json!({ "tenantId": "t", "clientId": "the-client", "certificate": pem("certificate"), "privateKey": pem("key") });
    app.stack.store_secret(secret.to_string());
    let _ = app.token("carl@contoso", view("sales", "contoso-plan")).await;
    let call = app.stack.entra().requests().remove(0);
    let [our_header, our_claims] = parts(call.body["client_assertion"].as_str().unwrap());

    let script = project::root().join("tests/fixtures/certificates/msal_assertion.py");
    let output = process::python().arg(script).arg("the-client").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [mut header, claims] = parts(String::from_utf8(output.stdout).unwrap().trim());

    // MSAL also sends the chain, for subject-name authentication, and pads the thumbprint, unlike RFC 7515.
    header.as_object_mut().unwrap().remove("x5c");
    header["x5t#S256"] = json!(header["x5t#S256"].as_str().unwrap().trim_end_matches('='));
    assert_eq!(our_header, header);
    let names = |claims: &Value| claims.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    let mut ours = names(&our_claims);
    // MSAL omits `nbf`; the documentation includes it.
    assert!(ours.remove("nbf"));
    assert_eq!(ours, names(&claims));
    let path = "/t/oauth2/v2.0/token";
    for claims in [&our_claims, &claims] {
        let audience = claims["aud"].as_str().unwrap();
        assert!(
            audience.ends_with(path) && audience.matches('/').count() == 6,
            "each audience is the client's own token endpoint: {audience}"
        );
    }
    for claim in ["iss", "sub"] {
        assert_eq!(our_claims[claim], claims[claim], "{claim}");
    }
    let life = |claims: &Value| claims["exp"].as_f64().unwrap() - claims["iat"].as_f64().unwrap();
    assert!(life(&our_claims) <= life(&claims), "no longer than MSAL's");
    assert_eq!(our_claims["nbf"], our_claims["iat"]);
}
