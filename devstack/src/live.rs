//! The local gateway and page with the real Entra and Power BI, or with other upstreams.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::issuer::User;

/// The real parts: the credentials, the catalog and the upstreams.
#[derive(Clone, Default)]
pub struct Live {
    /// The JSON text of the service principal's secret. It is never printed.
    secret: String,
    /// The path of the catalog.
    pub catalog: PathBuf,
    /// The cloud, as `DYNABIND_CLOUD` names it.
    pub cloud: String,
    /// The base URL of Entra, instead of the cloud's.
    pub entra_url: String,
    /// The base URL of Power BI, instead of the cloud's.
    pub powerbi_url: String,
    /// The e-mail address of every caller. If it is empty, the address is `caller@TENANT.example`.
    pub email: String,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("catalog", &self.catalog).field("cloud", &self.cloud).finish_non_exhaustive()
    }
}

impl Live {
    /// Reads the secret. The other fields get their defaults.
    ///
    /// # Errors
    /// The error says why a file cannot be used. It never contains text of the secret.
    pub fn read(secret: &Path, catalog: &Path) -> Result<Self, String> {
        let shown = |path: &Path, detail: &dyn fmt::Display| format!("{}: {detail}", path.display());
        let text = std::fs::read_to_string(secret).map_err(|error| shown(secret, &error))?;
        let json: Option<Value> = serde_json::from_str(&text).ok();
        if json.is_none_or(|json| !json["tenantId"].is_string()) {
            return Err(shown(secret, &"expected a JSON object with tenantId, clientId and clientSecret"));
        }
        let catalog = catalog.canonicalize().map_err(|error| shown(catalog, &error))?;
        Ok(Self { secret: text, catalog, cloud: "public".to_owned(), ..Self::default() })
    }

    /// The Entra tenant of the credentials.
    #[must_use]
    pub fn tenant(&self) -> String {
        let secret: Value = serde_json::from_str(&self.secret).unwrap_or_default();
        secret["tenantId"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn secret(&self) -> &str {
        &self.secret
    }

    /// The host of the cloud's embed URLs.
    pub(crate) fn embed_host(&self) -> &'static str {
        match self.cloud.as_str() {
            "usgov" => "app.powerbigov.us",
            "usgov-high" => "app.high.powerbigov.us",
            "usgov-dod" => "app.mil.powerbigov.us",
            "china" => "app.powerbi.cn",
            _ => "app.powerbi.com",
        }
    }

    /// The variables that direct the functions to these upstreams. An empty base URL means that of the cloud.
    pub(crate) fn variables(&self) -> [(String, String); 4] {
        let catalog = format!("file:{}", self.catalog.display());
        [
            ("DYNABIND_CATALOG", catalog),
            ("DYNABIND_CLOUD", self.cloud.clone()),
            ("DYNABIND_ENTRA_URL", self.entra_url.clone()),
            ("DYNABIND_POWERBI_URL", self.powerbi_url.clone()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    /// One caller for each tenant of the catalog, in all groups that its grants name.
    pub(crate) fn users(&self) -> Vec<User> {
        let text = std::fs::read_to_string(&self.catalog).unwrap_or_default();
        let catalog: Value = serde_json::from_str(&text).unwrap_or_default();
        let tenants = catalog["tenants"].as_object().into_iter().flatten();
        let user = |(tenant, entry): (&String, &Value)| {
            let grants = entry["grants"].as_array().into_iter().flatten();
            let groups = grants.flat_map(|grant| grant["groups"].as_array().into_iter().flatten());
            let groups: BTreeSet<_> = groups.filter_map(Value::as_str).collect();
            let groups: Vec<_> = groups.into_iter().collect();
            let name = format!("caller@{tenant}");
            let about = format!("User of {tenant}, in all groups that its grants name.");
            let user = User::new(&name, &name, &groups, &about);
            if self.email.is_empty() { user } else { User { email: self.email.clone(), ..user } }
        };
        tenants.map(user).collect()
    }
}
