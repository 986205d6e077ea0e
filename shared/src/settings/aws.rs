//! How the AWS SDK reaches AWS.

use reqwest::Url;
use secrecy::SecretString;

use super::vars::Vars;

/// How Secrets Manager, STS and DynamoDB are reached, and the credentials that sign the requests.
#[derive(Clone, Debug)]
pub struct Aws {
    /// `AWS_REGION`, which Lambda sets.
    pub region: String,
    /// `AWS_ENDPOINT_URL_SECRETS_MANAGER`, or `AWS_ENDPOINT_URL`.
    pub secrets_manager_url: Option<Url>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or `AWS_ENDPOINT_URL`.
    pub dynamodb_url: Option<Url>,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: SecretString,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: Option<SecretString>,
}

pub(super) fn read_aws(vars: &mut Vars<'_>) -> Option<Aws> {
    const LAMBDA_SETS_IT: &str = "Lambda sets it; set it yourself when you run the function elsewhere";
    let region = region(vars).or_else(|| vars.required("AWS_REGION", LAMBDA_SETS_IT));
    let access_key_id = vars.required("AWS_ACCESS_KEY_ID", LAMBDA_SETS_IT);
    let secret_access_key = vars.required("AWS_SECRET_ACCESS_KEY", LAMBDA_SETS_IT);
    let session_token = vars.value("AWS_SESSION_TOKEN").map(Into::into);
    let secrets_manager_url = endpoint(vars, "AWS_ENDPOINT_URL_SECRETS_MANAGER");
    let dynamodb_url = endpoint(vars, "AWS_ENDPOINT_URL_DYNAMODB");
    Some(Aws {
        region: region?,
        secrets_manager_url,
        dynamodb_url,
        access_key_id: access_key_id?,
        secret_access_key: secret_access_key?.into(),
        session_token,
    })
}

/// The region, by either of its variables.
pub(super) fn region(vars: &mut Vars<'_>) -> Option<String> {
    let default_region = vars.value("AWS_DEFAULT_REGION");
    vars.value("AWS_REGION").or(default_region)
}

/// An AWS service's endpoint, by its own variable or the general one; `None` means the endpoint of AWS, or a fault that
/// prevents the start anyway.
pub(super) fn endpoint(vars: &mut Vars<'_>, special: &'static str) -> Option<Url> {
    let name = if vars.value(special).is_some() { special } else { "AWS_ENDPOINT_URL" };
    vars.url(name, None)
}
