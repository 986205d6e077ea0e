//! The identity that calls Power BI.

use crate::domain::{ProfileId, UserAssertion, UserKey};

/// The identity that calls Power BI.
#[derive(Clone, Debug)]
pub enum ActingAs {
    /// The service principal.
    Service,
    /// A profile of the service principal.
    Profile(ProfileId),
    /// The signed-in user.
    User(UserAssertion),
}

/// The same identity as a cache key, which contains no user's token.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ActorKey {
    /// The service principal.
    Service,
    /// A profile of the service principal.
    Profile(ProfileId),
    /// The signed-in user.
    User(UserKey),
}

impl ActingAs {
    /// The service principal, or its profile.
    #[must_use]
    pub fn service(profile: Option<ProfileId>) -> Self {
        profile.map_or(Self::Service, Self::Profile)
    }

    /// The user to act for.
    #[must_use]
    pub fn user(&self) -> Option<&UserAssertion> {
        if let Self::User(user) = self { Some(user) } else { None }
    }

    /// The key of this identity in caches.
    #[must_use]
    pub fn key(&self) -> ActorKey {
        match self {
            Self::Service => ActorKey::Service,
            Self::Profile(profile) => ActorKey::Profile(*profile),
            Self::User(user) => ActorKey::User(user.user()),
        }
    }
}

impl ActorKey {
    /// The profile to act as.
    #[must_use]
    pub fn profile(self) -> Option<ProfileId> {
        if let Self::Profile(profile) = self { Some(profile) } else { None }
    }

    /// Whether it is a signed-in user.
    #[must_use]
    pub fn is_user(self) -> bool {
        matches!(self, Self::User(_))
    }
}
