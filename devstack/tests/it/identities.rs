//! `GenerateToken`: the effective identities that it accepts.

use devstack::fake_tenant::ids;
use serde_json::{Value, json};

use crate::client::{generate, stack};
use crate::generate_token::changed;

#[tokio::test]
async fn identities_follow_the_documented_rules() {
    let stack = stack().await;
    let sales = ids::CONTOSO_SALES;
    let identity = |username: &str, roles: Value, datasets: Value| json!({"username": username, "roles": roles, "datasets": datasets});
    let many: Vec<_> = (0..51).map(|n| n.to_string()).collect();
    let refused = [
        vec![identity("", json!([]), json!([sales]))],
        vec![identity("two words", json!([]), json!([sales]))],
        vec![identity(&"x".repeat(257), json!([]), json!([sales]))],
        vec![identity("a", json!(many), json!([sales]))],
        vec![identity("a", json!(["x".repeat(51)]), json!([sales]))],
        vec![identity("a", json!(["a,b"]), json!([sales]))],
        vec![identity("a", json!([]), json!([]))],
        vec![identity("a", json!([]), json!([ids::FABRIKAM_SALES]))],
        vec![json!({"username": "a", "datasets": [sales], "reports": [ids::SALES_REPORT]})],
        vec![identity("a", json!([]), json!([sales])), identity("b", json!([]), json!([sales]))],
    ];
    for identities in refused {
        let reply = generate(&stack, &changed(&json!({ "identities": identities }))).await;
        assert_eq!(reply.status, 400, "{identities:?}");
    }
    let longest = identity(&"x".repeat(256), json!(["x".repeat(50)]), json!([sales]));
    assert_eq!(generate(&stack, &changed(&json!({"identities": [longest]}))).await.status, 200);
}

#[tokio::test]
async fn a_dataset_must_get_the_identity_that_it_needs() {
    let stack = stack().await;
    let ask = async |dataset: &str, identity: Option<Value>| {
        let mut request = changed(&json!({"datasets": [{"id": dataset}]}));
        request.as_object_mut().unwrap().remove("identities");
        if let Some(roles) = identity {
            request["identities"] = json!([{"username": "a", "roles": roles, "datasets": [dataset]}]);
        }
        generate(&stack, &request).await
    };
    let table = [
        (ids::CONTOSO_SALES, None, "requires effective identity to be provided"),
        (ids::CONTOSO_PLAN, Some(json!([])), "shouldn't have effective identity"),
        (ids::CONTOSO_REGIONS, Some(json!([])), "requires roles to be included in provided effective identity"),
        (ids::CONTOSO_LAKE, Some(json!([])), "is not supported for this datasource."),
    ];
    for (dataset, identity, text) in table {
        let reply = ask(dataset, identity).await;
        assert_eq!(reply.cause(), (400, "InvalidRequest"), "{text}");
        assert!(reply.json()["error"]["message"].as_str().unwrap().ends_with(text), "{}", reply.text);
    }
    assert_eq!(ask(ids::CONTOSO_REGIONS, Some(json!(["North"]))).await.status, 200);
    assert_eq!(ask(ids::CONTOSO_PLAN, None).await.status, 200);
}

#[tokio::test]
async fn a_paginated_report_may_have_its_own_identity() {
    let stack = stack().await;
    let request = json!({
        "reports": [{"id": ids::INVOICE_REPORT}],
        "datasets": [{"id": ids::TEMPLATE_DATASET, "xmlaPermissions": "ReadOnly"}],
        "identities": [{"username": "ana@contoso.example", "reports": [ids::INVOICE_REPORT]}],
    });
    let reply = generate(&stack, &request).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// "Service principals must always provide an identity for any item with an RLS semantic model"
/// (powerbi-docs, generate-embed-token@901b64b).
#[tokio::test]
async fn every_dataset_with_row_level_security_needs_an_identity() {
    let stack = stack().await;
    let composite = [ids::CONTOSO_BOARD, ids::CONTOSO_SALES];
    // The second pair is the bound dataset, without row-level security, and the report's own dataset.
    let own = [ids::CONTOSO_PLAN, ids::CONTOSO_PAYROLL];
    for (report, datasets) in [(ids::SALES_REPORT, composite), (ids::PAYROLL_REPORT, own)] {
        let listed = datasets.map(|id| json!({"id": id, "xmlaPermissions": "ReadOnly"}));
        let mut request = json!({"reports": [{"id": report}], "datasets": listed});
        let refused = generate(&stack, &request).await;
        assert_eq!(refused.cause(), (400, "InvalidRequest"));
        let text = format!("accessing dataset {} requires effective identity to be provided", datasets[1]);
        assert!(refused.text.contains(&text), "{}", refused.text);
        request["identities"] = json!([{"username": "ana@contoso.example", "datasets": [datasets[1]]}]);
        let granted = generate(&stack, &request).await;
        assert_eq!(granted.status, 200, "{}", granted.text);
    }
}

#[tokio::test]
async fn identities_name_only_items_of_the_token() {
    let stack = stack().await;
    for identity in [
        json!({"username": "a", "datasets": [ids::CONTOSO_SALES, ids::CONTOSO_PAYROLL]}),
        json!({"username": "a", "datasets": [ids::CONTOSO_SALES], "reports": [ids::INVOICE_REPORT]}),
        json!({"username": "a", "datasets": [ids::CONTOSO_SALES], "reports": [ids::SALES_REPORT]}),
    ] {
        let reply = generate(&stack, &changed(&json!({ "identities": [identity] }))).await;
        assert_eq!(reply.cause(), (400, "InvalidRequest"), "{identity}: {}", reply.text);
    }
}
