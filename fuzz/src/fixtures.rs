//! Values that several targets and tests share.

use dynabind::settings::Settings;

/// The start of every access token. No answer or log line may contain it. The fuzzer cannot find it by chance.
pub const ACCESS_TOKEN: &str = "aTk8Q~the-access-token-of-the-service-principal";

/// The start of every embed token. No log line may contain it.
pub const EMBED_TOKEN: &str = "eTk8Q~the-embed-token-of-the-page";

/// The required variables, and `more`.
pub fn variables<'v>(more: &'v [(&'v str, &'v str)]) -> impl Fn(&str) -> Option<String> + 'v {
    let needed = ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DYNABIND_SECRET_ID"];
    move |name| {
        let given = more.iter().find(|(given, _)| *given == name).map(|(_, value)| (*value).to_owned());
        given.or_else(|| needed.contains(&name).then(|| "x".to_owned()))
    }
}

/// The settings of these variables.
#[must_use]
pub fn settings(more: &[(&str, &str)]) -> Settings {
    Settings::from_vars(&variables(more)).unwrap()
}
