use std::io;
use std::task::Waker;

use hyper::rt::ReadBufCursor;
use tower::service_fn;

use super::*;

const LIMITS: Limits = Limits { connect: Duration::from_secs(2), idle: Duration::from_secs(30) };

/// The outcome of each attempt to connect, in order; further attempts connect at once.
#[derive(Clone, Copy)]
enum Attempt {
    Opens(u64),
    Fails(u64),
    Hangs,
}

/// A connection, by the number of its attempt.
struct Connection {
    number: usize,
    peer: Peer,
}

#[derive(Clone, Default)]
struct Peer(Arc<Mutex<(bool, Option<Waker>)>>);

impl Peer {
    fn close(&self) {
        let mut state = self.0.lock().unwrap();
        state.0 = true;
        state.1.take().map(Waker::wake).unwrap_or_default();
    }
}

impl Read for Connection {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, _: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let mut state = self.peer.0.lock().unwrap();
        state.1 = Some(context.waker().clone());
        if state.0 { Poll::Ready(Ok(())) } else { Poll::Pending }
    }
}

/// A host, and two clients of it.
struct Host {
    peers: Arc<Mutex<Vec<Peer>>>,
    user: Connector<(), Connection, &'static str>,
    opener: Connector<(), Connection, &'static str>,
}

impl Host {
    fn new(attempts: &'static [Attempt]) -> Self {
        let peers: Arc<Mutex<Vec<Peer>>> = Arc::default();
        let seen = Arc::clone(&peers);
        let inner = BoxCloneSyncService::new(service_fn(move |()| {
            let seen = Arc::clone(&seen);
            async move {
                let peer = Peer::default();
                let number = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(peer.clone());
                    seen.len()
                };
                let pause = |millis| sleep(Duration::from_millis(millis));
                match attempts.get(number - 1).copied().unwrap_or(Attempt::Opens(0)) {
                    Attempt::Opens(millis) => pause(millis).await,
                    Attempt::Fails(millis) => {
                        pause(millis).await;
                        return Err("refused");
                    }
                    Attempt::Hangs => std::future::pending().await,
                }
                Ok(Connection { number, peer })
            }
        }));
        let (using, opening) = layers(LIMITS);
        Self { peers, user: using.layer(inner.clone()), opener: opening.layer(inner) }
    }

    fn attempts(&self) -> usize {
        self.peers.lock().unwrap().len()
    }

    /// Opens spare connections, and lets their tasks start.
    async fn open(&mut self, origin: &str, connections: usize) {
        for _ in 0..connections {
            let url = Url::parse(origin).unwrap();
            assert!(to(&url, async { self.opener.call(()).await }).await.is_err(), "nothing can be sent over it");
        }
        tokio::task::yield_now().await;
    }

    /// The number of the connection that a request gets, and the milliseconds that it waits for it.
    async fn connect(&mut self, origin: &str) -> (usize, u128) {
        let begun = tokio::time::Instant::now();
        let url = Url::parse(origin).unwrap();
        let connection = to(&url, async { self.user.call(()).await }).await.unwrap();
        (connection.number, begun.elapsed().as_millis())
    }
}

const ORIGIN_A: &str = "https://a.example/path";
const ORIGIN_B: &str = "https://a.example:8443";

#[tokio::test(start_paused = true)]
async fn a_request_uses_a_connection_that_is_being_opened() {
    let mut host = Host::new(&[Attempt::Opens(40)]);
    host.open(ORIGIN_A, 1).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(host.connect("https://a.example/other").await, (1, 30));
    assert_eq!(host.connect(ORIGIN_A).await, (2, 0), "it is used once");
}

#[tokio::test(start_paused = true)]
async fn a_spare_connection_belongs_to_its_origin() {
    let mut host = Host::new(&[]);
    host.open(ORIGIN_A, 1).await;
    for other in [ORIGIN_B, "http://a.example", "https://b.example"] {
        assert_ne!(host.connect(other).await.0, 1, "{other}");
    }
    assert_eq!(host.connect(ORIGIN_A).await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn a_spare_connection_that_cannot_be_opened_costs_no_more_time() {
    let mut host = Host::new(&[Attempt::Fails(20)]);
    host.open(ORIGIN_A, 1).await;
    assert_eq!(host.connect(ORIGIN_A).await, (2, 20));
    let mut host = Host::new(&[Attempt::Fails(0)]);
    host.open(ORIGIN_A, 1).await;
    sleep(Duration::from_millis(10)).await;
    assert_eq!(host.connect(ORIGIN_A).await, (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_a_short_time_for_a_spare_connection_that_hangs() {
    let mut host = Host::new(&[Attempt::Hangs]);
    host.open(ORIGIN_A, 1).await;
    assert_eq!(host.connect(ORIGIN_A).await, (2, PATIENCE.as_millis()));
    // The connection that is ready first is used.
    let mut host = Host::new(&[Attempt::Opens(300), Attempt::Hangs]);
    host.open(ORIGIN_A, 1).await;
    assert_eq!(host.connect(ORIGIN_A).await, (1, 300));
}

#[tokio::test(start_paused = true)]
async fn a_spare_connection_that_the_host_has_closed_is_not_used() {
    let mut host = Host::new(&[]);
    host.open(ORIGIN_A, 2).await;
    sleep(Duration::from_millis(1)).await;
    let first = host.peers.lock().unwrap()[0].clone();
    first.close();
    sleep(Duration::from_millis(1)).await;
    assert_eq!(Arc::strong_count(&first.0), 2, "the connection is gone; the list and this test know its peer");
    assert_eq!(host.connect(ORIGIN_A).await, (2, 0));
    assert_eq!(host.connect(ORIGIN_A).await, (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_spare_connection_that_nobody_uses_is_closed() {
    let mut host = Host::new(&[Attempt::Opens(0), Attempt::Hangs]);
    host.open(ORIGIN_A, 2).await;
    sleep(LIMITS.idle + Duration::from_millis(1)).await;
    for peer in host.peers.lock().unwrap().iter() {
        assert_eq!(Arc::strong_count(&peer.0), 1, "only the list knows it");
    }
    assert_eq!(host.connect(ORIGIN_A).await, (3, 0));
}

#[tokio::test(start_paused = true)]
async fn spare_connections_are_bounded() {
    let mut host = Host::new(&[]);
    for _ in 0..10 {
        host.open(ORIGIN_A, 2).await;
    }
    assert_eq!(host.attempts(), MAX_SPARES);
    host.open(ORIGIN_B, 1).await;
    assert_eq!(host.attempts(), MAX_SPARES + 1, "each origin has its own");
}
