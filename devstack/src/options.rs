//! How a stack is to be started.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use dynabind::clock::{Clock, SystemClock};
use serde_json::Value;

use crate::fake_tenant::FakeTenant;
use crate::live::Live;

/// Which port a listener takes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Port {
    /// Any free one.
    Any,
    /// This one, or the next free one after it.
    From(u16),
    /// This one or none.
    Exactly(u16),
}

/// How a stack is to be started. The default suits tests: every port is a free
/// one, upstreams speak plain HTTP, nothing listens for embedded reports.
#[derive(Clone)]
pub struct StackOptions {
    /// The gateway's port, which is also the token issuer's.
    pub gateway_port: Port,
    /// The port of the simulated embed host; `None` starts none, and embed
    /// URLs then name the real host's default port.
    pub embed_port: Option<Port>,
    /// Where everything gets the time from, functions included.
    pub clock: Arc<dyn Clock>,
    /// A catalog in the place of the demo's.
    pub catalog: Option<Value>,
    /// What exists behind the stand-ins.
    pub fake_tenant: FakeTenant,
    /// What plays DynamoDB, if anything does; it gets log and faults like the other upstreams.
    pub table: Option<Router>,
    /// Environment variables of the functions, over the stack's own.
    pub variables: BTreeMap<String, String>,
    /// Serves Entra, Power BI and Secrets Manager over `https`.
    pub tls_upstreams: bool,
    /// How long Entra's access tokens live.
    pub access_token_life: Duration,
    /// The scope that the gateway asks callers' tokens for; empty: none.
    pub scope: String,
    /// The real upstreams in place of the stand-ins for Entra and Power BI.
    pub live: Option<Live>,
    /// The project's root, with `template.yaml` and the built pages.
    pub root: PathBuf,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self {
            gateway_port: Port::Any,
            embed_port: None,
            clock: Arc::new(SystemClock),
            catalog: None,
            fake_tenant: FakeTenant::demo(),
            table: None,
            variables: BTreeMap::new(),
            tls_upstreams: false,
            access_token_life: Duration::from_secs(3599),
            scope: "bindings".to_owned(),
            live: None,
            root: Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        }
    }
}

impl fmt::Debug for StackOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackOptions")
            .field("gateway_port", &self.gateway_port)
            .field("embed_port", &self.embed_port)
            .field("tls_upstreams", &self.tls_upstreams)
            .finish_non_exhaustive()
    }
}
