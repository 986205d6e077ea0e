//! Built pages, served from a directory.

use std::path::{Path, PathBuf};

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};

/// A directory of files for a browser.
#[derive(Clone, Debug)]
pub(crate) struct Files {
    root: PathBuf,
}

impl Files {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The directory.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The file at a URL path; the path of a directory means its `index.html`.
    pub(crate) async fn get(&self, path: &str) -> Option<Response> {
        let relative = path.trim_start_matches('/');
        // The characters of the names that a build makes. Any other path, such as `..`, is not read.
        let plain = |segment: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            !segment.is_empty() && !segment.starts_with('.') && segment.chars().all(allowed)
        };
        let file = match relative {
            "" => self.root.join("index.html"),
            _ if relative.split('/').all(plain) => self.root.join(relative),
            _ => return None,
        };
        let bytes = tokio::fs::read(&file).await.ok()?;
        let headers =
            [(CONTENT_TYPE, media_type(&file)), (CACHE_CONTROL, "no-cache"), (X_CONTENT_TYPE_OPTIONS, "nosniff")];
        Some((headers, bytes).into_response())
    }
}

fn media_type(file: &Path) -> &'static str {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_files_below_the_root_are_served() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("site");
        std::fs::create_dir_all(root.join("assets")).unwrap();
        std::fs::write(root.join("index.html"), "home").unwrap();
        std::fs::write(root.join("assets/a.js"), "1").unwrap();
        std::fs::write(directory.path().join("secret.txt"), "no").unwrap();
        let files = Files::new(root);
        let found = files.get("/").await.unwrap();
        assert_eq!(found.headers()["content-type"], "text/html; charset=utf-8");
        assert!(files.get("/assets/a.js").await.is_some());
        for path in ["/../secret.txt", "/..%2fsecret.txt", "/assets", "/nothing", "/.git/config"] {
            assert!(files.get(path).await.is_none(), "{path}");
        }
    }
}
