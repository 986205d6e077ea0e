//! What decides the key of an item.

use serde_json::{Value, json};

use super::*;

#[test]
fn the_text_of_a_subject_is_fixed() {
    let subject = Subject::of_token(&realm(&[]), &request("a@x", Some(7)));
    let expected = concat!(
        r#"{"format":1,"realm":{"secret":"x","entra":"https://login.microsoftonline.com/","#,
        r#""powerbi":"https://api.powerbi.com/","cloud":"Public","scenario":"customers"},"embed_token":{"profile":null,"#,
        r#""reports":{"00000002-0000-4000-8000-000000000001":false},"#,
        r#""datasets":{"00000003-0000-4000-8000-000000000001":"Unset"},"target_workspaces":[],"#,
        r#""identities":[{"identity":{"username":"a@x","roles":[],"custom_data":null,"auditable_context":null},"#,
        r#""datasets":["00000003-0000-4000-8000-000000000001"],"reports":[]}],"lifetime_minutes":7}}"#,
    );
    assert_eq!(subject.text(), expected);
    assert_eq!(subject.key().len(), 64);
}

/// A change of anything that decides what a token may do, or who makes it, changes the key.
#[test]
fn whatever_decides_a_tokens_permissions_changes_its_key() {
    let dataset = |change: &dyn Fn(&mut Value)| {
        let identity = json!({ "username": "{email}", "roles": ["A"], "customData": "c", "auditableContext": "x" });
        let id = guid(3, 1);
        let mut dataset = json!({ "name": "D", "workspaceId": guid(1, 1), "datasetId": id, "identity": identity });
        change(&mut dataset);
        dataset
    };
    let same = dataset(&|_| {});
    let view = json!({ "reports": ["r"], "datasets": ["d"] });
    let edit = json!({ "reports": ["r"], "datasets": ["d"], "modes": ["edit"] });
    let saving = json!({ "reports": ["r"], "datasets": ["d"], "modes": ["edit"], "saveTo": guid(1, 1) });
    let save_elsewhere = json!({ "reports": ["r"], "datasets": ["d"], "modes": ["edit"], "saveTo": guid(1, 2) });
    let requests = [
        request_for(&same, &view, "a@x", None),
        request_for(&same, &view, "b@x", None),
        request_for(&same, &view, "a@x", Some(7)),
        request_for(&same, &edit, "a@x", None),
        request_for(&same, &saving, "a@x", None),
        request_for(&same, &save_elsewhere, "a@x", None),
        request_for(&dataset(&|d| d["datasetId"] = json!(guid(3, 2))), &view, "a@x", None),
        request_for(&dataset(&|d| d["identity"]["roles"] = json!(["B"])), &view, "a@x", None),
        request_for(&dataset(&|d| d["identity"]["customData"] = json!("d")), &view, "a@x", None),
        request_for(&dataset(&|d| d["identity"]["auditableContext"] = json!("y")), &view, "a@x", None),
        request_for(&dataset(&|d| d["alsoNeeds"] = json!([guid(3, 9)])), &view, "a@x", None),
        request_for(&dataset(&|d| d["profile"] = json!(guid(4, 1))), &view, "a@x", None),
        request_for(&dataset(&|d| drop(d.as_object_mut().unwrap().remove("identity"))), &view, "a@x", None),
    ];
    let mut keys: Vec<_> = requests.iter().map(|request| Subject::of_token(&realm(&[]), request)).collect();
    for realm_of in [
        ("DYNABIND_SECRET_ID", "another"),
        ("DYNABIND_ENTRA_URL", "https://entra.example.com"),
        ("DYNABIND_POWERBI_URL", "https://powerbi.example.com"),
        ("DYNABIND_CLOUD", "usgov"),
        ("DYNABIND_SCENARIO", "organization"),
    ] {
        keys.push(Subject::of_token(&realm(&[realm_of]), &requests[0]));
    }
    let mut distinct: Vec<_> = keys.iter().map(Subject::key).collect();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), keys.len());
}

#[test]
fn a_federated_and_a_secret_deployment_share_no_key() {
    let [tenant, client] = [guid(5, 1), guid(5, 2)];
    let federated = |tenant: &str, client: &str| {
        let ids = [("DYNABIND_ENTRA_TENANT_ID", tenant), ("DYNABIND_ENTRA_CLIENT_ID", client)];
        let kind = [("DYNABIND_CREDENTIAL", "federated"), ("DYNABIND_SECRET_ID", "")];
        realm(&[kind, ids].concat())
    };
    let request = request("a@x", None);
    let workspace = guid(1, 1).parse().unwrap();
    let report: ReportId = guid(2, 1).parse().unwrap();
    let keys_of = |realm: Realm| {
        let item = Item { workspace, id: report };
        let look_up = Subject::of_look_up(&realm, LookUpKind::Report, ActorKey::Service, item).unwrap();
        [Subject::of_token(&realm, &request), look_up].map(|subject| subject.key().to_owned())
    };
    let mut keys: Vec<_> = [
        realm(&[]),
        // A secret may have any name, including these ids.
        realm(&[("DYNABIND_SECRET_ID", &tenant)]),
        realm(&[("DYNABIND_SECRET_ID", &client)]),
        federated(&tenant, &client),
        federated(&client, &tenant),
        federated(&tenant, &tenant),
    ]
    .into_iter()
    .flat_map(keys_of)
    .collect();
    // The functions of any region or role have the same keys for the same application.
    assert_eq!(keys_of(federated(&tenant, &client)), keys_of(federated(&tenant, &client)));
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 12);
}

#[test]
fn a_look_up_has_a_key_of_its_own_and_a_users_has_none() {
    let (realm, profile) = (realm(&[]), guid(4, 1).parse::<ProfileId>().unwrap());
    let workspace: WorkspaceId = guid(1, 1).parse().unwrap();
    let id: ReportId = guid(2, 1).parse().unwrap();
    let of = |kind, actor| Subject::of_look_up(&realm, kind, actor, Item { workspace, id }).map(|s| s.key().to_owned());
    let mut keys: Vec<_> = [LookUpKind::Report, LookUpKind::Dataset, LookUpKind::ReportList, LookUpKind::Workspace]
        .into_iter()
        .flat_map(|kind| [of(kind, ActorKey::Service).unwrap(), of(kind, ActorKey::Profile(profile)).unwrap()])
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 8);
    let user = crate::domain::UserAssertion::from_header("Bearer a.b.c").unwrap();
    assert_eq!(of(LookUpKind::Report, ActorKey::User(user.user())), None);
}
