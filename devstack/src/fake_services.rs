//! The running stand-ins for the functions' upstreams.

mod controls;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::json;
use uuid::Uuid;

use crate::calls::{CallLog, Service};
use crate::entra::{Certificate, Entra, FederatedCredential, Setup, TrustedIssuer};
use crate::error::StartError;
use crate::fabric::Fabric;
use crate::fake_service::FakeService;
use crate::fake_tenant::FakeTenant;
use crate::keys::SigningKey;
use crate::ledger::Ledger;
use crate::local_only;
use crate::powerbi::{self, PowerBi};
use crate::secrets_manager::SecretsManager;
use crate::server::{self, Connections, Server};
use crate::sts::{self, AccessKey, Sts};
use crate::time_source::TimeSource;
use crate::tls::{self, Authority};

/// The name of the service principal's secret.
pub(crate) const SECRET_NAME: &str = "dynabind-dev";

/// The stand-ins for Entra, Power BI, Fabric, Secrets Manager and STS.
#[derive(Clone)]
pub struct FakeServices(Arc<Inner>);

struct Inner {
    fake_tenant: Arc<FakeTenant>,
    ledger: Arc<Ledger>,
    log: CallLog,
    time: TimeSource,
    entra: Running<Entra>,
    powerbi: Running<PowerBi>,
    fabric: Running<Fabric>,
    secrets: Running<SecretsManager>,
    sts: Running<Sts>,
    table: Option<Running<()>>,
    certificate_pem: String,
    certificate_key: SigningKey,
    _issuer: Server,
}

/// One stand-in on its port.
struct Running<T> {
    what: Arc<T>,
    upstream: FakeService,
    url: String,
    _server: Server,
}

/// The options of the stand-ins.
pub(crate) struct Plan {
    pub(crate) fake_tenant: Arc<FakeTenant>,
    /// A fake of DynamoDB.
    pub(crate) table: Option<Router>,
    pub(crate) time: TimeSource,
    pub(crate) token_life: Duration,
    /// The scheme, host and port of embed URLs.
    pub(crate) embed_origin: String,
    pub(crate) user_issuer: TrustedIssuer,
    /// The AWS credentials that the functions sign with.
    pub(crate) access_key: AccessKey,
    /// The certificate authority of `https` listeners; without it, the listeners use plain HTTP.
    pub(crate) authority: Option<Authority>,
}

impl FakeServices {
    pub(crate) async fn start(plan: Plan) -> Result<Self, StartError> {
        let Plan { fake_tenant, table, time, token_life, embed_origin, user_issuer, access_key, authority } = plan;
        let (ledger, log) = (Arc::<Ledger>::default(), CallLog::default());
        let certificate_key = SigningKey::of_certificate()?;
        let certificate = tls::client_certificate(&certificate_key)?;
        let client_secret = fresh_secret();
        let scheme = if authority.is_some() { "https" } else { "http" };
        let (issuer, sts) = start_sts(access_key, &time).await?;
        let entra = Arc::new(Entra::new(
            &fake_tenant,
            Setup {
                secret: client_secret.clone(),
                certificate: Certificate::new(certificate.der(), certificate_key.public()),
                federated: trusting(&sts),
                user_issuer,
                ledger: Arc::clone(&ledger),
                time: time.clone(),
                token_life,
                scheme,
            },
        ));
        let powerbi = Arc::new(PowerBi {
            fake_tenant: Arc::clone(&fake_tenant),
            ledger: Arc::clone(&ledger),
            time: time.clone(),
            embed_origin,
        });
        let fabric = Fabric::new(Arc::clone(&fake_tenant), Arc::clone(&ledger), time.clone(), scheme);
        let credentials = credentials(&fake_tenant, &client_secret);
        let secrets = Arc::new(SecretsManager::new(SECRET_NAME, credentials, time.clone()));
        let host = Host { log: &log, time: &time, authority: authority.as_ref() };
        Ok(Self(Arc::new(Inner {
            entra: host.run(Service::Entra, entra, Entra::routes).await?,
            powerbi: host.run(Service::PowerBi, powerbi, PowerBi::routes).await?,
            fabric: host.run(Service::Fabric, Arc::new(fabric), Fabric::routes).await?,
            secrets: host.run(Service::SecretsManager, secrets, SecretsManager::routes).await?,
            sts: host.run(Service::Sts, sts, Sts::routes).await?,
            table: match table {
                Some(routes) => Some(host.run(Service::DynamoDb, Arc::new(()), |_| routes).await?),
                None => None,
            },
            certificate_pem: certificate.pem(),
            certificate_key,
            _issuer: issuer,
            fake_tenant,
            ledger,
            log,
            time,
        })))
    }

    /// The tenant of the stand-ins.
    #[must_use]
    pub fn fake_tenant(&self) -> &FakeTenant {
        &self.0.fake_tenant
    }

