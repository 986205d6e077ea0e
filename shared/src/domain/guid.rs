//! Power BI's identifiers, each of its own type, so that they cannot be confused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A text that is not a GUID.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected a GUID such as f6bfd646-b718-44dc-a378-b73e6b528204")]
pub struct GuidError;

macro_rules! guid {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// It is read in upper or lower case, and written in lower case.
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Uuid);

        impl FromStr for $name {
            type Err = GuidError;

            fn from_str(text: &str) -> Result<Self, GuidError> {
                // The crate also reads braces, URNs and bare digits; Power BI does not.
                if text.len() != uuid::fmt::Hyphenated::LENGTH {
                    return Err(GuidError);
                }
                Uuid::try_parse(text).map(Self).map_err(|_| GuidError)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

guid! {
    /// A workspace ("group" in the REST API).
    WorkspaceId
}
guid! {
    /// A report, paginated or not.
    ReportId
}
guid! {
    /// A dataset ("semantic model" in newer documentation).
    DatasetId
}
guid! {
    /// A service principal profile.
    ProfileId
}
