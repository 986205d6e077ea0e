//! The options of a stack.

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

/// The port of a listener.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Port {
    /// Any free one.
    Any,
    /// This one, or the next free one after it.
    From(u16),
    /// Only this one.
    Exactly(u16),
}

/// The options of a stack. The defaults are for tests: free ports, upstreams over plain HTTP, no embed host.
#[derive(Clone)]
pub struct StackOptions {
    /// The gateway's port, which is also the token issuer's.
    pub gateway_port: Port,
    /// The port of the simulated embed host. With `None` there is no such host, and embed URLs name the real host.
    pub embed_port: Option<Port>,
    /// The clock of the whole stack, including the functions.
    pub clock: Arc<dyn Clock>,
    /// A catalog instead of the demo's.
    pub catalog: Option<Value>,
    /// The tenant of the stand-ins.
    pub fake_tenant: FakeTenant,
    /// A fake of DynamoDB, if there is one. It gets a log and faults like the other upstreams.
    pub table: Option<Router>,
    /// Environment variables of the functions. They override those of the stack.
    pub variables: BTreeMap<String, String>,
    /// Serves Entra, Power BI and Secrets Manager over `https`.
    pub tls_upstreams: bool,
    /// The lifetime of Entra's access tokens.
    pub access_token_life: Duration,
    /// The scope that the gateway requires of callers' tokens; empty: none.
    pub scope: String,
    /// The real upstreams, which replace the stand-ins for Entra and Power BI.
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
