//! The command `devstack`.

use std::io::{self, Write};

use crate::options::{Port, StackOptions};
use crate::stack::Stack;

/// Where the gateway listens unless told otherwise.
const GATEWAY_PORT: u16 = 9080;

/// Where the embed host listens unless told otherwise.
const EMBED_PORT: u16 = 8443;

const USAGE: &str = "\
Usage: devstack [--port PORT] [--embed-port PORT] [--no-embed] [--credential KIND]

  --port PORT        the gateway's port (default 9080, or the next free one)
  --embed-port PORT  the simulated embed host's port (default 8443, or the next free one)
  --no-embed         start no embed host; embed URLs then name the real one
  --credential KIND  what the functions prove themselves with: secret (default) or federated
  --help             this text
";

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    /// Start a stack.
    Start(Box<StackOptions>),
    /// Print a text and end; the code to end with.
    Print(String, u8),
}

/// Reads the arguments after the program's name.
#[must_use]
pub fn command(arguments: impl IntoIterator<Item = String>) -> Command {
    let mut options = StackOptions {
        gateway_port: Port::From(GATEWAY_PORT),
        embed_port: Some(Port::From(EMBED_PORT)),
        ..StackOptions::default()
    };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Command::Print(USAGE.to_owned(), 0),
            "--no-embed" => options.embed_port = None,
            "--credential" => match arguments.next() {
                Some(kind) if kind == "secret" || kind == "federated" => {
                    options.variables.insert("DYNABIND_CREDENTIAL".to_owned(), kind);
                }
                _ => return Command::Print(format!("--credential wants secret or federated\n\n{USAGE}"), 2),
            },
            "--port" | "--embed-port" => {
                let Some(port) = arguments.next().and_then(|value| value.parse().ok()) else {
                    return Command::Print(format!("{argument} wants a port\n\n{USAGE}"), 2);
                };
                let port = if port == 0 { Port::Any } else { Port::Exactly(port) };
                if argument == "--port" {
                    options.gateway_port = port;
                } else {
                    options.embed_port = Some(port);
                }
            }
            _ => return Command::Print(format!("unknown argument {argument}\n\n{USAGE}"), 2),
        }
    }
    Command::Start(Box::new(options))
}

/// Says where everything is, and what to type.
///
/// # Errors
/// When nobody listens.
pub fn greet(stack: &Stack, options: &StackOptions, out: &mut impl Write) -> io::Result<()> {
    use crate::calls::Service::{Entra, PowerBi, SecretsManager, Sts};
    note_other_port(options.gateway_port, stack.port(), out)?;
    if let (Some(wanted), Some(port)) = (options.embed_port, stack.embed_port()) {
        note_other_port(wanted, port, out)?;
    }
    let url = stack.url();
    writeln!(out, "Dynabind's development stack is up.\n")?;
    writeln!(out, "  Demo page        {url}/")?;
    writeln!(out, "  API              {url}  (POST /token, POST /config, GET /datasets)")?;
    writeln!(out, "  Callers          {url}/dev/users  (a token: {url}/dev/token?user=NAME)")?;
    writeln!(out, "  FakeService calls   {url}/dev/calls  (faults and more: {url}/dev)")?;
    writeln!(out, "  Entra            {}", stack.upstream_url(Entra))?;
    writeln!(out, "  Power BI         {}", stack.upstream_url(PowerBi))?;
    writeln!(out, "  Secrets Manager  {}", stack.upstream_url(SecretsManager))?;
    writeln!(out, "  STS              {}", stack.upstream_url(Sts))?;
    if let Some(port) = stack.embed_port() {
        writeln!(out, "  Embed host       https://app.powerbi.com:{port}")?;
    }
    if let Some(arguments) = stack.browser_arguments() {
        let quoted: Vec<_> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
        writeln!(out, "\nA browser that sees embedded reports, for which the embed host plays app.powerbi.com:\n")?;
        writeln!(out, "chromium {} {url}/", quoted.join(" "))?;
    }
    writeln!(out, "\nA config for a page, in bash:\n\n{}\n\nCtrl-C ends it.", stack.curl())?;
    out.flush()
}

fn note_other_port(wanted: Port, got: u16, out: &mut impl Write) -> io::Result<()> {
    match wanted {
        Port::From(wanted) if wanted != got => {
            writeln!(out, "Port {wanted} is taken; using {got} instead.")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Command {
        command(arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn ports_are_read() {
        let Command::Start(options) = parsed(&["--port", "1234", "--no-embed"]) else { panic!() };
        assert_eq!((options.gateway_port, options.embed_port), (Port::Exactly(1234), None));
        let Command::Start(options) = parsed(&["--credential", "federated"]) else { panic!() };
        assert_eq!(options.variables["DYNABIND_CREDENTIAL"], "federated");
        let Command::Start(options) = parsed(&["--embed-port", "0"]) else { panic!() };
        assert_eq!(options.gateway_port, Port::From(9080));
        assert_eq!(options.embed_port, Some(Port::Any));
    }

    #[test]
    fn nonsense_is_refused_with_the_usage() {
        for arguments in [&["--port"][..], &["--port", "x"], &["--what"], &["--credential", "none"]] {
            let Command::Print(text, code) = parsed(arguments) else { panic!("{arguments:?}") };
            assert!(code == 2 && text.contains("Usage"), "{text}");
        }
    }
}
