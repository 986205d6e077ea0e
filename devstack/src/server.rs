//! Listeners on loopback whose connections can be counted and reset.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

use crate::sync::lock;

/// The maximum number of connections that wait to be accepted.
const BACKLOG: u32 = 1024;

static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// Binds a loopback port; zero takes any free one.
pub(crate) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// A running server. When it is dropped, the server ends with its connections.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    task: AbortHandle,
}

impl Server {
    /// Serves a router on a bound listener, over TLS if there is a configuration.
    pub(crate) fn start(
        listener: TcpListener,
        router: Router,
        tls: Option<Arc<ServerConfig>>,
        connections: Connections,
    ) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, router, tls.map(TlsAcceptor::from), connections));
        Ok(Self { address, task: task.abort_handle() })
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One accepted connection, as a request handler sees it.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    id: u64,
    reset_signal: Arc<ResetSignal>,
}

#[derive(Debug, Default)]
struct ResetSignal {
    wanted: Notify,
    abruptly: AtomicBool,
}

impl Connection {
    fn next(connections: &Connections) -> Self {
        let id = CONNECTIONS.fetch_add(1, Ordering::Relaxed) + 1;
        let reset_signal = Arc::default();
        connections.add(&reset_signal);
        Self { id, reset_signal }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Resets the connection. The future of the caller ends with it.
    pub(crate) async fn reset(&self) -> Infallible {
        self.reset_signal.reset();
        std::future::pending().await
    }
}

impl ResetSignal {
    fn reset(&self) {
        self.abruptly.store(true, Ordering::Relaxed);
        self.wanted.notify_one();
    }
}

/// The open connections of a server, and whether it listens.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    open: Mutex<Vec<Weak<ResetSignal>>>,
    /// The number of accepted connections.
    accepted: AtomicUsize,
    listening: watch::Sender<Listening>,
}

/// Whether the server listens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Listening {
    Starting,
    On,
    Stopping,
    Off,
}

impl Default for Connections {
    fn default() -> Self {
        Self(Arc::new(Inner {
            open: Mutex::default(),
            accepted: AtomicUsize::new(0),
            listening: watch::Sender::new(Listening::On),
        }))
    }
}

impl Connections {
    /// Resets every connection, idle ones too.
    pub(crate) fn reset(&self) {
        lock(&self.0.open).drain(..).filter_map(|connection| connection.upgrade()).for_each(|open| open.reset());
    }

    /// Stops listening, so that the system refuses connections.
    pub(crate) async fn close(&self) {
        self.change(Listening::Stopping, Listening::Off).await;
        self.reset();
    }

    /// Listens again, on the same port.
    pub(crate) async fn open(&self) {
        self.change(Listening::Starting, Listening::On).await;
    }

    async fn change(&self, wish: Listening, done: Listening) {
        self.0.listening.send_if_modified(|state| *state != done && std::mem::replace(state, wish) != wish);
        self.when(done).await;
    }

    /// Waits for a state. The sender of the state lives as long as `self`.
    async fn when(&self, wanted: Listening) {
        let _ = self.0.listening.subscribe().wait_for(|state| *state == wanted).await;
    }

    /// The number of accepted connections.
    pub(crate) fn accepted(&self) -> usize {
        self.0.accepted.load(Ordering::Relaxed)
    }

    fn add(&self, connection: &Arc<ResetSignal>) {
        self.0.accepted.fetch_add(1, Ordering::Relaxed);
        let mut open = lock(&self.0.open);
        open.retain(|connection| connection.strong_count() > 0);
        open.push(Arc::downgrade(connection));
    }
}

/// Closes a listener until the server listens again. The port stays bound, so that no other program gets it.
async fn pause(listener: TcpListener, connections: &Connections) -> io::Result<TcpListener> {
    let address = listener.local_addr()?;
    drop(listener);
    let bound = TcpSocket::new_v4()?;
    bound.set_reuseaddr(true)?;
    bound.bind(address)?;
    connections.0.listening.send_replace(Listening::Off);
    connections.when(Listening::Starting).await;
    let listener = bound.listen(BACKLOG)?;
    connections.0.listening.send_replace(Listening::On);
    Ok(listener)
}

async fn accept(mut listener: TcpListener, router: Router, tls: Option<TlsAcceptor>, connections: Connections) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = connections.when(Listening::Stopping) => match pause(listener, &connections).await {
                Ok(reopened) => listener = reopened,
                // The server cannot continue without its port.
                Err(_) => return,
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(serve(stream, router.clone(), tls.clone(), Connection::next(&connections)));
                }
                // Out of file descriptors: wait until some are free.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, router: Router, tls: Option<TlsAcceptor>, connection: Connection) {
    // Answers are small, and latency matters.
    let _ = stream.set_nodelay(true);
    let socket = Socket { stream, reset_signal: Arc::clone(&connection.reset_signal) };
    match tls {
        None => speak_http(socket, router, connection).await,
        Some(tls) => {
            if let Ok(stream) = tls.accept(socket).await {
                speak_http(stream, router, connection).await;
            }
        }
    }
}

async fn speak_http<S>(stream: S, router: Router, connection: Connection)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let reset_signal = Arc::clone(&connection.reset_signal);
    let service = TowerToHyperService::new(router.layer(Extension(connection)));
    let builder = auto::Builder::new(TokioExecutor::new());
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        () = reset_signal.wanted.notified() => {}
    }
}

/// A stream that can be closed with a reset.
struct Socket {
    stream: TcpStream,
    reset_signal: Arc<ResetSignal>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset_signal.abruptly.load(Ordering::Relaxed) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
