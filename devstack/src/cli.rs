//! The command `devstack`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::live::Live;
use crate::options::{Port, StackOptions};
use crate::stack::Stack;

/// Where the gateway listens unless told otherwise.
const GATEWAY_PORT: u16 = 9080;

/// Where the embed host listens unless told otherwise.
const EMBED_PORT: u16 = 8443;

const USAGE: &str = "\
Usage: devstack [--port PORT] [--embed-port PORT] [--no-embed]
       devstack --live --secret FILE --catalog FILE [--cloud CLOUD] [--email ADDRESS]

  --port PORT        the gateway's port (default 9080, or the next free one)
  --embed-port PORT  the simulated embed host's port (default 8443, or the next free one)
  --no-embed         start no embed host; embed URLs then name the real one
  --live             use the real Entra and Power BI; wants --secret and --catalog
  --secret FILE      with --live: the service principal's JSON
  --catalog FILE     with --live: the catalog
  --cloud CLOUD      with --live: public (default), usgov, usgov-high, usgov-dod or china
  --entra-url URL    with --live: Entra's base URL in place of the cloud's
  --powerbi-url URL  with --live: Power BI's base URL in place of the cloud's
  --email ADDRESS    with --live: the e-mail address of every caller
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
    let mut live = LiveArguments::default();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Command::Print(USAGE.to_owned(), 0),
            "--no-embed" => options.embed_port = None,
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
            "--live" => live.wanted = true,
            name if LiveArguments::NAMES.contains(&name) => {
                let Some(value) = arguments.next() else {
                    return Command::Print(format!("{argument} wants a value\n\n{USAGE}"), 2);
                };
                live.set(name, value);
            }
            _ => return Command::Print(format!("unknown argument {argument}\n\n{USAGE}"), 2),
        }
    }
    match live.into_options(options) {
        Ok(options) => Command::Start(Box::new(options)),
        Err(detail) => Command::Print(format!("{detail}\n\n{USAGE}"), 2),
    }
}

/// What is said of real upstreams.
#[derive(Default)]
struct LiveArguments {
    wanted: bool,
    values: BTreeMap<&'static str, String>,
}

impl LiveArguments {
    const NAMES: [&'static str; 6] = ["--secret", "--catalog", "--cloud", "--entra-url", "--powerbi-url", "--email"];

    fn set(&mut self, name: &str, value: String) {
        if let Some(known) = Self::NAMES.into_iter().find(|known| *known == name) {
            self.values.insert(known, value);
        }
    }

    fn into_options(mut self, options: StackOptions) -> Result<StackOptions, String> {
        if !self.wanted {
            let stray = self.values.keys().next();
            return stray.map_or(Ok(options), |name| Err(format!("{name} is for --live")));
        }
        let (Some(secret), Some(catalog)) = (self.values.remove("--secret"), self.values.remove("--catalog")) else {
            return Err("--live wants --secret FILE and --catalog FILE".to_owned());
        };
        let mut live = Live::read(secret.as_ref(), catalog.as_ref())?;
        live.cloud = self.values.remove("--cloud").unwrap_or(live.cloud);
        live.entra_url = self.values.remove("--entra-url").unwrap_or_default();
        live.powerbi_url = self.values.remove("--powerbi-url").unwrap_or_default();
        live.email = self.values.remove("--email").unwrap_or_default();
        Ok(StackOptions { live: Some(live), embed_port: None, ..options })
    }
}

/// Says where everything is, and what to type.
///
/// # Errors
/// When nobody listens.
pub fn greet(stack: &Stack, options: &StackOptions, out: &mut impl Write) -> io::Result<()> {
    use crate::calls::Service::{Entra, PowerBi, SecretsManager};
    note_other_port(options.gateway_port, stack.port(), out)?;
    if let (Some(wanted), Some(port)) = (options.embed_port, stack.embed_port()) {
        note_other_port(wanted, port, out)?;
    }
    let url = stack.url();
    writeln!(out, "Dynabind's development stack is up.\n")?;
    if let Some(live) = &options.live {
        return greet_live(live, url, out);
    }
    writeln!(out, "  Demo page        {url}/")?;
    writeln!(out, "  API              {url}  (POST /token, POST /config, GET /datasets)")?;
    writeln!(out, "  Callers          {url}/dev/users  (a token: {url}/dev/token?user=NAME)")?;
    writeln!(out, "  FakeService calls   {url}/dev/calls  (faults and more: {url}/dev)")?;
    writeln!(out, "  Entra            {}", stack.upstream_url(Entra))?;
    writeln!(out, "  Power BI         {}", stack.upstream_url(PowerBi))?;
    writeln!(out, "  Secrets Manager  {}", stack.upstream_url(SecretsManager))?;
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

/// The page and the callers; the upstreams are not ours.
fn greet_live(live: &Live, url: &str, out: &mut impl Write) -> io::Result<()> {
    let or_cloud = |url: &str| if url.is_empty() { "of the cloud".to_owned() } else { url.to_owned() };
    writeln!(out, "  LIVE             cloud {}, Entra tenant {}", live.cloud, live.tenant())?;
    writeln!(out, "  Entra            {}", or_cloud(&live.entra_url))?;
    writeln!(out, "  Power BI         {}", or_cloud(&live.powerbi_url))?;
    writeln!(out, "  Catalog          {}", live.catalog.display())?;
    writeln!(out, "  Page             {url}/")?;
    writeln!(out, "  API              {url}  (POST /token, POST /config, GET /datasets)")?;
    writeln!(out, "  Callers          {url}/dev/users  (one for each tenant of the catalog)")?;
    writeln!(out, "\nCtrl-C ends it.")?;
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
        let Command::Start(options) = parsed(&["--embed-port", "0"]) else { panic!() };
        assert_eq!(options.gateway_port, Port::From(9080));
        assert_eq!(options.embed_port, Some(Port::Any));
    }

    #[test]
    fn real_upstreams_want_a_secret_and_a_catalog() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let secret = write("sp.json", r#"{"tenantId":"t-1","clientId":"c","clientSecret":"hidden"}"#);
        let catalog = write("c.json", "{}");
        let Command::Start(options) =
            parsed(&["--live", "--secret", &secret, "--catalog", &catalog, "--cloud", "usgov"])
        else {
            panic!()
        };
        let live = options.live.clone().unwrap();
        assert_eq!((live.tenant().as_str(), live.cloud.as_str(), options.embed_port), ("t-1", "usgov", None));
        let mut out = Vec::new();
        greet_live(&live, "http://127.0.0.1:1", &mut out).unwrap();
        let text = String::from_utf8(out).unwrap() + &format!("{options:?} {live:?}");
        assert!(text.contains("cloud usgov, Entra tenant t-1") && !text.contains("hidden"), "{text}");
        let bad = write("bad.json", "hidden");
        for arguments in [&["--live"][..], &["--secret", &secret], &["--live", "--secret", &bad, "--catalog", &catalog]]
        {
            let Command::Print(text, 2) = parsed(arguments) else { panic!("{arguments:?}") };
            assert!(!text.contains("hidden"), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_the_usage() {
        for arguments in [&["--port"][..], &["--port", "x"], &["--what"]] {
            let Command::Print(text, code) = parsed(arguments) else { panic!("{arguments:?}") };
            assert!(code == 2 && text.contains("Usage"), "{text}");
        }
    }
}
