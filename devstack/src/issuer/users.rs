//! The demo's callers.

use serde::Serialize;
use serde_json::{Value, json};

use crate::entra::Hindrance;

/// One caller.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct User {
    /// The name that `GET /dev/token?user=` takes.
    pub(crate) name: String,
    /// The display name.
    #[serde(rename = "displayName")]
    pub(crate) display_name: String,
    /// The e-mail address.
    pub(crate) email: String,
    /// The caller's tenant.
    pub(crate) tenant: String,
    /// The caller's groups.
    pub(crate) groups: Vec<String>,
    /// One sentence about what this caller sees.
    pub(crate) about: String,
}

impl User {
    pub(crate) fn new(name: &str, display_name: &str, groups: &[&str], about: &str) -> Self {
        let (_, tenant) = name.split_once('@').unwrap_or((name, ""));
        Self {
            name: name.to_owned(),
            display_name: display_name.to_owned(),
            email: format!("{name}.example"),
            tenant: tenant.to_owned(),
            groups: groups.iter().map(|&group| group.to_owned()).collect(),
            about: about.to_owned(),
        }
    }

    /// The claims that identify this caller.
    pub(crate) fn claims(&self) -> [(&'static str, Value); 5] {
        [
            ("sub", json!(self.name)),
            ("tenant", json!(self.tenant)),
            ("groups", json!(self.groups)),
            ("email", json!(self.email)),
            ("name", json!(self.display_name)),
        ]
    }
}

/// The demo's callers. The demo catalog is written for them.
pub(crate) fn demo_users() -> Vec<User> {
    vec![
        User::new(
            "ana@contoso",
            "Ana Lima",
            &["analysts"],
            "Analyst of Contoso: sees and edits the sales and operations reports.",
        ),
        User::new("carl@contoso", "Carl Ewe", &["sales"], "Seller of Contoso: sees the sales report."),
        User::new("frida@fabrikam", "Frida Moe", &["sales"], "Seller of Fabrikam: sees the same report."),
        User::new(
            "pia@contoso",
            "Pia Roe",
            &["accounting"],
            "Accountant of Contoso: sees the paginated report of invoices, and creates reports on the plan.",
        ),
        User::new(
            "quinn@contoso",
            "Quinn Ode",
            &["auditors"],
            "Auditor of Contoso: sees the problems of the catalog's broken entries.",
        ),
        User::new(
            "mia@contoso",
            "Mia Sol",
            &["sales"],
            "Seller of Contoso: in the organization scenario, Entra requires a second factor.",
        ),
        User::new("nils@northwind", "Nils Aho", &["sales"], "User of a tenant that has no grants."),
    ]
}

/// Users for whom Entra issues no token, by e-mail address. Only the first is a caller of the demo.
pub(crate) fn hindered() -> Vec<(String, Hindrance)> {
    let people = [
        ("mia@contoso.example", Hindrance::SecondFactor),
        ("erik@contoso.example", Hindrance::Enrolment),
        ("cora@contoso.example", Hindrance::Consent),
        ("paul@contoso.example", Hindrance::Policy),
    ];
    people.map(|(email, hindrance)| (email.to_owned(), hindrance)).into()
}
