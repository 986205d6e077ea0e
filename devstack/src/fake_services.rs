//! The upstreams of the functions, running.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use serde_json::json;
use uuid::Uuid;

use crate::calls::{CallLog, Service};
use crate::entra::{Certificate, Entra, FederatedCredential, Setup, TrustedIssuer};
use crate::error::StartError;
use crate::fake_service::FakeService;
use crate::fake_tenant::FakeTenant;
use crate::keys::SigningKey;
use crate::ledger::Ledger;
use crate::powerbi::{self, PowerBi};
use crate::secrets_manager::SecretsManager;
use crate::server::{self, Connections, Server};
use crate::sts::{self, AccessKey, Sts};
use crate::time_source::TimeSource;
use crate::tls::{self, Authority};

/// The name of the service principal's secret.
pub(crate) const SECRET_NAME: &str = "dynabind-dev";

/// The stand-ins for Entra, Power BI, Secrets Manager and STS.
#[derive(Clone)]
pub struct FakeServices(Arc<Inner>);

struct Inner {
    fake_tenant: Arc<FakeTenant>,
    ledger: Arc<Ledger>,
    log: CallLog,
    time: TimeSource,
    entra: Running<Entra>,
    powerbi: Running<PowerBi>,
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

/// What the stand-ins are made of.
pub(crate) struct Plan {
    pub(crate) fake_tenant: Arc<FakeTenant>,
    /// What plays DynamoDB.
    pub(crate) table: Option<Router>,
    pub(crate) time: TimeSource,
    pub(crate) token_life: Duration,
    /// The scheme, host and port of embed URLs.
    pub(crate) embed_origin: String,
    pub(crate) user_issuer: TrustedIssuer,
    /// The AWS credentials that the functions sign with.
    pub(crate) access_key: AccessKey,
    /// The authority of `https` listeners; plain HTTP without it.
    pub(crate) authority: Option<Authority>,
}

impl FakeServices {
    pub(crate) async fn start(plan: Plan) -> Result<Self, StartError> {
        let Plan { fake_tenant, table, time, token_life, embed_origin, user_issuer, access_key, authority } = plan;
        let (ledger, log) = (Arc::<Ledger>::default(), CallLog::default());
        let certificate_key = SigningKey::of_certificate()?;
        let certificate = tls::client_certificate(&certificate_key)?;
        let client_secret = fresh_secret();
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
                scheme: if authority.is_some() { "https" } else { "http" },
            },
        ));
        let powerbi = Arc::new(PowerBi {
            fake_tenant: Arc::clone(&fake_tenant),
            ledger: Arc::clone(&ledger),
            time: time.clone(),
            embed_origin,
        });
        let credentials = credentials(&fake_tenant, &client_secret);
        let secrets = Arc::new(SecretsManager::new(SECRET_NAME, credentials, time.clone()));
        let host = Host { log: &log, time: &time, authority: authority.as_ref() };
        Ok(Self(Arc::new(Inner {
            entra: host.run(Service::Entra, entra, Entra::routes).await?,
            powerbi: host.run(Service::PowerBi, powerbi, PowerBi::routes).await?,
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

    /// What exists behind the stand-ins.
    #[must_use]
    pub fn fake_tenant(&self) -> &FakeTenant {
        &self.0.fake_tenant
    }

    /// The calls to all stand-ins, in order.
    #[must_use]
    pub fn log(&self) -> &CallLog {
        &self.0.log
    }

    /// The Entra stand-in.
    #[must_use]
    pub fn entra(&self) -> &FakeService {
        &self.0.entra.upstream
    }

    /// The Power BI stand-in.
    #[must_use]
    pub fn powerbi(&self) -> &FakeService {
        &self.0.powerbi.upstream
    }

    /// The Secrets Manager stand-in.
    #[must_use]
    pub fn secrets(&self) -> &FakeService {
        &self.0.secrets.upstream
    }

    /// The STS stand-in.
    #[must_use]
    pub fn sts(&self) -> &FakeService {
        &self.0.sts.upstream
    }

    /// The stand-in for a service; only DynamoDB may have none.
    #[must_use]
    pub fn upstream(&self, service: Service) -> Option<&FakeService> {
        match service {
            Service::Entra => Some(self.entra()),
            Service::PowerBi => Some(self.powerbi()),
            Service::SecretsManager => Some(self.secrets()),
            Service::Sts => Some(self.sts()),
            Service::DynamoDb => self.0.table.as_ref().map(|table| &table.upstream),
        }
    }

    /// All stand-ins.
    pub fn all(&self) -> impl Iterator<Item = &FakeService> {
        [Service::Entra, Service::PowerBi, Service::SecretsManager, Service::Sts, Service::DynamoDb]
            .into_iter()
            .filter_map(|service| self.upstream(service))
    }

    /// The base URL of a stand-in, without a slash at the end; empty where there is none.
    #[must_use]
    pub fn upstream_url(&self, service: Service) -> &str {
        match service {
            Service::Entra => &self.0.entra.url,
            Service::PowerBi => &self.0.powerbi.url,
            Service::SecretsManager => &self.0.secrets.url,
            Service::Sts => &self.0.sts.url,
            Service::DynamoDb => self.0.table.as_ref().map_or("", |table| &table.url),
        }
    }

    /// Gives the app another client secret, in Entra and in Secrets Manager at once.
    pub fn rotate_secret(&self) {
        let secret = fresh_secret();
        self.replace_client_secret(&secret);
        self.store_secret(credentials(self.fake_tenant(), &secret));
    }

    /// Gives the app another client secret in Entra only.
    pub fn replace_client_secret(&self, secret: &str) {
        self.0.entra.what.replace_secret(secret);
    }

    /// Makes every client secret of the app an expired one.
    pub fn expire_client_secrets(&self) {
        self.0.entra.what.expire_secrets();
    }

    /// Gives the app another client secret in Entra beside those that it has.
    pub fn add_client_secret(&self, secret: &str) {
        self.0.entra.what.add_secret(secret);
    }

    /// Makes any text the current value in Secrets Manager only.
    pub fn store_secret(&self, value: impl Into<String>) {
        self.0.secrets.what.rotate(value.into());
    }

    /// Stores credentials with the app's certificate in the place of a client secret.
    pub fn store_certificate(&self) {
        let credentials = json!({
            "tenantId": self.fake_tenant().directory_id,
            "clientId": self.fake_tenant().client_id,
            "certificate": self.0.certificate_pem,
            "privateKey": self.0.certificate_key.pem(),
        });
        self.store_secret(credentials.to_string());
    }

    /// The current value in Secrets Manager.
    #[must_use]
    pub fn stored_secret(&self) -> String {
        self.0.secrets.what.current()
    }

    /// The app's federated credential as it ought to be: the one role of STS.
    #[must_use]
    pub fn federated_credential(&self) -> FederatedCredential {
        trusting(&self.0.sts.what)
    }

    /// Makes these the app's only federated credentials.
    pub fn replace_federated_credentials(&self, credentials: Vec<FederatedCredential>) {
        self.0.entra.what.replace_federated(credentials);
    }

    /// Switches outbound web identity federation of the AWS account on or off.
    pub fn enable_outbound_federation(&self, enabled: bool) {
        self.0.sts.what.enable(enabled);
    }

    /// Ends the session of the AWS credentials that the functions have.
    pub fn expire_aws_credentials(&self) {
        self.0.sts.what.expire_access_key();
    }

    /// Sets how long access tokens live that Entra issues from now on.
    pub fn set_access_token_life(&self, life: Duration) {
        self.0.entra.what.set_token_life(life);
    }

    /// Makes Power BI refuse every access token so far, as it refuses any JWT that it does not accept.
    pub fn revoke_access_tokens(&self) {
        self.0.ledger.revoke_access();
    }

    /// Makes every access token so far an expired one.
    pub fn expire_access_tokens(&self) {
        self.0.ledger.expire_access(self.0.time.now());
    }

    /// Makes every embed token so far an expired one.
    pub fn expire_embed_tokens(&self) {
        self.0.ledger.expire_embed(self.0.time.now());
    }

    /// What an embed token opens, as the demo page shows it; `None` for any other text.
    #[must_use]
    pub fn embed_token(&self, token: &str) -> Option<serde_json::Value> {
        self.0.ledger.embed(token).map(|token| crate::embed::described(&token))
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.0.ledger
    }

    pub(crate) fn shared_fake_tenant(&self) -> Arc<FakeTenant> {
        Arc::clone(&self.0.fake_tenant)
    }
}

/// What the stand-ins' listeners have in common.
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
        if service == Service::PowerBi {
            guarded = powerbi::tagged(guarded);
        }
        let tls = self.authority.map(Authority::server).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = Server::start(server::bind(0).await?, guarded, tls, upstream.connections())?;
        let url = format!("{scheme}://127.0.0.1:{}", server.port());
        Ok(Running { what, upstream, url, _server: server })
    }
}

/// STS, and the host that publishes its keys. Entra asks that host and nobody else does, so its calls are not logged.
async fn start_sts(access_key: AccessKey, time: &TimeSource) -> Result<(Server, Arc<Sts>), StartError> {
    let (listener, key) = (server::bind(0).await?, SigningKey::of_sts()?);
    let issuer = format!("http://127.0.0.1:{}", listener.local_addr()?.port());
    let routes = sts::issuer_routes(&issuer, &key.public());
    let server = Server::start(listener, routes, None, Connections::default())?;
    Ok((server, Arc::new(Sts::new(issuer, key, access_key, time.clone()))))
}

/// The credential with which the app trusts the one role of STS.
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

/// A secret of this process only: none is written anywhere.
fn fresh_secret() -> String {
    format!("dev~{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}
