//! The domain: who requests, what may be bound, and what a token contains.
//!
//! Nothing here does I/O or knows a vendor's wire format. Three types are proofs, and the compiler enforces how they
//! are made: a [`Caller`] only from [`crate::gateway::VerifiedClaims`], an [`AuthorizedBinding`] only from an
//! [`Authorization`] of that caller's tenant, and a [`TokenRequest`] only from bindings that may share a token.

mod assertion;
mod authorization;
mod binding;
mod caller;
mod embed_url;
#[cfg(test)]
mod fixtures;
mod grant;
mod guid;
mod identity;
mod item;
mod key;
mod token;
mod token_request;
mod version;

pub use assertion::{UserAssertion, UserKey};
pub use authorization::{Authorization, AuthorizedBinding, AuthorizedBindings, Entries, Found, Refusal, Viewer};
pub use binding::{BindingRequest, Mode};
pub use caller::{Caller, CallerError};
pub use embed_url::{EmbedUrl, EmbedUrlError};
pub use grant::{Denial, Grant, Tenant};
pub use guid::{DatasetId, GuidError, ProfileId, ReportId, WorkspaceId};
pub use identity::{EffectiveIdentity, IdentityTemplate, Template};
pub use item::{Dataset, NeededDataset, OwnDataset, Report, ReportKind};
pub use key::{DatasetKey, EntryVersion, KeyError, ReportKey, TenantKey};
pub use token::{AccessToken, EmbedToken, Expiry, TokenText};
pub use token_request::{IdentityScope, OwnDatasets, TokenRequest, TokenRequestError, XmlaPermissions};
pub use version::EntryVersions;
