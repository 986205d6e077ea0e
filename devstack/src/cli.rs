//! The command `devstack`.

use std::io::{self, Write};
use std::num::ParseIntError;
use std::path::PathBuf;

use clap::Parser;

use crate::live::Live;
use crate::options::{Port, StackOptions};
use crate::stack::Stack;

/// The gateway's default port.
const GATEWAY_PORT: u16 = 9080;

/// The embed host's default port.
const EMBED_PORT: u16 = 8443;

/// The local development stack: gateway, functions, and stand-ins for their upstreams
#[derive(Debug, Parser)]
#[command(
    name = "devstack",
    after_help = "GET /dev on the gateway's port lists the control API, which injects faults into the stand-ins."
)]
pub struct Arguments {
    /// The gateway's port; 0 takes any free one [default: 9080, or the next free one]
    #[arg(long, value_name = "PORT", value_parser = port)]
    port: Option<Port>,
    /// The simulated embed host's port; 0 takes any free one [default: 8443, or the next free one]
    #[arg(long, value_name = "PORT", value_parser = port)]
    embed_port: Option<Port>,
    /// Start no embed host; embed URLs then name the real host
    #[arg(long, conflicts_with = "embed_port")]
    no_embed: bool,
    /// The credential of the functions
    #[arg(long, value_name = "KIND", value_parser = ["secret", "federated"], conflicts_with = "live")]
    credential: Option<String>,
    /// Use the real Entra and Power BI
    #[arg(long, requires_all = ["secret", "catalog"], conflicts_with = "embed_port")]
    live: bool,
    #[command(flatten)]
    upstreams: LiveArguments,
}

/// The real upstreams.
#[derive(Debug, clap::Args)]
struct LiveArguments {
    /// With --live: the JSON file of the service principal
    #[arg(long, value_name = "FILE", requires = "live")]
    secret: Option<PathBuf>,
    /// With --live: the catalog
    #[arg(long, value_name = "FILE", requires = "live")]
    catalog: Option<PathBuf>,
    /// With --live: public, usgov, usgov-high, usgov-dod or china
    #[arg(long, value_name = "CLOUD", requires = "live", default_value_if("live", "true", "public"))]
    cloud: Option<String>,
    /// With --live: Entra's base URL instead of the cloud's
    #[arg(long, value_name = "URL", requires = "live")]
    entra_url: Option<String>,
    /// With --live: Power BI's base URL instead of the cloud's
    #[arg(long, value_name = "URL", requires = "live")]
    powerbi_url: Option<String>,
    /// With --live: the e-mail address of every caller
    #[arg(long, value_name = "ADDRESS", requires = "live")]
    email: Option<String>,
}

fn port(text: &str) -> Result<Port, ParseIntError> {
    text.parse().map(|port| if port == 0 { Port::Any } else { Port::Exactly(port) })
}

impl Arguments {
    /// The options of a stack with these arguments.
    ///
    /// # Errors
    /// The error says why a file cannot be used.
    pub fn options(self) -> Result<StackOptions, String> {
        let embed_port = self.embed_port.unwrap_or(Port::From(EMBED_PORT));
        let live = if self.live { Some(self.upstreams.read()?) } else { None };
        let mut options = StackOptions {
            gateway_port: self.port.unwrap_or(Port::From(GATEWAY_PORT)),
            embed_port: (!self.no_embed && live.is_none()).then_some(embed_port),
            live,
            ..StackOptions::default()
        };
        let credential = self.credential.map(|kind| ("DYNABIND_CREDENTIAL".to_owned(), kind));
        options.variables.extend(credential);
        Ok(options)
    }
}

impl LiveArguments {
    fn read(self) -> Result<Live, String> {
        let (secret, catalog) = (self.secret.unwrap_or_default(), self.catalog.unwrap_or_default());
        let mut live = Live::read(&secret, &catalog)?;
        live.cloud = self.cloud.unwrap_or(live.cloud);
        live.entra_url = self.entra_url.unwrap_or_default();
        live.powerbi_url = self.powerbi_url.unwrap_or_default();
        live.email = self.email.unwrap_or_default();
        Ok(live)
    }
}