    /// The calls to all stand-ins, in order.
    #[must_use]
    pub fn log(&self) -> &CallLog {
        &self.0.log
    }

    /// The stand-in for Entra.
    #[must_use]
    pub fn entra(&self) -> &FakeService {
        &self.0.entra.upstream
    }

    /// The stand-in for Power BI.
    #[must_use]
    pub fn powerbi(&self) -> &FakeService {
        &self.0.powerbi.upstream
    }

    /// The stand-in for Fabric.
    #[must_use]
    pub fn fabric(&self) -> &FakeService {
        &self.0.fabric.upstream
    }

    /// The stand-in for Secrets Manager.
    #[must_use]
    pub fn secrets(&self) -> &FakeService {
        &self.0.secrets.upstream
    }

    /// The STS stand-in.
    #[must_use]
    pub fn sts(&self) -> &FakeService {
        &self.0.sts.upstream
    }

    /// The stand-in for a service. Only DynamoDB may be `None`.
    #[must_use]
    pub fn upstream(&self, service: Service) -> Option<&FakeService> {
        match service {
            Service::Entra => Some(self.entra()),
            Service::PowerBi => Some(self.powerbi()),
            Service::Fabric => Some(self.fabric()),
            Service::SecretsManager => Some(self.secrets()),
            Service::Sts => Some(self.sts()),
            Service::DynamoDb => self.0.table.as_ref().map(|table| &table.upstream),
        }
    }

    /// All stand-ins.
    pub fn all(&self) -> impl Iterator<Item = &FakeService> {
        [Service::Entra, Service::PowerBi, Service::Fabric, Service::SecretsManager, Service::Sts, Service::DynamoDb]
            .into_iter()
            .filter_map(|service| self.upstream(service))
    }

    /// The base URL of a stand-in, without a slash at the end; empty if the stack has no such stand-in.
    #[must_use]
    pub fn upstream_url(&self, service: Service) -> &str {
        match service {
            Service::Entra => &self.0.entra.url,
            Service::PowerBi => &self.0.powerbi.url,
            Service::Fabric => &self.0.fabric.url,
            Service::SecretsManager => &self.0.secrets.url,
            Service::Sts => &self.0.sts.url,
            Service::DynamoDb => self.0.table.as_ref().map_or("", |table| &table.url),
        }
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.0.ledger
    }

    pub(crate) fn shared_fake_tenant(&self) -> Arc<FakeTenant> {
        Arc::clone(&self.0.fake_tenant)
    }
}

/// The common settings of the stand-ins' listeners.
struct Host<'a> {
    log: &'a CallLog,
    time: &'a TimeSource,
    authority: Option<&'a Authority>,
}

impl Host<'_> {
    async fn run<T>(
        &self,
        service: Service,
        what: Arc<T>,
        routes: impl FnOnce(Arc<T>) -> Router,
    ) -> Result<Running<T>, StartError> {
        let upstream = FakeService::new(service, self.time.clone(), self.log.clone());
        let mut guarded = upstream.guard(routes(Arc::clone(&what)));
        if matches!(service, Service::PowerBi | Service::Fabric) {
            guarded = powerbi::tagged(guarded);
        }
        let listener = server::bind(0).await?;
        let port = listener.local_addr()?.port();
        if service == Service::SecretsManager {
            // In a live stack, the secret is real.
            guarded = local_only::guard(guarded, port, "");
        }
        let tls = self.authority.map(Authority::server).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = Server::start(listener, guarded, tls, upstream.connections())?;
        let url = format!("{scheme}://127.0.0.1:{port}");
        Ok(Running { what, upstream, url, _server: server })
    }
}

/// STS, and the host that publishes its keys. Only Entra calls that host, so its calls are not logged.
async fn start_sts(access_key: AccessKey, time: &TimeSource) -> Result<(Server, Arc<Sts>), StartError> {
    let (listener, key) = (server::bind(0).await?, SigningKey::of_sts()?);
    let issuer = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
    let routes = sts::issuer_routes(&issuer, &key.public());
    let server = Server::start(listener, routes, None, Connections::default())?;
    Ok((server, Arc::new(Sts::new(issuer, key, access_key, time.clone()))))
}

/// The federated credential with which the app trusts the one role of STS.
fn trusting(sts: &Sts) -> FederatedCredential {
    let (subject, audience) = (sts::ROLE_ARN.to_owned(), sts::AUDIENCE.to_owned());
    FederatedCredential { issuer: sts.issuer().to_owned(), subject, audience }
}

fn credentials(fake_tenant: &FakeTenant, client_secret: &str) -> String {
    json!({
        "tenantId": fake_tenant.directory_id,
        "clientId": fake_tenant.client_id,
        "clientSecret": client_secret,
    })
    .to_string()
}

/// A random secret. It is not written anywhere.
fn fresh_secret() -> String {
    format!("dev~{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
