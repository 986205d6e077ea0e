//! Connections that are opened before a request needs them.
//!
//! reqwest's pool takes a connection only from a request, and over HTTP/1.1 the
//! connection stays busy until the host has answered that request. A spare
//! connection carries no request, so it does not depend on any answer. It is
//! held outside the pool, by a layer around reqwest's connector.

use std::collections::{HashMap, VecDeque};
use std::future::{poll_fn, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf};
use reqwest::Url;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tower::util::BoxCloneSyncService;
use tower::{Layer, Service};

/// The most spare connections to one origin. A cold request opens two at most.
const MAX_SPARES: usize = 8;

/// How long a request waits for a spare connection that is still being opened
/// before it opens a second connection.
const PATIENCE: Duration = Duration::from_millis(250);

tokio::task_local! {
    /// The origin of the request that is being sent. The connector's interface does not show it.
    static ORIGIN: String;
}

/// Sends a request of a client with the layer [`Preconnect`], and tells the layer the origin of the request.
pub(super) async fn to<F: Future>(url: &Url, request: F) -> F::Output {
    ORIGIN.scope(url.origin().ascii_serialization(), request).await
}

/// Time limits of connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// For opening a connection.
    pub(super) connect: Duration,
    /// For keeping an unused connection.
    pub(super) idle: Duration,
}

/// What a client does when it needs a connection.
#[derive(Clone, Copy, Debug)]
enum Role {
    /// It takes a spare connection, or opens a new one.
    Use,
    /// It opens a spare connection, and fails the request before any byte of it is sent.
    Open(Limits),
}

/// A layer with which a client uses or opens spare connections.
#[derive(Debug)]
pub(super) struct Preconnect<C> {
    spares: Spares<C>,
    role: Role,
}

/// The layers of two clients: the first uses the connections that the second opens.
pub(super) fn layers<C>(limits: Limits) -> (Preconnect<C>, Preconnect<C>) {
    let spares = Spares(Arc::default());
    (Preconnect { spares: spares.clone(), role: Role::Use }, Preconnect { spares, role: Role::Open(limits) })
}

impl<C> Clone for Preconnect<C> {
    fn clone(&self) -> Self {
        Self { spares: self.spares.clone(), role: self.role }
    }
}

impl<R, C, E> Layer<BoxCloneSyncService<R, C, E>> for Preconnect<C> {
    type Service = Connector<R, C, E>;

    fn layer(&self, inner: BoxCloneSyncService<R, C, E>) -> Connector<R, C, E> {
        Connector { inner, preconnect: self.clone() }
    }
}

/// A connector that keeps spare connections.
pub(super) struct Connector<R, C, E> {
    inner: BoxCloneSyncService<R, C, E>,
    preconnect: Preconnect<C>,
}

impl<R, C, E> Clone for Connector<R, C, E> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), preconnect: self.preconnect.clone() }
    }
}

impl<R, C, E> Service<R> for Connector<R, C, E>
where
    R: 'static,
    C: Read + Unpin + Send + 'static,
    E: From<&'static str> + Send + 'static,
{
    type Response = C;
    type Error = E;
    type Future = Pin<Box<dyn Future<Output = Result<C, E>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), E>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, destination: R) -> Self::Future {
        let own = self.inner.call(destination);
        let origin = ORIGIN.try_with(String::clone).ok();
        let Preconnect { spares, role } = &self.preconnect;
        match (*role, origin) {
            (Role::Use, Some(origin)) => Box::pin(connect(spares.take(&origin), own)),
            (Role::Use, None) => own,
            (Role::Open(limits), origin) => {
                if let Some(origin) = origin {
                    spares.add(origin, || Spare::open(own, limits));
                }
                Box::pin(ready(Err(E::from("this client only opens connections"))))
            }
        }
    }
}

/// The spare connection, or a new one if the spare one is not ready in time.
async fn connect<C, E>(spare: Option<Spare<C>>, own: impl Future<Output = Result<C, E>>) -> Result<C, E> {
    let Some(spare) = spare else { return own.await };
    let mut spare = pin!(spare.connection());
    match timeout(PATIENCE, &mut spare).await {
        Ok(Some(connection)) => Ok(connection),
        Ok(None) => own.await,
        Err(_) => tokio::select! {
            biased;
            Some(connection) = spare => Ok(connection),
            opened = own => opened,
        },
    }
}

/// Spare connections by origin, oldest first.
#[derive(Debug)]
struct Spares<C>(Arc<Mutex<HashMap<String, VecDeque<Spare<C>>>>>);

impl<C> Clone for Spares<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> Spares<C> {
    fn add(&self, origin: String, open: impl FnOnce() -> Spare<C>) {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spares = spares.entry(origin).or_default();
        spares.retain(Spare::is_kept);
        if spares.len() < MAX_SPARES {
            spares.push_back(open());
        }
    }

    fn take(&self, origin: &str) -> Option<Spare<C>> {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let spares = spares.get_mut(origin)?;
        spares.retain(Spare::is_kept);
        spares.pop_front()
    }
}

/// A connection that a separate task opens, and keeps until a request takes it.
#[derive(Debug)]
struct Spare<C> {
    /// Dropping it ends the task and the connection.
    taker: oneshot::Sender<oneshot::Sender<C>>,
}

impl<C> Spare<C> {
    /// Whether the connection is being opened or open.
    fn is_kept(&self) -> bool {
        !self.taker.is_closed()
    }

    /// The connection, once it is open; `None` if it cannot be opened, or has ended.
    async fn connection(self) -> Option<C> {
        let (give, get) = oneshot::channel();
        self.taker.send(give).ok()?;
        get.await.ok()
    }
}

impl<C: Read + Unpin + Send + 'static> Spare<C> {
    fn open<E: Send + 'static>(opening: impl Future<Output = Result<C, E>> + Send + 'static, limits: Limits) -> Self {
        let (taker, wanted) = oneshot::channel::<oneshot::Sender<C>>();
        tokio::spawn(async move {
            // If it cannot be opened, the request that needs it opens another one and reports the failure.
            let Ok(Ok(mut connection)) = timeout(limits.connect, opening).await else { return };
            let give = tokio::select! {
                biased;
                () = closed(&mut connection) => None,
                give = wanted => give.ok(),
                () = sleep(limits.idle) => None,
            };
            if let Some(give) = give {
                // The request may have ended meanwhile.
                drop(give.send(connection));
            }
        });
        Self { taker }
    }
}

/// Waits until the host closes a connection, or sends data without a request.
async fn closed<C: Read + Unpin>(connection: &mut C) {
    let mut byte = [0];
    poll_fn(|context| {
        let mut buffer = ReadBuf::new(&mut byte);
        Pin::new(&mut *connection).poll_read(context, buffer.unfilled()).map(drop)
    })
    .await;
}

#[cfg(test)]
mod tests;
