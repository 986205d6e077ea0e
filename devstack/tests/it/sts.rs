//! STS's `GetWebIdentityToken`, called with AWS's own client and signer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{BehaviorVersion, Region};
use aws_sdk_sts::error::ProvideErrorMetadata as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use devstack::Service::Sts;
use devstack::Stack;
use dynabind::aws::Connector;
use dynabind::upstream::Http;
use serde_json::Value;

use crate::client::{Reply, get, send, stack};

const FORM: &str = "application/x-www-form-urlencoded";
const AUDIENCE: &str = "api://AzureADTokenExchange";
const GOOD: &str = "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=api%3A%2F%2FAzureADTokenExchange\
                    &DurationSeconds=300&SigningAlgorithm=RS256";

/// What a client signs, and the credentials that it signs with.
#[derive(Clone)]
struct Plan {
    body: String,
    content_type: &'static str,
    key: [&'static str; 2],
    session_token: Option<String>,
    region: &'static str,
    service: &'static str,
    at: SystemTime,
    /// The host that is signed, if it is not the host that is called.
    host: Option<&'static str>,
    /// The body that is sent instead of the signed one.
    sent: Option<&'static str>,
}

impl Plan {
    fn good(stack: &Stack) -> Self {
        let now = stack.claims_of("ana@contoso")["iat"].as_u64().unwrap();
        Self {
            body: GOOD.to_owned(),
            content_type: FORM,
            key: ["dev", "dev"],
            session_token: None,
            region: "us-east-1",
            service: "sts",
            at: UNIX_EPOCH + Duration::from_secs(now),
            host: None,
            sent: None,
        }
    }

    async fn send(&self, stack: &Stack) -> Reply {
        let url = stack.upstream_url(Sts).to_owned() + "/";
        let [id, secret] = self.key;
        let identity = Credentials::new(id, secret, self.session_token.clone(), None, "test").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.at)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let signed_url = self.host.map_or_else(|| url.clone(), |host| format!("https://{host}/"));
        let body = SignableBody::Bytes(self.body.as_bytes());
        let headers = [("content-type", self.content_type)].into_iter();
        let request = SignableRequest::new("POST", signed_url, headers, body).unwrap();
        let (instructions, _) = sign(request, &params).unwrap().into_parts();
        let mut headers = vec![("content-type", self.content_type)];
        headers.extend(instructions.headers());
        send("POST", &url, &headers, self.sent.unwrap_or(&self.body)).await
    }
}

/// A token for the one role, which lives for `seconds`.
pub(crate) async fn token_of_sts(stack: &Stack, seconds: u32) -> String {
    let good = Plan::good(stack);
    let reply = Plan { body: GOOD.replace("300", &seconds.to_string()), ..good }.send(stack).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    element(&reply.text, "WebIdentityToken").to_owned()
}

fn code(reply: &Reply) -> &str {
    assert_eq!(reply.header("content-type"), "text/xml");
    element(&reply.text, "Code")
}

fn element<'t>(xml: &'t str, name: &str) -> &'t str {
    let start = xml.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("no {name} in {xml}")).1;
    start.split_once(&format!("</{name}>")).unwrap().0
}

fn client(stack: &Stack) -> aws_sdk_sts::Client {
    let http = Http::new(None, Duration::from_secs(5)).unwrap();
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("dev", "dev", None, None, "test"))
        .endpoint_url(stack.upstream_url(Sts))
        .http_client(Connector::new(http))
        .retry_config(RetryConfig::disabled())
        .build();
    aws_sdk_sts::Client::from_conf(config)
}

