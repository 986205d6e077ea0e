//! As much of HTTP/1.1 as a scripted upstream needs.

use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

/// A request that has arrived whole.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    head: String,
    pub(super) body: String,
}

impl Request {
    /// The next request of a connection; `None` at its end.
    pub(super) async fn read(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Self> {
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
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// An answer in the form in which it goes over the wire.
pub(super) fn answer(status: u16, headers: &[(String, String)], body: &str) -> Vec<u8> {
    let headers: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let headers = headers.concat();
    format!("HTTP/1.1 {status} Scripted\r\ncontent-length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes()
}

/// A 200 with JSON.
pub(super) fn json(body: &Value) -> Vec<u8> {
    answer(200, &[("content-type".to_owned(), "application/json".to_owned())], &body.to_string())
}
