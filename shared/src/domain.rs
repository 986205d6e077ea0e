//! The vocabulary: who asks, what may be bound, and what a token will carry.
//!
//! Nothing here does I/O or knows a vendor's wire format. Two types are proofs:
//! [`Caller`] exists only from verified claims, and an [`AuthorizedBinding`]
//! only from a grant of the caller's tenant. A [`TokenRequest`] is built from
//! authorised bindings alone, so a forgotten check does not compile.

mod binding;
mod caller;
mod embed_url;
mod grant;
mod guid;
mod identity;
mod item;
mod key;
mod token_request;
mod version;

pub use binding::{AuthorizedBinding, BindingRequest, Mode};
pub use caller::{Caller, UserAssertion};
pub use embed_url::{EmbedUrl, EmbedUrlError};
pub use grant::{DatasetChoice, Denial, Grant, Permit, Tenant};
pub use guid::{DatasetId, GuidError, ProfileId, ReportId, WorkspaceId};
pub use identity::{EffectiveIdentity, IdentityTemplate, Template};
pub use item::{Dataset, Report, ReportKind};
pub use key::{DatasetKey, EntryVersion, KeyError, ReportKey, TenantKey};
pub use token_request::{IdentityScope, TokenRequest, TokenRequestError, XmlaPermissions};
pub use version::EntryVersions;
