//! Tests of the oracle: it accepts valid tokens, and finds every added permission.

use std::time::{Duration, SystemTime};

use fuzz::events::{Kind, post};
use fuzz::oracle::{Contents, Issued, Oracle, RequestEvent, Verdict, conflicting, violations};
use serde_json::{Value, json};

/// A GUID of this test.
fn id(name: &str) -> String {
    format!("id-of-{name}")
}

fn catalog() -> Value {
    let report = |name: &str| json!({ "reportId": id(name) });
    let dataset = |name: &str| json!({ "datasetId": id(name) });
    let mut inner = report("shell");
    inner["paginatedReports"] = json!([id("inner")]);
    let mut own = report("own");
    own["includeOwnDataset"] = json!({ "identity": { "username": "{email}" } });
    let mut composite = dataset("composite");
    composite["alsoNeeds"] = json!([id("plain"), { "datasetId": id("secured"), "identity": { "username": "{email}", "roles": ["reader"] } }]);
    let mut by_email = dataset("sales");
    by_email["identity"] = json!({ "username": "{email}", "customData": "{tenant}" });
    json!({
        "reports": { "r": report("r"), "r-again": report("r"), "s": report("s"), "shell": inner, "own": own,
                     "paper": { "reportId": id("paper"), "kind": "paginated" } },
        "datasets": { "sales": by_email, "plan": dataset("plan"), "composite": composite, "hr": dataset("hr") },
        "tenants": { "t": { "profileId": id("profile"), "grants": [
            { "reports": ["r", "s", "shell", "own", "paper"], "datasets": ["sales", "plan", "composite"] },
            { "reports": ["r", "r-again"], "datasets": ["plan", "sales"], "modes": ["edit"], "saveTo": id("pub") },
            { "reports": ["s"], "datasets": ["plan"], "modes": ["edit", "create"] },
            { "reports": ["r"], "datasets": ["hr"], "modes": ["edit", "create"], "groups": ["hr"], "saveTo": id("hr") },
            { "reports": ["r"], "workspaces": [id("lake")], "modes": ["view", "create"], "saveTo": id("pub") },
        ] } },
    })
}

fn oracle() -> Oracle {
    let contents: Contents = [(id("lake"), [id("fish")].into())].into();
    let own_datasets = [(id("own"), id("ground"))].into();
    Oracle { catalog: catalog(), possible: contents.clone(), certain: contents, own_datasets }
}

fn claims() -> Value {
    json!({ "sub": "s", "tenant": "t", "email": "a@x", "groups": [] })
}

fn issued(body: Value) -> Issued {
    let at = SystemTime::UNIX_EPOCH;
    Issued { body, profile: Some(id("profile")), at, expires: at + Duration::from_mins(50) }
}

fn event(bindings: &Value) -> Value {
    post(Kind::HttpLambda, "token", &claims(), &json!({ "bindings": bindings, "lifetimeMinutes": 50 }))
}

fn found(bindings: &Value, token: &Issued) -> Vec<String> {
    violations(&oracle(), &RequestEvent::new(&event(bindings)), token)
}

fn permitted(bindings: &Value) -> Vec<&'static str> {
    Verdict::on(&oracle(), &RequestEvent::new(&event(bindings))).permitted.into_iter().collect()
}

/// A request that uses every part of a token, and its token.
fn rich() -> (Value, Value) {
    let bindings = json!([
        { "report": "r", "dataset": "sales", "mode": "edit" },
        { "report": "shell", "dataset": "plan" },
        { "report": "own", "dataset": "plan" },
    ]);
    let body = json!({
        "reports": [{ "id": id("r"), "allowEdit": true }, { "id": id("shell") }, { "id": id("inner") }, { "id": id("own") }],
        "datasets": [{ "id": id("sales") }, { "id": id("plan"), "xmlaPermissions": "ReadOnly" }, { "id": id("ground") }],
        "targetWorkspaces": [{ "id": id("pub") }],
        "identities": [
            { "username": "a@x", "customData": "t", "datasets": [id("sales")] },
            { "username": "a@x", "datasets": [id("ground")] },
        ],
        "lifetimeInMinutes": 50,
    });
    (bindings, body)
}

#[test]
fn a_valid_token_has_no_violations() {
    let (bindings, body) = rich();
    assert_eq!(found(&bindings, &issued(body)), [""; 0]);
    // The own dataset of another report is in the token with an editable report.
    assert_eq!(permitted(&bindings), ["bindings-conflict", "ok"]);
    let composite = json!([{ "report": "s", "dataset": "composite" }]);
    let body = json!({
        "reports": [{ "id": id("s") }],
        "datasets": [{ "id": id("composite") }, { "id": id("plain") }, { "id": id("secured") }],
        "identities": [{ "username": "a@x", "roles": ["reader"], "datasets": [id("secured")] }],
    });
    assert_eq!(found(&composite, &issued(body)), [""; 0]);
}

