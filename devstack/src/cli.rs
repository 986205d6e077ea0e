//! The command `devstack`.

use std::io::{self, Write};
use std::num::ParseIntError;

use clap::Parser;

use crate::options::{Port, StackOptions};
use crate::stack::Stack;

/// The gateway's default port.
const GATEWAY_PORT: u16 = 9080;

/// The embed host's default port.
const EMBED_PORT: u16 = 8443;

/// The local development stack: gateway, functions, and stand-ins for their upstreams
#[derive(Debug, Parser)]
#[command(name = "devstack")]
pub struct Arguments {
    /// The gateway's port; 0 takes any free one [default: 9080, or the next free one]
    #[arg(long, value_name = "PORT", value_parser = port)]
    port: Option<Port>,
    /// The simulated embed host's port; 0 takes any free one [default: 8443, or the next free one]
    #[arg(long, value_name = "PORT", value_parser = port)]
    embed_port: Option<Port>,
    /// Start no embed host; embed URLs then name the real one
    #[arg(long, conflicts_with = "embed_port")]
    no_embed: bool,
}

fn port(text: &str) -> Result<Port, ParseIntError> {
    text.parse().map(|port| if port == 0 { Port::Any } else { Port::Exactly(port) })
}

impl Arguments {
    /// The options of a stack with these arguments.
    #[must_use]
    pub fn options(&self) -> StackOptions {
        let embed_port = self.embed_port.unwrap_or(Port::From(EMBED_PORT));
        StackOptions {
            gateway_port: self.port.unwrap_or(Port::From(GATEWAY_PORT)),
            embed_port: (!self.no_embed).then_some(embed_port),
            ..StackOptions::default()
        }
    }
}

/// Prints the URLs of everything and the commands to use it.
///
/// # Errors
/// When the reader of the output has gone.
pub fn greet(stack: &Stack, options: &StackOptions, out: &mut impl Write) -> io::Result<()> {
    use crate::calls::Service::{Entra, Fabric, PowerBi, SecretsManager};
    note_other_port(options.gateway_port, stack.port(), out)?;
    if let (Some(wanted), Some(port)) = (options.embed_port, stack.embed_port()) {
        note_other_port(wanted, port, out)?;
    }
    let url = stack.url();
    writeln!(out, "Dynabind's development stack is up.\n")?;
    writeln!(out, "  Demo page        {url}/")?;
    writeln!(out, "  API              {url}  (POST /token, POST /config, GET /datasets)")?;
    writeln!(out, "  Callers          {url}/dev/users  (a token: {url}/dev/token?user=NAME)")?;
    writeln!(out, "  Upstream calls   {url}/dev/calls  (faults and more: {url}/dev)")?;
    writeln!(out, "  Entra            {}", stack.upstream_url(Entra))?;
    writeln!(out, "  Power BI         {}", stack.upstream_url(PowerBi))?;
    writeln!(out, "  Fabric           {}", stack.upstream_url(Fabric))?;
    writeln!(out, "  Secrets Manager  {}", stack.upstream_url(SecretsManager))?;
    if let Some(port) = stack.embed_port() {
        writeln!(out, "  Embed host       https://app.powerbi.com:{port}")?;
    }
    if let Some(arguments) = stack.browser_arguments() {
        let quoted: Vec<_> = arguments.iter().map(|argument| format!("'{argument}'")).collect();
        writeln!(
            out,
            "\nA browser that shows embedded reports (the embed host takes the place of app.powerbi.com):\n"
        )?;
        writeln!(out, "chromium {} {url}/", quoted.join(" "))?;
    }
    writeln!(out, "\nRequest a config for a page, in bash:\n\n{}\n\nCtrl-C ends the stack.", stack.curl())?;
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

    fn parsed(arguments: &[&str]) -> Result<StackOptions, clap::Error> {
        Arguments::try_parse_from([&["devstack"], arguments].concat()).map(|arguments| arguments.options())
    }

    #[test]
    fn ports_are_read() {
        let options = parsed(&["--port", "1234", "--no-embed"]).unwrap();
        assert_eq!((options.gateway_port, options.embed_port), (Port::Exactly(1234), None));
        let options = parsed(&["--embed-port", "0"]).unwrap();
        assert_eq!(options.gateway_port, Port::From(9080));
        assert_eq!(options.embed_port, Some(Port::Any));
    }

    #[test]
    fn a_wrong_argument_is_refused_with_the_usage() {
        for arguments in [&["--port"][..], &["--port", "x"], &["--what"]] {
            let error = parsed(arguments).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{error}");
        }
        assert!(parsed(&["--what"]).unwrap_err().to_string().contains("Usage"));
    }
}
