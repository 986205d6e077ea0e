//! The content of the secret: the service principal and its credential.

use std::fmt;
use std::time::SystemTime;

use secrecy::SecretString;

use super::certificate::ClientCertificate;
use crate::domain::TokenText;
use crate::json::{Document, Fields, JsonFault, Reader};

/// The service principal and its credential.
pub struct ServicePrincipal {
    /// The Entra tenant, a GUID or a domain.
    pub tenant_id: String,
    /// The application's client id.
    pub client_id: String,
    /// What proves that we are that application.
    pub credential: Credential,
}

/// The proof of a service principal's identity.
pub enum Credential {
    /// A client secret.
    Secret(SecretString),
    /// A certificate, with which an assertion is signed for each request.
    Certificate(Box<ClientCertificate>),
    /// A token of AWS STS, whose issuer and role the application trusts.
    Federated(TokenText),
}

impl fmt::Debug for ServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServicePrincipal").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl ServicePrincipal {
    /// Reads the secret's JSON text. A certificate has to be valid at `now`. Fields that Dynabind does not know are
    /// ignored, because a rotation function may need them.
    ///
    /// # Errors
    /// Every fault, each with its place; no value is repeated.
    pub fn parse(text: &str, now: SystemTime) -> Result<Self, Vec<String>> {
        // A parser's message could quote the text, so it is not passed on.
        let mut document = Document::parse(text).map_err(|_| vec!["it is not JSON".to_owned()])?;
        let show = |fault: JsonFault| match fault.pointer.as_str() {
            "" => fault.detail,
            pointer => format!("{pointer}: {}", fault.detail),
        };
        let principal = Reader::read(&document, |reader, json| read_principal(reader, json, now))
            .map_err(|faults| faults.into_iter().map(show).collect());
        document.wipe();
        principal
    }
}

fn read_principal<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>, now: SystemTime) -> Option<ServicePrincipal> {
    reader.open_object(json, |fields| {
        let tenant_id = fields.required("tenantId", read_path_segment);
        let client_id = fields.required("clientId", read_present);
        let credential = read_credential(fields, now);
        Some(ServicePrincipal {
            tenant_id: tenant_id?.to_owned(),
            client_id: client_id?.to_owned(),
            credential: credential?,
        })
    })
}

fn read_credential(fields: &mut Fields<'_, '_>, now: SystemTime) -> Option<Credential> {
    let has_certificate = fields.has("certificate") || fields.has("privateKey");
    match (fields.has("clientSecret"), has_certificate) {
        (true, false) => {
            let secret = fields.required("clientSecret", read_present)?;
            Some(Credential::Secret(secret.to_owned().into()))
        }
        (false, true) => {
            let certificate = fields.required("certificate", read_present);
            let private_key = fields.required("privateKey", read_present);
            let pair = ClientCertificate::from_pem(certificate?, private_key?, now);
            pair.map(|pair| Credential::Certificate(Box::new(pair)))
                .map_err(|error| fields.fault(None, error.to_string()))
                .ok()
        }
        (true, true) => {
            fields.fault(None, "keep either `clientSecret` or `certificate` and `privateKey`, not both");
            None
        }
        (false, false) => {
            fields.fault(None, "no credential was found: add `clientSecret`, or `certificate` and `privateKey`");
            None
        }
    }
}

fn read_present<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<&'j str> {
    let text = reader.text(json)?;
    if text.trim().is_empty() {
        reader.fault("it is empty");
        return None;
    }
    Some(text)
}

/// Reads the tenant, which becomes a segment of the path of Entra's URL.
fn read_path_segment<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<&'j str> {
    let text = read_present(reader, json)?;
    let allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    if !allowed || text.starts_with('.') {
        reader.fault("expected the Entra tenant's GUID or domain");
        return None;
    }
    Some(text)
}