#[test]
fn every_change_of_a_token_is_found() {
    let (bindings, good) = rich();
    let changes: [(&str, &str, Value); 17] = [
        ("another report", "/reports/1/id", json!(id("s"))),
        ("one more editable report", "/reports/1/allowEdit", json!(true)),
        ("an editable paginated report", "/reports/2/allowEdit", json!(true)),
        ("a foreign dataset", "/datasets/1/id", json!(id("hr"))),
        ("a dataset with write access", "/datasets/1/xmlaPermissions", json!("ReadWrite")),
        ("a dataset with access that it does not need", "/datasets/0/xmlaPermissions", json!("ReadOnly")),
        ("a dataset without the access that it needs", "/datasets/1/xmlaPermissions", json!("Off")),
        ("another target", "/targetWorkspaces/0/id", json!(id("hr"))),
        ("another user", "/identities/0/username", json!("b@x")),
        ("another custom value", "/identities/0/customData", json!("u")),
        ("no custom value", "/identities/0/customData", json!(null)),
        ("more roles", "/identities/0/roles", json!(["admin"])),
        ("another name in the audit log", "/identities/0/auditableContext", json!("b@x")),
        ("another dataset under the identity", "/identities/0/datasets/0", json!(id("plan"))),
        ("a report under the identity", "/identities/0/reports", json!([id("r")])),
        ("an identity without datasets", "/identities/1/datasets", json!([])),
        ("an unknown field", "/allowEverything", json!(true)),
    ];
    for (change, pointer, value) in changes {
        let mut body = good.clone();
        let (place, field) = pointer.rsplit_once('/').unwrap();
        let parent = body.pointer_mut(place).unwrap();
        match field.parse::<usize>() {
            Ok(index) if parent.is_array() => parent[index] = value,
            _ => parent[field] = value,
        }
        assert_ne!(found(&bindings, &issued(body)), [""; 0], "{change}");
    }
}

#[test]
fn every_addition_to_a_token_is_found() {
    let (bindings, good) = rich();
    for (place, item) in [
        ("reports", json!({ "id": id("s") })),
        ("datasets", json!({ "id": id("composite") })),
        ("targetWorkspaces", json!({ "id": id("hr") })),
        ("identities", json!({ "username": "boss", "datasets": [id("sales")] })),
        ("identities", json!({ "username": "a@x", "datasets": [id("plan")] })),
    ] {
        let mut body = good.clone();
        body[place].as_array_mut().unwrap().push(item.clone());
        assert_ne!(found(&bindings, &issued(body)), [""; 0], "{item}");
    }
    for (change, token) in [
        ("no profile", Issued { profile: None, ..issued(good.clone()) }),
        ("another profile", Issued { profile: Some(id("other")), ..issued(good.clone()) }),
        ("a longer life", Issued { expires: SystemTime::UNIX_EPOCH + Duration::from_mins(51), ..issued(good) }),
    ] {
        assert_ne!(found(&bindings, &token), [""; 0], "{change}");
    }
}

/// Tests the contract's rules about sharing a token.
#[test]
fn the_verdict_follows_the_contract() {
    let edit = |report: &str, dataset: &str| json!({ "report": report, "dataset": dataset, "mode": "edit" });
    let view = |report: &str, dataset: &str| json!({ "report": report, "dataset": dataset });
    let create = |dataset: &str| json!({ "dataset": dataset, "mode": "create" });
    let rows = [
        ("views share", json!([view("r", "plan"), view("s", "sales"), view("paper", "composite")]), "ok"),
        ("two keys of one report", json!([edit("r", "plan"), edit("r-again", "sales")]), "ok"),
        (
            "an editable report with a dataset that it may only show",
            json!([edit("r", "plan"), view("s", "composite")]),
            "bindings-conflict",
        ),
        (
            "the same through the other key",
            json!([edit("r-again", "plan"), view("r", "composite")]),
            "bindings-conflict",
        ),
        ("a target of one report only", json!([edit("r", "plan"), edit("s", "plan")]), "bindings-conflict"),
        (
            "creating with a dataset that is not for creating",
            json!([create("plan"), view("s", "composite")]),
            "bindings-conflict",
        ),
        ("creating where editing may save", json!([create(&id("fish")), edit("r", "plan")]), "bindings-conflict"),
        ("creating where both may", json!([create(&id("fish")), view("r", "plan")]), "ok"),
        ("a group that the caller lacks", json!([edit("r", "hr")]), "not-entitled"),
        ("a mode that is not granted", json!([edit("paper", "plan")]), "not-entitled"),
        ("a dataset that has left", json!([view("r", &id("bird"))]), "not-entitled"),
        ("the dataset is left out", json!([{ "report": "paper" }]), "dataset-required"),
        ("the only dataset is left out", json!([{ "report": "r-again", "mode": "edit" }]), "dataset-required"),
    ];
    for (row, bindings, code) in rows {
        assert_eq!(permitted(&bindings), [code], "{row}");
    }
}

#[test]
fn a_missing_claim_and_a_missing_caller_have_different_answers() {
    let bindings = json!({ "bindings": [{ "report": "r", "dataset": "sales" }] });
    let verdict = |claims: Value| {
        let event = post(Kind::HttpLambda, "token", &claims, &bindings);
        Verdict::on(&oracle(), &RequestEvent::new(&event)).permitted.into_iter().collect::<Vec<_>>()
    };
    assert_eq!(verdict(json!({ "sub": "s", "tenant": "t" })), ["claim-missing"]);
    assert_eq!(verdict(json!({ "sub": "s", "tenant": "t", "email": ["a@x"] })), ["claim-missing"]);
    assert_eq!(verdict(json!({ "sub": "s", "tenant": "t", "email": "a x" })), ["claim-missing"]);
    assert_eq!(verdict(json!({ "sub": "s", "tenant": ["t"], "email": "a@x" })), ["not-entitled"]);
    assert_eq!(verdict(json!({ "sub": "s", "tenant": "u", "email": "a@x" })), ["not-entitled"]);
    assert_eq!(verdict(json!({ "tenant": "t", "email": "a@x" })), ["not-entitled", "unauthenticated"]);
}

#[test]
fn a_conflict_names_bindings() {
    let problem =
        json!({ "errors": [{ "pointer": "/bindings/2" }, { "pointer": "/bindings/0/dataset" }, { "pointer": "/x" }] });
    assert_eq!(conflicting(&problem), [0, 2].into());
}