/// Prints the URLs of everything and the commands to use it.
///
/// # Errors
/// When the output cannot be written.
pub fn greet(stack: &Stack, options: &StackOptions, out: &mut impl Write) -> io::Result<()> {
    use crate::calls::Service::{Entra, Fabric, PowerBi, SecretsManager, Sts};
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
    writeln!(out, "  Upstream calls   {url}/dev/calls  (faults and more: {url}/dev)")?;
    writeln!(out, "  Entra            {}", stack.upstream_url(Entra))?;
    writeln!(out, "  Power BI         {}", stack.upstream_url(PowerBi))?;
    writeln!(out, "  Fabric           {}", stack.upstream_url(Fabric))?;
    writeln!(out, "  Secrets Manager  {}", stack.upstream_url(SecretsManager))?;
    writeln!(out, "  STS              {}", stack.upstream_url(Sts))?;
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

/// Prints the URLs of the page and the callers, and which upstreams are used.
fn greet_live(live: &Live, url: &str, out: &mut impl Write) -> io::Result<()> {
    let or_cloud = |url: &str| if url.is_empty() { "of the cloud".to_owned() } else { url.to_owned() };
    writeln!(out, "  LIVE             cloud {}, Entra tenant {}", live.cloud, live.tenant())?;
    writeln!(out, "  Entra            {}", or_cloud(&live.entra_url))?;
    writeln!(out, "  Power BI         {}", or_cloud(&live.powerbi_url))?;
    writeln!(out, "  Catalog          {}", live.catalog.display())?;
    writeln!(out, "  Page             {url}/")?;
    writeln!(out, "  API              {url}  (POST /token, POST /config, GET /datasets)")?;
    writeln!(out, "  Callers          {url}/dev/users  (one for each tenant of the catalog)")?;
    writeln!(out, "\nCtrl-C ends the stack.")?;
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

    fn parsed(arguments: &[&str]) -> Result<StackOptions, String> {
        let arguments = Arguments::try_parse_from([&["devstack"], arguments].concat());
        arguments.map_err(|error| error.to_string())?.options()
    }

    #[test]
    fn ports_are_read() {
        let options = parsed(&["--port", "1234", "--no-embed"]).unwrap();
        assert_eq!((options.gateway_port, options.embed_port), (Port::Exactly(1234), None));
        let options = parsed(&["--credential", "federated"]).unwrap();
        assert_eq!(options.variables["DYNABIND_CREDENTIAL"], "federated");
        let options = parsed(&["--embed-port", "0"]).unwrap();
        assert_eq!(options.gateway_port, Port::From(9080));
        assert_eq!(options.embed_port, Some(Port::Any));
    }

    #[test]
    fn real_upstreams_need_a_secret_and_a_catalog() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let secret = write("sp.json", r#"{"tenantId":"t-1","clientId":"c","clientSecret":"hidden"}"#);
        let catalog = write("c.json", "{}");
        let options = parsed(&["--live", "--secret", &secret, "--catalog", &catalog, "--cloud", "usgov"]).unwrap();
        let live = options.live.clone().unwrap();
        assert_eq!((live.tenant().as_str(), live.cloud.as_str(), options.embed_port), ("t-1", "usgov", None));
        let mut out = Vec::new();
        greet_live(&live, "http://127.0.0.1:1", &mut out).unwrap();
        let text = String::from_utf8(out).unwrap() + &format!("{options:?} {live:?}");
        assert!(text.contains("cloud usgov, Entra tenant t-1") && !text.contains("hidden"), "{text}");
        let bad = write("bad.json", "hidden");
        for arguments in [&["--live"][..], &["--secret", &secret], &["--live", "--secret", &bad, "--catalog", &catalog]]
        {
            let error = parsed(arguments).unwrap_err();
            assert!(!error.contains("hidden"), "{error}");
        }
    }

    #[test]
    fn a_wrong_argument_is_refused_with_the_usage() {
        for arguments in [&["--port"][..], &["--port", "x"], &["--what"], &["--credential", "none"]] {
            let error = Arguments::try_parse_from([&["devstack"], arguments].concat()).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{error}");
        }
        assert!(parsed(&["--what"]).unwrap_err().contains("Usage"));
        assert!(parsed(&["--help"]).unwrap_err().contains("GET /dev "));
    }
}
