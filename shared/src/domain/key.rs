//! The catalog's own names, which pages use in place of GUIDs.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::{DatasetId, ReportId};

/// A text that cannot be a catalog name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum KeyError {
    /// A report or dataset key outside the allowed pattern.
    #[error("expected a key of 1 to 64 letters, digits, `.`, `_` or `-` that begins with a letter or digit")]
    Pattern,
    /// A tenant name that no claim can have.
    #[error("expected a tenant name of 1 to 256 characters")]
    Tenant,
}

const MAX_KEY_LENGTH: usize = 64;
const MAX_TENANT_LENGTH: usize = 256;

fn check_key(text: &str) -> Result<(), KeyError> {
    let first_is_alphanumeric = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let rest_is_allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if first_is_alphanumeric && rest_is_allowed && text.len() <= MAX_KEY_LENGTH {
        Ok(())
    } else {
        Err(KeyError::Pattern)
    }
}

fn check_tenant(text: &str) -> Result<(), KeyError> {
    if text.is_empty() || text.len() > MAX_TENANT_LENGTH { Err(KeyError::Tenant) } else { Ok(()) }
}

macro_rules! key {
    ($(#[$doc:meta])* $name:ident, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = KeyError;

            fn from_str(text: &str) -> Result<Self, KeyError> {
                $check(text)?;
                Ok(Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

key! {
    /// A report's name in the catalog.
    ReportKey, check_key
}
key! {
    /// A dataset's name in the catalog, or its GUID if a grant covers it by its workspace.
    DatasetKey, check_key
}
key! {
    /// A tenant's name in the catalog: the value of the tenant claim.
    TenantKey, check_tenant
}
key! {
    /// A version of an entry of the catalog; two versions of a key may have different content.
    EntryVersion, check_key
}

/// The key of a dataset that the catalog does not name is its GUID, which is always valid.
impl From<DatasetId> for DatasetKey {
    fn from(id: DatasetId) -> Self {
        Self(id.to_string().into())
    }
}

/// The key of a report that the catalog does not name is its GUID, which is always valid.
impl From<ReportId> for ReportKey {
    fn from(id: ReportId) -> Self {
        Self(id.to_string().into())
    }
}
