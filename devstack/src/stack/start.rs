//! The start of the parts of a stack, in order.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;

use super::on_disk::OnDisk;
use super::{Embed, Stack};
use crate::calls::Service;
use crate::embed::{EMBED_HOST, EmbedHost};
use crate::entra::TrustedIssuer;
use crate::error::StartError;
use crate::fake_services::{FakeServices, Plan, SECRET_NAME};
use crate::files::Files;
use crate::gateway::functions::Functions;
use crate::gateway::{Authorizer, Gateway, Page, control};
use crate::issuer::{self, Issuer, demo_users};
use crate::live::Live;
use crate::local_only;
use crate::options::{Port, StackOptions};
use crate::server::{self, Connections, Server};
use crate::sts::{self, AccessKey};
use crate::template::Template;
use crate::time_source::TimeSource;
use crate::tls::{self, Authority};

/// The number of ports to try after one that is in use.
const TRIES: u16 = 50;

/// The origin of the demo page's development server.
const PAGE_SERVER: &str = "http://localhost:5173";

impl Stack {
    /// Starts everything, inside a tokio runtime.
    ///
    /// # Errors
    /// When a port is taken, the template cannot be read, or a function refuses its settings.
    pub async fn start(options: StackOptions) -> Result<Self, StartError> {
        Box::pin(start(options)).await
    }
}

async fn start(options: StackOptions) -> Result<Stack, StartError> {
    let clock = Arc::clone(&options.clock);
    let time = TimeSource::new(move || clock.now());
    let doors = Doors::open(&options).await?;
    let template = Template::read(&options.root.join("template.yaml"), &doors.parameters(&options))?;
    let issuer = issuer(&options, &doors.url, &time)?;
    let authority = options.tls_upstreams.then(Authority::new).transpose()?;
    let files = OnDisk::write(&options, authority.as_ref())?;
    let upstreams = FakeServices::start(Plan {
        fake_tenant: Arc::new(options.fake_tenant.clone()),
        table: options.table.clone(),
        time: time.clone(),
        token_life: options.access_token_life,
        embed_origin: doors.embed_origin.clone(),
        user_issuer: TrustedIssuer { issuer: doors.url.clone(), key: issuer.key(), hindered: issuer::hindered() },
        access_key: access_key(&options.variables),
        authority,
    })
    .await?;
    let mut variables = variables(&upstreams, &files, &options.variables);
    if let Some(live) = &options.live {
        upstreams.store_secret(live.secret());
        variables.extend(live.variables());
    }
    let functions = Functions::start(&template.functions, &variables, &options.clock, time.clone())?;
    let authorizer = template.authorizer.clone().map(|settings| Authorizer::new(settings, &issuer.jwks()));
    let page = page(&options.root, &doors);
    let gateway = Arc::new(Gateway::new(&template, authorizer, functions, time.clone(), page));
    let embed = doors.embed.map(|listener| start_embed_host(listener, &upstreams, &time, &options.root)).transpose()?;
    let routes = Router::new().merge(issuer.clone().routes()).merge(control::routes(upstreams.clone()));
    // The issuer has routes under `/dev`, too.
    let routes = Arc::clone(&gateway).fallback(local_only::guard(routes, doors.port, "/dev"));
    let gateway_server = Server::start(doors.gateway, routes, None, Connections::default())?;
    let curl = curl(&doors.url);
    Ok(Stack { upstreams, issuer, gateway, gateway_server, embed, variables, files, curl })
}

/// The ports that other parts need before they can start.
struct Doors {
    gateway: TcpListener,
    embed: Option<TcpListener>,
    url: String,
    port: u16,
    /// The scheme, host and port of embed URLs: the real host, with the port of the embed host if there is one.
    embed_origin: String,
}

impl Doors {
    async fn open(options: &StackOptions) -> Result<Self, StartError> {
        let gateway = listen(options.gateway_port).await?;
        let embed = match options.embed_port {
            Some(port) => Some(listen(port).await?),
            None => None,
        };
        let embed_origin = match &embed {
            Some(listener) => format!("https://{EMBED_HOST}:{}", listener.local_addr()?.port()),
            None => format!("https://{}", options.live.as_ref().map_or(EMBED_HOST, Live::embed_host)),
        };
        let port = gateway.local_addr()?.port();
        let url = format!("http://127.0.0.1:{port}");
        Ok(Self { gateway, embed, url, port, embed_origin })
    }

