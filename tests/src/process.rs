//! Programs that run during a test.

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::project;

const PAUSE: Duration = Duration::from_millis(50);
/// The number of checks while a program starts: for a minute.
const CHECKS_AT_START: u32 = 1200;
/// The number of checks while a program ends: for ten seconds.
const CHECKS_AT_END: u32 = 200;

/// A server on loopback that ends with the test.
pub(crate) struct Server {
    child: Child,
    log: PathBuf,
    port: u16,
}

impl Server {
    /// Starts a program that listens on `port`, and waits until it listens.
    pub(crate) fn start(name: &str, port: u16, command: &mut Command) -> Self {
        let mut server = Self::spawn(name, port, command);
        server.wait_until_it_listens();
        server
    }

    /// Starts a program and does not wait.
    pub(crate) fn spawn(name: &str, port: u16, command: &mut Command) -> Self {
        let folder = project::root().join("target/local-invoke");
        std::fs::create_dir_all(&folder).unwrap();
        let log = folder.join(format!("{name}-{port}.log"));
        let output = File::create(&log).unwrap();
        let child = command
            .current_dir(project::root())
            .stdin(Stdio::null())
            .stderr(output.try_clone().unwrap())
            .stdout(output)
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
        Self { child, log, port }
    }

    fn wait_until_it_listens(&mut self) {
        for _ in 0..CHECKS_AT_START {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "it ended: {}", self.log());
            thread::sleep(PAUSE);
        }
        panic!("it does not listen on port {}: {}", self.port, self.log());
    }

    /// The base URL of the program.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The output of the program so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Server {
    /// Sends `SIGTERM` first, so that the program can end its children.
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if asked.is_ok_and(|status| status.success()) {
            for _ in 0..CHECKS_AT_END {
                if matches!(self.child.try_wait(), Ok(Some(_))) {
                    return;
                }
                thread::sleep(PAUSE);
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A free port on loopback.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The Python interpreter of the project's tools.
#[must_use]
pub fn python() -> Command {
    Command::new(tool("python"))
}

/// Checks the syntax of a script with bash, without running it.
///
/// # Errors
/// The output of bash, if the syntax is wrong.
pub fn bash_syntax(script: &str) -> Result<(), String> {
    let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() && told.is_empty() { Ok(()) } else { Err(told) }
}

/// A tool that `make setup` has installed.
pub(crate) fn tool(name: &str) -> PathBuf {
    let path = project::root().join(".venv/bin").join(name);
    assert!(path.exists(), "{} does not exist; run `make setup` first", path.display());
    path
}

/// A path as text, for a command line.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("paths of the workspace are UTF-8")
}
