//! The files of a stack.

use std::io;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::options::StackOptions;
use crate::tls::Authority;

/// Files that the functions read. Temporary files are deleted when it is dropped.
pub(super) struct OnDisk {
    pub(super) catalog: PathBuf,
    /// The trusted roots, when upstreams speak TLS.
    pub(super) roots: Option<PathBuf>,
    _directory: TempDir,
}

impl OnDisk {
    pub(super) fn write(options: &StackOptions, authority: Option<&Authority>) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("devstack-").tempdir()?;
        let write = |name: &str, text: String| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).map(|()| path)
        };
        let catalog = match &options.catalog {
            None => options.root.join("devstack/demo/catalog.json"),
            Some(catalog) => write("catalog.json", catalog.to_string())?,
        };
        let roots = authority.map(|a| write("roots.pem", a.pem().to_owned())).transpose()?;
        Ok(Self { catalog, roots, _directory: directory })
    }
}
