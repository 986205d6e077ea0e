//! Random callers and the bindings that they request.

use fuzz::environment::PowerBiContents;
use fuzz::events::Kind;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use super::{GROUPS, ITEMS, LISTED, MODES, TENANTS, guid, some_of, strings};

/// A caller: the kind of authorizer, and the claims.
#[derive(Clone, Debug)]
pub struct AnyCaller {
    /// The authorizer.
    pub kind: Kind,
    /// The claims of the caller's token.
    pub claims: Value,
}

/// The groups claim: mostly a list, or a value that resembles one.
fn groups() -> impl Strategy<Value = Value> {
    let unusual = json!([
        ["x g0 y", null], ["g0 g1"], [["g0"]], [{ "g0": "g1" }, 7, "g2"], "g0", "[g0 g1]", "[hr, x g0]", "g0 g1", 7, null,
        { "g0": true }
    ]);
    prop_oneof![
        4 => some_of(&GROUPS, 0).prop_map(|groups| json!(groups)),
        2 => select(unusual.as_array().unwrap().clone()),
    ]
}

prop_compose! {
    /// A caller of one of the tenants, whose claims may be of the wrong type.
    pub fn any_caller()(
        tenant in select(TENANTS.to_vec()), groups in groups(), kind in select(Kind::ALL.to_vec()),
        subject in select(vec!["s0", "s1"]),
        email in prop_oneof![
            6 => "[a-b]@x".prop_map(Value::from),
            1 => select(vec![json!(["a@x", "b@x"]), json!(["a@x"]), json!({ "a": "b" }), json!(null), json!(17), json!("")]),
        ],
        odd_tenant in proptest::bool::weighted(0.05),
    ) -> AnyCaller {
        let tenant = if odd_tenant { json!([tenant]) } else { json!(tenant) };
        let mut claims = json!({ "sub": subject, "tenant": tenant, "groups": groups, "email": email });
        if let Some(claims) = claims.as_object_mut() { claims.retain(|_, value| !value.is_null()); }
        AnyCaller { kind, claims }
    }
}

/// The choices from which a binding is made, together with the caller's grants.
#[derive(Clone, Debug)]
pub struct AnyBinding {
    choices: [Index; 4],
    /// The part, if any, that is not in the grant.
    stray: Option<usize>,
    leaves_dataset_out: bool,
}

prop_compose! {
    /// A binding.
    pub fn any_binding()(
        choices in any::<[Index; 4]>(), stray in proptest::option::weighted(0.1, 0..3_usize),
        leaves_dataset_out in proptest::bool::weighted(0.1),
    ) -> AnyBinding {
        AnyBinding { choices, stray, leaves_dataset_out }
    }
}

fn pick<T: Clone>(from: &[T], index: Index) -> Option<T> {
    (!from.is_empty()).then(|| from[index.index(from.len())].clone())
}

impl AnyBinding {
    fn of(&self, catalog: &Value, powerbi: &PowerBiContents, tenant: &str) -> Value {
        let [by_grant, by_report, by_dataset, by_mode] = self.choices;
        let grants = catalog["tenants"][tenant]["grants"].as_array().cloned().unwrap_or_default();
        let grant = pick(&grants, by_grant).unwrap_or_default();
        let listed =
            strings(&grant["workspaces"]).into_iter().filter_map(|id| powerbi.contents.get(&id)).flatten().cloned();
        let datasets: Vec<_> = strings(&grant["datasets"]).into_iter().chain(listed).collect();
        let everywhere: Vec<_> = (0..LISTED).map(|n| guid(9, n)).chain((0..ITEMS).map(|n| format!("d{n}"))).collect();
        let all = |prefix: &str| (0..ITEMS).map(|n| format!("{prefix}{n}")).collect();
        let [reports, datasets, modes] = [
            (strings(&grant["reports"]), all("r")),
            (datasets, everywhere),
            (strings(&grant["modes"]), MODES.map(str::to_owned).to_vec()),
        ]
        .into_iter()
        .enumerate()
        .map(|(part, (granted, all))| if self.stray == Some(part) { all } else { granted })
        .collect::<Vec<_>>()
        .try_into()
        .unwrap();
        let mode = pick(&modes, by_mode).unwrap_or_else(|| "view".to_owned());
        let report = pick(&reports, by_report).unwrap_or_else(|| "r0".to_owned());
        let mut binding = json!({ "mode": mode, "report": report, "dataset": pick(&datasets, by_dataset) });
        let fields = binding.as_object_mut().unwrap();
        fields.retain(|_, value| !value.is_null());
        if self.leaves_dataset_out {
            fields.remove("dataset");
        }
        // The contract does not define the only dataset of a request without a report.
        if mode == "create" && fields.contains_key("dataset") && by_report.index(2) == 0 {
            fields.remove("report");
        }
        binding
    }
}

/// The body of a request of this caller, without exact duplicates.
#[must_use]
pub fn body(
    catalog: &Value,
    powerbi: &PowerBiContents,
    caller: &AnyCaller,
    bindings: &[AnyBinding],
    minutes: Option<u16>,
) -> Value {
    let tenant = caller.claims["tenant"].as_str().unwrap_or_default();
    let mut all: Vec<Value> = Vec::new();
    for binding in bindings {
        let binding = binding.of(catalog, powerbi, tenant);
        if !all.contains(&binding) {
            all.push(binding);
        }
    }
    let mut body = json!({ "bindings": all });
    if let Some(minutes) = minutes {
        body["lifetimeMinutes"] = minutes.into();
    }
    body
}
