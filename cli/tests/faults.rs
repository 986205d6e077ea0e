//! Planted faults, end to end: the binary against the development stack. Each fault gives exactly its findings, and
//! its remedy removes them.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use common::faults::{Expected, Planted, World};
use common::schema_faults::{
    columns_and_measures, of_dataset, of_report, planted, relationships_and_formats, unchecked, uses_of_a_report,
};
use devstack::Fault;
use devstack::fake_tenant::{FakeTenant, IdentityNeed, Principal, Role, ids};
use serde_json::json;

fn capacity_and_access() -> Vec<Planted> {
    vec![
        planted(
            "paused capacity",
            |world| world.workspace(ids::CONTOSO_WORKSPACE).capacity = Some(ids::PAUSED_CAPACITY.to_owned()),
            vec![Expected {
                code: "capacity-not-active",
                ..of_report(None, ids::PAUSED_CAPACITY, "resume the capacity")
            }],
            |world| world.tenant.capacities.iter_mut().for_each(|capacity| capacity.paused = false),
        ),
        planted(
            "no capacity",
            |world| world.workspace(ids::CONTOSO_WORKSPACE).capacity = None,
            vec![of_dataset(
                "workspace-not-on-capacity",
                "#/datasets/plan/workspaceId",
                "not on a capacity",
                "assign the workspace",
            )],
            |world| world.workspace(ids::CONTOSO_WORKSPACE).capacity = Some(ids::CAPACITY.to_owned()),
        ),
        planted(
            "revoked role",
            |world| world.workspace(ids::CONTOSO_WORKSPACE).members.clear(),
            vec![of_dataset(
                "workspace-not-visible",
                "#/datasets/plan/workspaceId",
                ids::CONTOSO_WORKSPACE,
                "add it to the workspace as Member",
            )],
            |world| world.workspace(ids::CONTOSO_WORKSPACE).members.push((Principal::App, Role::Member)),
        ),
        planted(
            "missing workspace role",
            |world| world.workspace(ids::CONTOSO_WORKSPACE).members = vec![(Principal::App, Role::Viewer)],
            vec![Expected {
                code: "role-too-low",
                ..of_report(None, "has the role Viewer in workspace", "make it a Member")
            }],
            |world| world.workspace(ids::CONTOSO_WORKSPACE).members = vec![(Principal::App, Role::Member)],
        ),
    ]
}

fn credentials_and_profiles() -> Vec<Planted> {
    vec![
        planted(
            "expired secret",
            |world| world.secret_is_expired = true,
            vec![Expected {
                code: "credential-refused",
                dataset: None,
                ..of_dataset("", "secret.json", "AADSTS7000222", "make a new one")
            }],
            |world| world.secret_is_renewed = true,
        ),
        planted(
            "missing tenant setting",
            |world| world.tenant.admits_service_principals = false,
            vec![Expected {
                code: "tenant-setting-off",
                dataset: None,
                ..of_dataset("", "secret.json", "ServicePrincipalIsNotAllowedByTenantAdminSwitch", "turn on")
            }],
            |world| world.tenant.admits_service_principals = true,
        ),
        planted(
            "profile",
            |world| {
                let grants = world.catalog["tenants"]["contoso"]["grants"].take();
                world.catalog["tenants"] =
                    json!({ "contoso": { "profileId": ids::FABRIKAM_PROFILE, "grants": grants } });
                let members = &mut world.workspace(ids::CONTOSO_WORKSPACE).members;
                members.push((Principal::Profile(ids::FABRIKAM_PROFILE.to_owned()), Role::Member));
                world.tenant.profiles.clear();
            },
            vec![Expected {
                dataset: None,
                ..of_dataset(
                    "profile-unknown",
                    "#/tenants/contoso/profileId",
                    ids::FABRIKAM_PROFILE,
                    "create the profile",
                )
            }],
            |world| world.tenant.profiles = FakeTenant::demo().profiles,
        ),
    ]
}

fn items() -> Vec<Planted> {
    vec![
        planted(
            "moved dataset",
            |world| ids::FABRIKAM_WORKSPACE.clone_into(&mut world.dataset().workspace),
            vec![of_dataset(
                "dataset-moved",
                "#/datasets/plan/datasetId",
                ids::FABRIKAM_WORKSPACE,
                ids::FABRIKAM_WORKSPACE,
            )],
            |world| world.catalog["datasets"]["plan"]["workspaceId"] = json!(ids::FABRIKAM_WORKSPACE),
        ),
        planted(
            "deleted report",
            |world| world.tenant.reports.retain(|report| report.id != ids::SALES_REPORT),
            vec![Expected {
                code: "report-not-found",
                report: Some("sales"),
                dataset: None,
                ..of_dataset(
                    "",
                    "#/reports/sales/reportId",
                    "the report is not in its workspace",
                    "correct the report's id",
                )
            }],
            |world| world.catalog["reports"]["sales"]["reportId"] = json!(ids::STATEMENT_REPORT),
        ),
    ]
}

