//! Fields and list entries whose type may differ from the reference.

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// A value of the expected type, or any other value, which is ignored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient<T> {
    Expected(T),
    Other(IgnoredAny),
}

impl<T> Lenient<T> {
    fn expected(self) -> Option<T> {
        match self {
            Self::Expected(value) => Some(value),
            Self::Other(IgnoredAny) => None,
        }
    }
}

/// Reads a field; `null` and values of another type count as absent. Used with `serde(default)`.
pub(crate) fn field<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Lenient::deserialize(deserializer).map(Lenient::expected)
}

/// A list without its entries of another shape, which are only counted.
pub(crate) struct Entries<T> {
    /// The entries of the expected shape.
    pub(crate) good: Vec<T>,
    /// How many others there were.
    pub(crate) skipped: usize,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = Vec::<Lenient<T>>::deserialize(deserializer)?;
        let found = entries.len();
        let good: Vec<_> = entries.into_iter().filter_map(Lenient::expected).collect();
        Ok(Self { skipped: found - good.len(), good })
    }
}
