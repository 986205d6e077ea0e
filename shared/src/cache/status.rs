//! Where an answer of a cache came from.

/// Where an answer came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CacheStatus {
    /// It was in the cache and fresh.
    Hit,
    /// It was loaded for this request, or for another one at the same time.
    Miss,
    /// It was in the cache, and the upstream could not give a new one.
    Stale,
}

impl CacheStatus {
    /// All variants.
    pub const ALL: [Self; 3] = [Self::Hit, Self::Miss, Self::Stale];

    /// The name in the audit line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hit => "cache",
            Self::Miss => "loaded",
            Self::Stale => "fallback",
        }
    }
}

/// A cache's answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cached<V, E> {
    /// A value that was in the cache and fresh.
    Hit(V),
    /// A value that was loaded.
    Miss(V),
    /// An old value, and the failure of the load that was to replace it.
    Stale(V, E),
}

impl<V, E> Cached<V, E> {
    /// Where the value came from.
    #[must_use]
    pub fn status(&self) -> CacheStatus {
        match self {
            Self::Hit(_) => CacheStatus::Hit,
            Self::Miss(_) => CacheStatus::Miss,
            Self::Stale(..) => CacheStatus::Stale,
        }
    }

    /// The failure that is the reason for using an old value.
    #[must_use]
    pub fn failure(&self) -> Option<&E> {
        if let Self::Stale(_, failure) = self { Some(failure) } else { None }
    }

    /// The value.
    #[must_use]
    pub fn into_value(self) -> V {
        match self {
            Self::Hit(value) | Self::Miss(value) | Self::Stale(value, _) => value,
        }
    }
}
