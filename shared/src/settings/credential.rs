//! The kind of credential: a stored secret, or tokens of AWS STS.

use reqwest::Url;
use uuid::Uuid;

use super::aws::{endpoint, region};
use super::cloud::Cloud;
use super::vars::Vars;

const SECRET_ID: &str = "DYNABIND_SECRET_ID";
const TENANT_ID: &str = "DYNABIND_ENTRA_TENANT_ID";
const CLIENT_ID: &str = "DYNABIND_ENTRA_CLIENT_ID";

/// The credential of the service principal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum CredentialSource {
    /// A secret in Secrets Manager, by its name or ARN.
    Secret(String),
    /// Tokens of AWS STS, which Entra trusts. Nothing is stored.
    Federated(Federation),
}

/// An application that trusts the function's role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Federation {
    /// `DYNABIND_ENTRA_TENANT_ID`: the Entra tenant, a GUID.
    pub tenant_id: String,
    /// `DYNABIND_ENTRA_CLIENT_ID`: the application's client id, a GUID.
    pub client_id: String,
    /// The audience that Entra expects in the tokens, which the cloud decides.
    pub audience: &'static str,
    /// `AWS_ENDPOINT_URL_STS`, or `AWS_ENDPOINT_URL`, or the endpoint of the region.
    pub sts_url: Url,
}

/// A variable of the other kind of credential is a fault, because the deployer expects it to have an effect.
pub(super) fn read_credential(vars: &mut Vars<'_>) -> Option<CredentialSource> {
    let sts_url = endpoint(vars, "AWS_ENDPOINT_URL_STS");
    match vars.text("DYNABIND_CREDENTIAL", "secret").as_str() {
        "secret" => {
            let secret_id = vars.required(SECRET_ID, "set it to the name or ARN of the service principal's secret");
            for name in [TENANT_ID, CLIENT_ID] {
                refuse(
                    vars,
                    name,
                    "the secret contains this value; remove the variable, or set DYNABIND_CREDENTIAL to federated",
                );
            }
            secret_id.map(CredentialSource::Secret)
        }
        "federated" => {
            refuse(vars, SECRET_ID, "no secret is read; remove the variable, or set DYNABIND_CREDENTIAL to secret");
            read_federation(vars, sts_url).map(CredentialSource::Federated)
        }
        other => {
            vars.fault("DYNABIND_CREDENTIAL", format!("expected secret or federated, found `{other}`"));
            None
        }
    }
}

fn read_federation(vars: &mut Vars<'_>, sts_url: Option<Url>) -> Option<Federation> {
    let tenant_id = guid(vars, TENANT_ID, "set it to the Directory (tenant) ID of the application");
    let client_id = guid(vars, CLIENT_ID, "set it to the Application (client) ID of the application");
    let sts_url = sts_url.or_else(|| regional_sts_url(vars));
    // A cloud that does not exist is reported where the endpoints are read.
    let cloud = vars.value("DYNABIND_CLOUD").map_or(Some(Cloud::Public), |name| name.parse().ok());
    let audience = cloud?.token_exchange_audience();
    Some(Federation { tenant_id: tenant_id?, client_id: client_id?, audience, sts_url: sts_url? })
}

/// The endpoint of the region; the global one does not offer the call.
fn regional_sts_url(vars: &mut Vars<'_>) -> Option<Url> {
    // A missing region is reported where the AWS settings are read.
    let region = region(vars)?;
    let is_region = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let url = Url::parse(&format!("https://sts.{region}.{suffix}")).ok().filter(|_| is_region);
    if url.is_none() {
        vars.fault("AWS_REGION", format!("expected a region such as eu-west-1, found `{region}`"));
    }
    url
}

fn refuse(vars: &mut Vars<'_>, name: &'static str, remedy: &str) {
    if vars.value(name).is_some() {
        vars.fault(name, format!("it is set, but {remedy}"));
    }
}

