//! The answer of the scripted upstream.

/// One answer for all requests to one upstream.
#[derive(Clone, Default)]
pub(super) struct Script {
    pub(super) upstream: String,
    pub(super) status: u16,
    /// Complete lines, each with its line end.
    pub(super) headers: String,
    pub(super) body: Vec<u8>,
}

impl Script {
    /// Reads any input. Invalid parts are ignored.
    pub(super) fn read(input: &[u8]) -> Self {
        let end = input.windows(2).position(|pair| pair == b"\n\n");
        let (head, body) = end.map_or((input, &[][..]), |end| (&input[..end], &input[end + 2..]));
        let head = String::from_utf8_lossy(head);
        let mut lines = head.lines();
        let (upstream, status) = lines.next().unwrap_or_default().split_once(' ').unwrap_or_default();
        let headers = lines.filter(|line| is_header(line)).flat_map(|line| [line, "\r\n"]).collect();
        Self { upstream: upstream.to_owned(), status: status_of(status), headers, body: body.to_vec() }
    }
}

/// Accepts only final statuses that permit a body.
fn status_of(text: &str) -> u16 {
    text.parse().ok().filter(|status| (200..=599).contains(status) && ![204, 304].contains(status)).unwrap_or(200)
}

/// Refuses headers that frame the body, because the server sets them itself.
fn is_header(line: &str) -> bool {
    let Some((name, value)) = line.split_once(": ") else { return false };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_framing = ["content-length", "transfer-encoding", "connection", "content-encoding"]
        .iter()
        .any(|framing| name.eq_ignore_ascii_case(framing));
    is_name && !is_framing && value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}
