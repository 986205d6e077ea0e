//! AWS Secrets Manager, as moto plays it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;

use serde_json::{Value, json};

use crate::process::{Server, free_port, tool};

/// The region that the tests pretend to be in.
pub const REGION: &str = "eu-west-1";

/// A running moto server.
pub struct Moto {
    server: Server,
}

impl Moto {
    /// Starts one.
    #[must_use]
    pub fn start() -> Self {
        let port = free_port();
        let mut command = Command::new(tool("moto_server"));
        command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
        Self { server: Server::start("moto", port, &mut command) }
    }

    /// Where the AWS SDK finds it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port())
    }

    /// Creates a secret and returns its ARN.
    #[must_use]
    pub fn create_secret(&self, name: &str, value: &Value) -> String {
        let request = json!({ "Name": name, "SecretString": value.to_string() });
        let answer = self.call("CreateSecret", &request);
        answer["ARN"].as_str().expect("a created secret has an ARN").to_owned()
    }

    /// Makes `value` the secret's current version, as a rotation does.
    pub fn put_secret_value(&self, id: &str, value: &Value) {
        let request = json!({ "SecretId": id, "SecretString": value.to_string() });
        self.call("PutSecretValue", &request);
    }

    /// The secret's current value.
    #[must_use]
    pub fn secret_value(&self, id: &str) -> Value {
        secret_value(self.server.port(), id)
    }

    fn call(&self, action: &str, request: &Value) -> Value {
        call(self.server.port(), action, request)
    }
}

/// The current value of a secret of any Secrets Manager on loopback.
#[must_use]
pub fn secret_value(port: u16, id: &str) -> Value {
    let answer = call(port, "GetSecretValue", &json!({ "SecretId": id }));
    let text = answer["SecretString"].as_str().expect("the secret is text");
    serde_json::from_str(text).unwrap()
}

/// One call of Secrets Manager; the stand-ins ask for a signature but do not verify it.
fn call(port: u16, action: &str, request: &Value) -> Value {
    let body = request.to_string();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\n\
         Host: 127.0.0.1:{port}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/{REGION}/secretsmanager/aws4_request, \
         SignedHeaders=host;x-amz-date, Signature=00\r\n\
         Content-Length: {}\r\n\
         Content-Type: application/x-amz-json-1.1\r\n\
         X-Amz-Date: 20260101T000000Z\r\n\
         X-Amz-Target: secretsmanager.{action}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("an HTTP response");
    assert!(head.starts_with("HTTP/1.1 200"), "{action}: {answer}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{action}: {error}: {body}"))
}