#[tokio::test]
async fn awss_own_client_gets_a_token_and_its_keys_are_published() {
    let stack = stack().await;
    let request = client(&stack).get_web_identity_token().audience(AUDIENCE).signing_algorithm("RS256");
    let output = request.send().await.unwrap();
    let token = output.web_identity_token().unwrap();
    let parts: Vec<Value> = token
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    let (header, claims) = (&parts[0], &parts[1]);
    let trusted = stack.federated_credential();
    assert_eq!((&header["alg"], &header["kid"]), (&Value::from("RS256"), &Value::from("RSA_0")));
    assert_eq!(claims["iss"], trusted.issuer);
    assert_eq!((&claims["sub"], &claims["aud"]), (&Value::from(trusted.subject), &Value::from(AUDIENCE)));
    let (issued, expires) = (claims["iat"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
    assert_eq!(expires - issued, 300);
    assert_eq!(output.expiration().unwrap().secs().unsigned_abs(), expires);

    let discovery = get(&format!("{}/.well-known/openid-configuration", trusted.issuer), &[]).await.json();
    assert_eq!(discovery["issuer"], trusted.issuer);
    let keys = get(discovery["jwks_uri"].as_str().unwrap(), &[]).await.json();
    assert_eq!(keys["keys"][0]["kid"], header["kid"]);
}

#[tokio::test]
async fn awss_own_client_understands_the_refusals() {
    let stack = stack().await;
    stack.enable_outbound_federation(false);
    let ask =
        async || client(&stack).get_web_identity_token().audience(AUDIENCE).signing_algorithm("RS256").send().await;
    let refusal = ask().await.unwrap_err().into_service_error();
    assert!(refusal.is_outbound_web_identity_federation_disabled_exception(), "{refusal:?}");
    stack.enable_outbound_federation(true);
    assert!(ask().await.is_ok());
    stack.expire_aws_credentials();
    assert_eq!(ask().await.unwrap_err().code(), Some("ExpiredToken"));
}

#[tokio::test]
async fn a_signature_is_valid_for_one_key_region_time_and_body() {
    let stack = stack().await;
    let good = Plan::good(&stack);
    assert_eq!(good.send(&stack).await.status, 200);
    let late = good.at + Duration::from_mins(6);
    let token = Some("a session".to_owned());
    for (misuse, expected) in [
        (Plan { key: ["other", "dev"], ..good.clone() }, "InvalidClientTokenId"),
        (Plan { session_token: token, ..good.clone() }, "InvalidClientTokenId"),
        (Plan { key: ["dev", "other"], ..good.clone() }, "SignatureDoesNotMatch"),
        (Plan { region: "eu-west-1", ..good.clone() }, "SignatureDoesNotMatch"),
        (Plan { service: "secretsmanager", ..good.clone() }, "SignatureDoesNotMatch"),
        (Plan { host: Some("sts.us-east-1.amazonaws.com"), ..good.clone() }, "SignatureDoesNotMatch"),
        (Plan { sent: Some("Action=GetCallerIdentity"), ..good.clone() }, "SignatureDoesNotMatch"),
        (Plan { at: late, ..good.clone() }, "SignatureDoesNotMatch"),
        (Plan { at: good.at - Duration::from_mins(6), ..good.clone() }, "SignatureDoesNotMatch"),
    ] {
        let reply = misuse.send(&stack).await;
        assert_eq!((reply.status, code(&reply)), (403, expected), "{}", reply.text);
    }
}

#[tokio::test]
async fn requests_with_unsigned_parts_are_refused() {
    let stack = stack().await;
    let url = stack.upstream_url(Sts).to_owned() + "/";
    for (authorization, expected) in [
        (None, "MissingAuthenticationToken"),
        (Some("Bearer token"), "IncompleteSignature"),
        (
            Some(
                "AWS4-HMAC-SHA256 Credential=dev/20261124/us-east-1/sts/aws4_request, SignedHeaders=host, Signature=0",
            ),
            "SignatureDoesNotMatch",
        ),
    ] {
        let mut headers = vec![("content-type", FORM)];
        headers.extend(authorization.map(|value| ("authorization", value)));
        assert_eq!(code(&send("POST", &url, &headers, GOOD).await), expected);
    }
    assert_eq!(get(&url, &[]).await.status, 303);
    assert_eq!(send("POST", &format!("{url}other"), &[], GOOD).await.status, 404);
}

#[tokio::test]
async fn every_parameter_is_checked() {
    let stack = stack().await;
    let good = Plan::good(&stack);
    let with = |from: &str, to: &str| Plan { body: GOOD.replace(from, to), ..good.clone() };
    let table = [
        (with("Action=GetWebIdentityToken&", ""), 400, "MissingAction"),
        (with("GetWebIdentityToken", "AssumeRole"), 400, "InvalidAction"),
        (with("2011-06-15", "2011-06-16"), 400, "InvalidAction"),
        (with("&Version=2011-06-15", ""), 400, "InvalidAction"),
        (with("Audience.member.1", "Audience"), 400, "ValidationError"),
        (with("Audience.member.1", "Audience.member.2"), 400, "ValidationError"),
        (with("api%3A%2F%2FAzureADTokenExchange", ""), 400, "ValidationError"),
        (with("&SigningAlgorithm=RS256", ""), 400, "ValidationError"),
        (with("RS256", "RS512"), 400, "ValidationError"),
        (with("=300", "=59"), 400, "ValidationError"),
        (with("=300", "=3601"), 400, "ValidationError"),
        (with("=300", "=soon"), 400, "ValidationError"),
        (with("RS256", "RS256&Extra=1"), 400, "ValidationError"),
        (with("RS256", "RS256&SigningAlgorithm=RS256"), 400, "ValidationError"),
        (Plan { content_type: "application/json", ..good.clone() }, 400, "MissingAction"),
        // What the role's policy does not allow.
        (with("RS256", "ES384"), 403, "AccessDenied"),
        (with("=300", "=301"), 403, "AccessDenied"),
        (with("AzureADTokenExchange", "other"), 403, "AccessDenied"),
        (with("RS256", "RS256&Audience.member.2=other"), 403, "AccessDenied"),
    ];
    for (misuse, status, expected) in table {
        let reply = misuse.send(&stack).await;
        assert_eq!((reply.status, code(&reply)), (status, expected), "{}", misuse.body);
        assert!(!element(&reply.text, "RequestId").is_empty());
    }
    // The default lifetime, and the shortest one.
    for shorter in [with("&DurationSeconds=300", ""), with("=300", "=60")] {
        assert_eq!(shorter.send(&stack).await.status, 200);
    }
}
