//! Client assertions: a certificate instead of a client secret.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use devstack::Stack;
use devstack::fake_tenant::ids;
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

use crate::client::{Reply, post_form, stack, token_url};

pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// An assertion that is signed with the certificate.
pub(crate) struct Signer {
    key: RsaKeyPair,
    thumbprint: String,
    endpoint: String,
    pub(crate) now: u64,
}

impl Signer {
    pub(crate) fn new(stack: &Stack) -> Self {
        stack.store_certificate();
        let secret: Value = serde_json::from_str(&stack.stored_secret()).unwrap();
        let pem = |name: &str| secret[name].as_str().unwrap().as_bytes().to_vec();
        let certificate = CertificateDer::from_pem_slice(&pem("certificate")).unwrap();
        let key = PrivatePkcs8KeyDer::from_pem_slice(&pem("privateKey")).unwrap();
        Self {
            key: RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap(),
            thumbprint: URL_SAFE_NO_PAD.encode(digest(&SHA256, &certificate)),
            endpoint: token_url(stack),
            now: stack.claims_of("ana@contoso")["iat"].as_u64().unwrap(),
        }
    }

    /// An assertion with some header parameters and claims replaced.
    pub(crate) fn assertion(&self, header: &Value, claims: &Value, encoding: &'static dyn RsaEncoding) -> String {
        let good_header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let good_claims = json!({
            "aud": self.endpoint, "iss": ids::CLIENT, "sub": ids::CLIENT, "jti": uuid::Uuid::new_v4(),
            "nbf": self.now, "iat": self.now, "exp": self.now + 300,
        });
        let signed = format!("{}.{}", merged(good_header, header), merged(good_claims, claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    fn good(&self) -> String {
        self.assertion(&json!({}), &json!({}), &RSA_PSS_SHA256)
    }
}

fn merged(mut good: Value, changes: &Value) -> String {
    good.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    URL_SAFE_NO_PAD.encode(good.to_string())
}

pub(crate) async fn ask(stack: &Stack, assertion: &str, kind: &str) -> Reply {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", ids::CLIENT),
        ("client_assertion_type", kind),
        ("client_assertion", assertion),
        ("scope", "https://analysis.windows.net/powerbi/api/.default"),
    ];
    post_form(stack, &form).await
}

fn code(reply: &Reply) -> (u16, Value, Value) {
    (reply.status, reply.json()["error"].clone(), reply.json()["error_codes"][0].clone())
}

#[tokio::test]
async fn an_assertion_is_accepted_like_a_secret_but_only_once() {
    let stack = stack().await;
    let assertion = Signer::new(&stack).good();
    let reply = ask(&stack, &assertion, ASSERTION_TYPE).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let again = ask(&stack, &assertion, ASSERTION_TYPE).await;
    assert_eq!(code(&again), (401, json!("invalid_client"), json!(700_027)));
}

#[tokio::test]
async fn every_part_of_an_assertion_is_checked() {
    let stack = stack().await;
    let signer = Signer::new(&stack);
    let none = json!({});
    let now = signer.now;
    let table = [
        (json!({"alg": "RS256"}), none.clone(), 700_027),
        (json!({"typ": "at+jwt"}), none.clone(), 700_027),
        (json!({"x5t#S256": "AAAA"}), none.clone(), 700_027),
        (none.clone(), json!({"aud": "https://login.microsoftonline.com"}), 700_027),
        (none.clone(), json!({"iss": ids::DIRECTORY}), 700_027),
        (none.clone(), json!({"sub": ids::DIRECTORY}), 700_027),
        (none.clone(), json!({"jti": "1"}), 700_027),
        (none.clone(), json!({"exp": now + 3600}), 700_027),
        (none.clone(), json!({"exp": (now + 300).to_string()}), 700_027),
        (none.clone(), json!({"exp": now - 1}), 700_024),
        (none.clone(), json!({"nbf": now + 100}), 700_024),
    ];
    for (header, claims, expected) in table {
        let assertion = signer.assertion(&header, &claims, &RSA_PSS_SHA256);
        let reply = ask(&stack, &assertion, ASSERTION_TYPE).await;
        assert_eq!(code(&reply), (401, json!("invalid_client"), json!(expected)), "{header} {claims}");
    }
    let other_padding = signer.assertion(&none, &none, &RSA_PKCS1_SHA256);
    assert_eq!(code(&ask(&stack, &other_padding, ASSERTION_TYPE).await).2, 700_027);
    assert_eq!(code(&ask(&stack, &signer.good(), "jwt").await).2, 700_027);
}
