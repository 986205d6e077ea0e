//! The template's parameter `AllowedOrigins`.

use acceptance::project;
use serde_json::{Value, json};

fn parameter() -> Value {
    project::yaml("template.yaml")["Parameters"]["AllowedOrigins"].clone()
}

/// Whether the template accepts a list of origins. `CloudFormation` compares each value with the pattern.
fn takes_origins(list: &str) -> bool {
    let parameter = parameter();
    let pattern = &parameter["AllowedPattern"];
    let schema = json!({"type": "array", "items": {"type": "string", "pattern": pattern}});
    let values: Vec<_> = list.split(',').collect();
    jsonschema::is_valid(&schema, &json!(values))
}

#[test]
fn allowed_origins_are_exact_origins() {
    for list in [
        "https://app.example.com",
        "https://app.example.com:8443",
        "http://localhost:5173",
        "http://127.0.0.1:8080,http://[::1]:8080",
        "https://xn--bcher-kva.example, https://a.example ,https://b.example",
    ] {
        assert!(takes_origins(list), "{list}");
    }
    for wildcard in
        ["*", "https://*", "http://*", "*.example.com", "https://*.example.com", "https://app.*", "https://a*b"]
    {
        for list in [
            wildcard.to_owned(),
            format!(" {wildcard} "),
            format!("\t{wildcard}\n"),
            format!("{wildcard},https://a.example"),
            format!("https://a.example, {wildcard}"),
            format!("https://a.example,{wildcard} ,https://b.example"),
            format!("https://a.example {wildcard}"),
        ] {
            assert!(!takes_origins(&list), "{list:?}");
        }
    }
    for other in [
        "",
        "null",
        "app.example.com",
        "https://",
        "https://a.example/",
        "https://a.example/path",
        "https://user@a.example",
        "https://A.example",
        "https://a.example:",
        "ftp://a.example",
        "https://a.example\nhttps://b.example",
    ] {
        assert!(!takes_origins(other), "{other:?}");
    }
    let parameter = parameter();
    for text in ["Description", "ConstraintDescription"] {
        assert!(parameter[text].as_str().unwrap().contains("wildcard"), "{text} does not say why");
    }
}