fn identities() -> Vec<Planted> {
    vec![
        planted(
            "role missing in the model",
            |world| {
                world.dataset().identity = IdentityNeed::Roles;
                world.model()["model"]["roles"] = json!([{ "name": "Reader", "modelPermission": "read" }]);
                world.catalog["datasets"]["plan"]["identity"] = json!({ "username": "{email}", "roles": ["Writer"] });
            },
            vec![of_dataset(
                "role-missing",
                "#/datasets/plan/identity/roles/0",
                "the model has no role `Writer`; it has Reader",
                "correct `roles`",
            )],
            |world| world.catalog["datasets"]["plan"]["identity"]["roles"] = json!(["Reader"]),
        ),
        planted(
            "identity needed",
            |world| world.dataset().identity = IdentityNeed::Username,
            vec![of_dataset("identity-required", "#/datasets/plan/identity", "row-level security", "add `identity`")],
            |world| world.catalog["datasets"]["plan"]["identity"] = json!({ "username": "{email}" }),
        ),
        planted(
            "roles needed",
            |world| {
                world.dataset().identity = IdentityNeed::Roles;
                world.model()["model"]["roles"] = json!([{ "name": "Reader", "modelPermission": "read" }]);
                world.catalog["datasets"]["plan"]["identity"] = json!({ "username": "{email}" });
            },
            vec![of_dataset("identity-roles-required", "#/datasets/plan/identity", "needs roles", "add `roles`")],
            |world| world.catalog["datasets"]["plan"]["identity"]["roles"] = json!(["Reader"]),
        ),
        planted(
            "identity not supported",
            |world| world.catalog["datasets"]["plan"]["identity"] = json!({ "username": "{email}" }),
            vec![of_dataset(
                "identity-not-supported",
                "#/datasets/plan/identity",
                "no row-level security",
                "remove `identity`",
            )],
            |world| drop(world.catalog["datasets"]["plan"].as_object_mut().unwrap().remove("identity")),
        ),
    ]
}

fn what_is_not_checked() -> Vec<Planted> {
    vec![
        unchecked(
            "encrypted label",
            |world| world.tenant.protected.push(ids::CONTOSO_PLAN.to_owned()),
            "ItemHasProtectedLabel",
            |world| world.tenant.protected.clear(),
        ),
        unchecked(
            "definitions of a profile's items",
            |world| {
                let grants = world.catalog["tenants"]["contoso"]["grants"].take();
                world.catalog["tenants"] =
                    json!({ "contoso": { "profileId": ids::FABRIKAM_PROFILE, "grants": grants } });
                let profile = Principal::Profile(ids::FABRIKAM_PROFILE.to_owned());
                world.workspace(ids::CONTOSO_WORKSPACE).members = vec![(profile, Role::Member)];
            },
            "as the service principal, not as the tenant's profile",
            |world| world.workspace(ids::CONTOSO_WORKSPACE).members.push((Principal::App, Role::Member)),
        ),
        unchecked(
            "no right to read definitions",
            |world| {
                let refusal = json!({ "errorCode": "InsufficientPrivileges", "message": "no", "requestId": "r" });
                let model = format!("POST /v1/workspaces/*/semanticModels/{}/getDefinition", ids::CONTOSO_PLAN);
                world.faults.push((model, Fault::json(403, &refusal)));
            },
            "read and write permission on the item",
            |world| world.faults.clear(),
        ),
    ]
}

async fn assert_found(planted: Vec<Planted>) {
    for planted in planted {
        let mut world = World::clean();
        (planted.plant)(&mut world);
        let result = world.check().await;
        planted.assert_found(&result);
        (planted.remedy)(&mut world);
        let result = world.check().await;
        planted.assert_gone(&result);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clean_world_has_no_findings() {
    let result = World::clean().check().await;
    assert_eq!(common::findings(&result), Vec::<String>::new(), "{result:#}");
    let secret = "the client secret's expiry";
    let deneb = "page *Region details*, visual *deneb*: property vega.jsonSpec";
    let causes = result["notChecked"].as_array().unwrap().iter().map(|item| item["what"].as_str().unwrap());
    assert_eq!(causes.collect::<Vec<_>>(), [secret, deneb], "{result:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_columns_and_measures_are_found_and_their_remedies_work() {
    assert_found(columns_and_measures()).await;
    assert_found(relationships_and_formats()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_by_the_use_of_a_field_are_found_and_their_remedies_work() {
    assert_found(uses_of_a_report()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_capacity_and_access_are_found_and_their_remedies_work() {
    assert_found(capacity_and_access()).await;
    assert_found(credentials_and_profiles()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_items_and_identities_are_found_and_their_remedies_work() {
    assert_found(items()).await;
    assert_found(identities()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_not_checked_and_is_not_a_finding() {
    assert_found(what_is_not_checked()).await;
}

#[test]
fn at_least_twenty_faults_are_planted() {
    let all = [
        columns_and_measures(),
        relationships_and_formats(),
        uses_of_a_report(),
        capacity_and_access(),
        credentials_and_profiles(),
        items(),
        identities(),
        what_is_not_checked(),
    ];
    let names: std::collections::BTreeSet<_> = all.iter().flatten().map(|planted| planted.name).collect();
    assert!(names.len() >= 25, "{names:?}");
}