fn guid(vars: &mut Vars<'_>, name: &'static str, remedy: &str) -> Option<String> {
    let value = vars.required(name, remedy)?;
    // Other notations of a GUID are longer or shorter.
    let is_guid = value.len() == 36 && Uuid::try_parse(&value).is_ok();
    if !is_guid {
        vars.fault(name, format!("expected a GUID, found `{value}`; {remedy}"));
    }
    is_guid.then_some(value)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::settings::Settings;
    use crate::validation::ValidationErrors;

    const TENANT: &str = "c4edfdae-4f48-4845-9688-832e54f1b8fc";
    const CLIENT: &str = "f7040bca-a78a-468d-b8d3-48c158815cf7";

    fn with(more: &[(&str, &str)]) -> Result<CredentialSource, Vec<String>> {
        let aws = [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "key")];
        let vars: BTreeMap<&str, &str> = aws.into_iter().chain(more.iter().copied()).collect();
        let settings = Settings::from_vars(&|name| vars.get(name).map(|value| (*value).to_owned()));
        let place = |faults: ValidationErrors| faults.0.into_iter().map(|fault| fault.place).collect();
        settings.map(|settings| settings.credential).map_err(place)
    }

    fn federated(more: &[(&str, &str)]) -> Result<Federation, Vec<String>> {
        let both = [("DYNABIND_CREDENTIAL", "federated"), (TENANT_ID, TENANT), (CLIENT_ID, CLIENT)];
        match with(&[&both[..], more].concat())? {
            CredentialSource::Federated(federation) => Ok(federation),
            CredentialSource::Secret(id) => panic!("a secret: {id}"),
        }
    }

    #[test]
    fn a_secret_is_the_default() {
        for more in
            [&[(SECRET_ID, "dynabind/sp")][..], &[(SECRET_ID, "dynabind/sp"), ("DYNABIND_CREDENTIAL", "secret")]]
        {
            assert_eq!(with(more), Ok(CredentialSource::Secret("dynabind/sp".to_owned())));
        }
    }

    #[test]
    fn a_federated_credential_needs_two_guids_and_no_secret() {
        let federation = federated(&[]).unwrap();
        assert_eq!((federation.tenant_id.as_str(), federation.client_id.as_str()), (TENANT, CLIENT));
        let kind = ("DYNABIND_CREDENTIAL", "federated");
        assert_eq!(with(&[kind]).unwrap_err(), [TENANT_ID, CLIENT_ID]);
        let domain = (TENANT_ID, "contoso.onmicrosoft.com");
        let braces = (CLIENT_ID, "{f7040bca-a78a-468d-b8d3-48c158815cf7}");
        assert_eq!(with(&[kind, domain, braces, (SECRET_ID, "x")]).unwrap_err(), [SECRET_ID, TENANT_ID, CLIENT_ID]);
    }

    #[test]
    fn the_variables_of_the_other_choice_are_refused() {
        let secret = (SECRET_ID, "dynabind/sp");
        assert_eq!(with(&[secret, (TENANT_ID, TENANT), (CLIENT_ID, CLIENT)]).unwrap_err(), [TENANT_ID, CLIENT_ID]);
        assert_eq!(federated(&[secret]).unwrap_err(), [SECRET_ID]);
        assert_eq!(with(&[secret, ("DYNABIND_CREDENTIAL", "none")]).unwrap_err(), ["DYNABIND_CREDENTIAL"]);
        // Templates write a parameter that is not set as an empty text.
        assert!(federated(&[(SECRET_ID, "")]).is_ok());
    }

    #[test]
    fn each_cloud_has_its_audience() {
        for (cloud, audience) in [
            ("public", "api://AzureADTokenExchange"),
            ("usgov", "api://AzureADTokenExchange"),
            ("usgov-high", "api://AzureADTokenExchangeUSGov"),
            ("usgov-dod", "api://AzureADTokenExchangeUSGov"),
            ("china", "api://AzureADTokenExchangeChina"),
        ] {
            assert_eq!(federated(&[("DYNABIND_CLOUD", cloud)]).unwrap().audience, audience, "{cloud}");
        }
        assert_eq!(federated(&[("DYNABIND_CLOUD", "mars")]).unwrap_err(), ["DYNABIND_CLOUD"]);
    }

    #[test]
    fn the_endpoint_is_that_of_the_region() {
        for (more, url) in [
            (&[][..], "https://sts.eu-west-1.amazonaws.com/"),
            (&[("AWS_REGION", "cn-north-1")], "https://sts.cn-north-1.amazonaws.com.cn/"),
            (&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")], "http://127.0.0.1:1/"),
            (
                &[("AWS_ENDPOINT_URL", "http://127.0.0.1:1"), ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:2")],
                "http://127.0.0.1:2/",
            ),
        ] {
            assert_eq!(federated(more).unwrap().sts_url.as_str(), url);
        }
        assert_eq!(federated(&[("AWS_REGION", "evil.example/")]).unwrap_err(), ["AWS_REGION"]);
    }
}