    /// Values for the template's parameters.
    fn parameters(&self, options: &StackOptions) -> BTreeMap<String, String> {
        let Self { url, port, .. } = self;
        let origins = format!("{url},http://localhost:{port},{PAGE_SERVER}");
        let values = [
            ("Issuer", url.clone()),
            // Callers sign in to the app itself, so that the app can act on their behalf.
            ("Audience", options.fake_tenant.client_id.clone()),
            ("Scope", options.scope.clone()),
            ("AllowedOrigins", origins),
        ];
        let tenant = &options.fake_tenant;
        let of_credential = [
            ("Credential", "federated".to_owned()),
            ("EntraTenantId", tenant.directory_id.clone()),
            ("EntraClientId", tenant.client_id.clone()),
        ];
        let of_credential = of_credential.into_iter().filter(|_| is_federated(&options.variables));
        values.into_iter().chain(of_credential).map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Whether the functions are to run without a secret.
fn is_federated(variables: &BTreeMap<String, String>) -> bool {
    variables.get("DYNABIND_CREDENTIAL").is_some_and(|kind| kind == "federated")
}

fn issuer(options: &StackOptions, url: &str, time: &TimeSource) -> Result<Issuer, StartError> {
    Issuer::new(issuer::Setup {
        url: url.to_owned(),
        audience: options.fake_tenant.client_id.clone(),
        scope: options.scope.clone(),
        users: options.live.as_ref().map_or_else(demo_users, Live::users),
        time: time.clone(),
    })
}

async fn listen(port: Port) -> Result<TcpListener, StartError> {
    let taken = |error: &io::Error| error.kind() == io::ErrorKind::AddrInUse;
    match port {
        Port::Any => Ok(server::bind(0).await?),
        Port::Exactly(port) => match server::bind(port).await {
            Err(source) if taken(&source) => Err(StartError::PortTaken { port, source }),
            bound => Ok(bound?),
        },
        Port::From(first) => {
            for port in first..first.saturating_add(TRIES) {
                match server::bind(port).await {
                    Err(error) if taken(&error) => {}
                    bound => return Ok(bound?),
                }
            }
            Ok(server::bind(0).await?)
        }
    }
}

/// The default AWS credentials of the functions.
const AWS_KEY: &str = "dev";

/// The AWS credentials of the functions.
fn access_key(variables: &BTreeMap<String, String>) -> AccessKey {
    let given = |name: &str| variables.get(name).cloned();
    AccessKey {
        id: given("AWS_ACCESS_KEY_ID").unwrap_or_else(|| AWS_KEY.to_owned()),
        secret: given("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|| AWS_KEY.to_owned()),
        session_token: given("AWS_SESSION_TOKEN"),
    }
}

/// The variables that direct a function to this stack.
fn variables(upstreams: &FakeServices, files: &OnDisk, extra: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let ours = [
        ("DYNABIND_CATALOG", format!("file:{}", files.catalog.display())),
        ("DYNABIND_ENTRA_URL", upstreams.upstream_url(Service::Entra).to_owned()),
        ("DYNABIND_POWERBI_URL", upstreams.upstream_url(Service::PowerBi).to_owned()),
        ("AWS_ENDPOINT_URL_SECRETS_MANAGER", upstreams.upstream_url(Service::SecretsManager).to_owned()),
        ("AWS_ENDPOINT_URL_STS", upstreams.upstream_url(Service::Sts).to_owned()),
        ("AWS_REGION", sts::REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", AWS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", AWS_KEY.to_owned()),
    ];
    let mut variables: BTreeMap<_, _> = ours.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let tenant = upstreams.fake_tenant();
    let credential = if is_federated(extra) {
        vec![
            ("DYNABIND_SECRET_ID", String::new()),
            ("DYNABIND_ENTRA_TENANT_ID", tenant.directory_id.clone()),
            ("DYNABIND_ENTRA_CLIENT_ID", tenant.client_id.clone()),
        ]
    } else {
        vec![("DYNABIND_SECRET_ID", SECRET_NAME.to_owned())]
    };
    variables.extend(credential.into_iter().map(|(name, value)| (name.to_owned(), value)));
    if upstreams.upstream(Service::DynamoDb).is_some() {
        variables.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), upstreams.upstream_url(Service::DynamoDb).to_owned());
    }
    if let Some(roots) = &files.roots {
        variables.insert("SSL_CERT_FILE".to_owned(), roots.display().to_string());
    }
    variables.extend(extra.clone());
    variables
}

fn page(root: &Path, doors: &Doors) -> Page {
    let curl = curl(&doors.url);
    Page {
        files: Files::new(root.join("spa/demo-dist")),
        content_security_policy: content_security_policy(&doors.embed_origin),
        instead: format!(
            "Dynabind's development stack. The demo page is not built. Request a config instead:\n\n{curl}\n"
        ),
    }
}

/// The content security policy of the demo page: its own files, the API, and the embedded reports.
fn content_security_policy(embed_origin: &str) -> String {
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        &format!("frame-src {embed_origin}"),
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    ]
    .join("; ")
}

fn curl(url: &str) -> String {
    format!(
        "curl -s -X POST {url}/config \
         -H \"Authorization: Bearer $(curl -s '{url}/dev/token?user=ana@contoso')\" \
         -H 'Content-Type: application/json' \
         -d '{{\"bindings\":[{{\"report\":\"sales\",\"dataset\":\"contoso-sales\"}}]}}'"
    )
}

fn start_embed_host(
    listener: TcpListener,
    upstreams: &FakeServices,
    time: &TimeSource,
    root: &Path,
) -> Result<Embed, StartError> {
    let host = Arc::new(EmbedHost {
        fake_tenant: upstreams.shared_fake_tenant(),
        ledger: Arc::clone(upstreams.ledger()),
        time: time.clone(),
        files: Files::new(root.join("spa/embed-page")),
    });
    let (tls, fingerprint) = tls::self_signed(EMBED_HOST)?;
    let server = Server::start(listener, host.routes(), Some(tls), Connections::default())?;
    Ok(Embed { server, fingerprint })
}
