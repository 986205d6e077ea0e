//! Listeners on loopback whose connections can be counted and broken.

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

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

static CONNECTIONS: AtomicU64 = AtomicU64::new(0);

/// Binds a loopback port; zero takes any free one.
pub(crate) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// A running server, which ends, connections and all, when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    task: AbortHandle,
}

impl Server {
    /// Serves a router on a bound listener, over TLS when there is a configuration.
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
    broken: Arc<Broken>,
}

#[derive(Debug, Default)]
struct Broken {
    wanted: Notify,
    abruptly: AtomicBool,
}

impl Connection {
    fn next(connections: &Connections) -> Self {
        let id = CONNECTIONS.fetch_add(1, Ordering::Relaxed) + 1;
        let broken = Arc::default();
        connections.add(&broken);
        Self { id, broken }
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    /// Resets the connection, which ends the caller with it.
    pub(crate) async fn reset(&self) -> Infallible {
        self.broken.reset();
        std::future::pending().await
    }
}

impl Broken {
    fn reset(&self) {
        self.abruptly.store(true, Ordering::Relaxed);
        self.wanted.notify_one();
    }
}

/// The open connections of a server, and its door.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    open: Mutex<Vec<Weak<Broken>>>,
    /// How many were accepted so far.
    accepted: AtomicUsize,
    door: watch::Sender<Door>,
}

/// Whether anybody listens.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Door {
    Opening,
    Open,
    Closing,
    Closed,
}

impl Default for Connections {
    fn default() -> Self {
        Self(Arc::new(Inner {
            open: Mutex::default(),
            accepted: AtomicUsize::new(0),
            door: watch::Sender::new(Door::Open),
        }))
    }
}

impl Connections {
    /// Resets every connection, idle ones too.
    pub(crate) fn reset(&self) {
        lock(&self.0.open).drain(..).filter_map(|connection| connection.upgrade()).for_each(|open| open.reset());
    }

    /// Has the server stop listening: whoever connects is refused.
    pub(crate) async fn close(&self) {
        self.turn(Door::Closing, Door::Closed).await;
        self.reset();
    }

    /// Has it listen again, on the same port.
    pub(crate) async fn open(&self) {
        self.turn(Door::Opening, Door::Open).await;
    }

    async fn turn(&self, wish: Door, done: Door) {
        self.0.door.send_if_modified(|door| *door != done && std::mem::replace(door, wish) != wish);
        self.when(done).await;
    }

    /// Waits until the door is as wanted; its sender lives as long as this.
    async fn when(&self, wanted: Door) {
        let _ = self.0.door.subscribe().wait_for(|door| *door == wanted).await;
    }

    /// How many connections were accepted so far.
    pub(crate) fn accepted(&self) -> usize {
        self.0.accepted.load(Ordering::Relaxed)
    }

    fn add(&self, connection: &Arc<Broken>) {
        self.0.accepted.fetch_add(1, Ordering::Relaxed);
        let mut open = lock(&self.0.open);
        open.retain(|connection| connection.strong_count() > 0);
        open.push(Arc::downgrade(connection));
    }
}

/// Closes a listener until the door is opened again. The port is held the
/// while, so that nobody else gets it.
async fn shut(listener: TcpListener, connections: &Connections) -> io::Result<TcpListener> {
    let address = listener.local_addr()?;
    drop(listener);
    let held = TcpSocket::new_v4()?;
    held.set_reuseaddr(true)?;
    held.bind(address)?;
    connections.0.door.send_replace(Door::Closed);
    connections.when(Door::Opening).await;
    let listener = held.listen(BACKLOG)?;
    connections.0.door.send_replace(Door::Open);
    Ok(listener)
}

async fn accept(mut listener: TcpListener, router: Router, tls: Option<TlsAcceptor>, connections: Connections) {
    let mut tasks = JoinSet::new();
    loop {
        tokio::select! {
            () = connections.when(Door::Closing) => match shut(listener, &connections).await {
                Ok(reopened) => listener = reopened,
                // Without its port there is no server any more.
                Err(_) => return,
            },
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(serve(stream, router.clone(), tls.clone(), Connection::next(&connections)));
                }
                // Out of descriptors: those in use will come back.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = tasks.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, router: Router, tls: Option<TlsAcceptor>, connection: Connection) {
    // Answers are small and latency is measured.
    let _ = stream.set_nodelay(true);
    let socket = Socket { stream, broken: Arc::clone(&connection.broken) };
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
    let broken = Arc::clone(&connection.broken);
    let service = TowerToHyperService::new(router.layer(Extension(connection)));
    let builder = auto::Builder::new(TokioExecutor::new());
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        () = broken.wanted.notified() => {}
    }
}

/// A stream that is closed with a reset instead of politely, when told so.
struct Socket {
    stream: TcpStream,
    broken: Arc<Broken>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.broken.abruptly.load(Ordering::Relaxed) {
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
