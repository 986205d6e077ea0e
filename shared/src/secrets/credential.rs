//! The secret's content: who we are to Entra.

use std::fmt;

use secrecy::SecretString;

use crate::json::{Document, JsonFault, Reader};

/// The service principal and what proves it.
pub struct ServicePrincipal {
    /// The Entra tenant, a GUID or a domain.
    pub tenant_id: String,
    /// The application's client id.
    pub client_id: String,
    /// What proves that we are that application.
    pub credential: Credential,
}

/// What a service principal proves itself with.
pub enum Credential {
    /// A client secret.
    Secret(SecretString),
}

impl fmt::Debug for ServicePrincipal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServicePrincipal").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl ServicePrincipal {
    /// Reads the secret's JSON text. Fields that Dynabind does not know are
    /// left to those who rotate the secret.
    ///
    /// # Errors
    /// Every fault, each with its place; no value is repeated.
    pub fn parse(text: &str) -> Result<Self, Vec<String>> {
        // A parser's message could quote the text, so it is not passed on.
        let document = Document::parse(text).map_err(|_| vec!["it is not JSON".to_owned()])?;
        let show = |fault: JsonFault| format!("{}: {}", fault.pointer, fault.detail);
        Reader::read(&document, read_principal).map_err(|faults| faults.into_iter().map(show).collect())
    }
}

fn read_principal<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<ServicePrincipal> {
    reader.open_object(json, |fields| {
        let tenant_id = fields.required("tenantId", read_path_segment);
        let client_id = fields.required("clientId", read_present);
        let secret = fields.required("clientSecret", read_present);
        Some(ServicePrincipal {
            tenant_id: tenant_id?.to_owned(),
            client_id: client_id?.to_owned(),
            credential: Credential::Secret(secret?.to_owned().into()),
        })
    })
}

fn read_present<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<&'j str> {
    let text = reader.text(json)?;
    if text.trim().is_empty() {
        reader.fault("it is empty");
        return None;
    }
    Some(text)
}

/// The tenant becomes a segment of Entra's path.
fn read_path_segment<'j>(reader: &mut Reader<'j>, json: &'j Document<'j>) -> Option<&'j str> {
    let text = read_present(reader, json)?;
    let allowed =
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) && !text.starts_with('.');
    if !allowed {
        reader.fault("expected the Entra tenant's GUID or domain");
        return None;
    }
    Some(text)
}
