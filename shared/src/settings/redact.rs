//! How a rejected URL is shown.

/// A rejected URL as it may be logged: without user, password, query and fragment.
///
/// It works on the text, because a URL that cannot be parsed can hold a password too.
pub(super) fn without_secrets(url: &str) -> String {
    // An encoded `@` is a frequent mistake, and what precedes it is still a password.
    let url = url.replace("%40", "@");
    let shown = url.rsplit_once('@').map_or(url.clone(), |(_, host)| format!("[hidden]@{host}"));
    match shown.find(['?', '#']) {
        Some(end) => format!("{}[hidden]", &shown[..=end]),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejected_url_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("https://user:hunter2@api.example.com/x", "[hidden]@api.example.com/x"),
            ("https://hunter2@api.example.com", "[hidden]@api.example.com"),
            ("https://user:hun@ter2@api.example.com", "[hidden]@api.example.com"),
            ("https://user:hunter2%40api.example.com", "[hidden]@api.example.com"),
            ("https://user:hun?ter2@api.example.com", "[hidden]@api.example.com"),
            ("https://us/er:hunter2@api.example.com", "[hidden]@api.example.com"),
            ("https://user:hunter2@", "[hidden]@"),
            ("https:user:hunter2@api.example.com", "[hidden]@api.example.com"),
            ("user:hunter2@api.example.com", "[hidden]@api.example.com"),
            ("https://api.example.com/?code=hunter2", "https://api.example.com/?[hidden]"),
            ("http://api.example.com/#hunter2", "http://api.example.com/#[hidden]"),
            ("http://api.example.com", "http://api.example.com"),
        ] {
            assert_eq!(without_secrets(url), shown, "{url}");
        }
    }
}
