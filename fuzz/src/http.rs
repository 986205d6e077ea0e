//! A small HTTP/1.1 server on loopback for scripted upstreams.

use std::sync::Arc;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A complete request.
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    head: String,
    pub(crate) body: String,
}

impl Request {
    /// The next request of a connection; `None` at its end.
    async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Self> {
        loop {
            if let Some(end) = unread.windows(4).position(|end| end == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&unread[..end]).into_owned();
                let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
                if unread.len() >= end + 4 + length {
                    let body = String::from_utf8_lossy(&unread[end + 4..end + 4 + length]).into_owned();
                    unread.drain(..end + 4 + length);
                    let mut words = head.split(' ');
                    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
                    return Some(Self { method, path, head, body });
                }
            }
            if stream.read_buf(unread).await.ok()? == 0 {
                return None;
            }
        }
    }

    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The running server. It ends when this value is dropped.
pub(crate) struct Server {
    port: u16,
    accepting: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Server {
    /// Starts a server. `respond` returns the bytes of a response, or `None` to close the connection.
    pub(crate) async fn start<R>(respond: impl Fn(Request) -> R + Send + Sync + 'static) -> Self
    where
        R: Future<Output = Option<Vec<u8>>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let respond = Arc::new(respond);
        let accepting = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let respond = Arc::clone(&respond);
                tokio::spawn(async move {
                    let _ = stream.set_nodelay(true);
                    let mut unread = Vec::new();
                    while let Some(request) = Request::read(&mut stream, &mut unread).await {
                        let Some(bytes) = respond(request).await else { return };
                        if stream.write_all(&bytes).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { port, accepting }
    }

    /// The base URL of an upstream: the first segment of the path is its name.
    pub(crate) fn url(&self, upstream: &str) -> String {
        format!("http://127.0.0.1:{}/{upstream}", self.port)
    }
}

/// The bytes of a response. `headers` are complete lines, each with its line end.
pub(crate) fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The bytes of a 200 with JSON.
pub(crate) fn json(body: &Value) -> Vec<u8> {
    response(200, "content-type: application/json\r\n", body.to_string().as_bytes())
}
