//! What the template creates for the two kinds of credential.

use dynabind::settings::Cloud;
use serde_json::json;

use super::{TEMPLATE, functions, settings_with};

/// The variables of a federated credential, with an empty secret.
pub(super) fn application() -> Vec<(&'static str, String)> {
    let id = "c4edfdae-4f48-4845-9688-832e54f1b8fc".to_owned();
    let secret = ("DYNABIND_SECRET_ID", String::new());
    vec![("DYNABIND_ENTRA_TENANT_ID", id.clone()), ("DYNABIND_ENTRA_CLIENT_ID", id), secret]
}

/// The deployment refuses values that the functions would refuse at their start.
#[test]
fn each_kind_of_credential_needs_its_parameters_and_no_others() {
    let assertions = |rule: &str| {
        let rule = &TEMPLATE["Rules"][rule];
        let asserted = rule["Assertions"].as_array().unwrap().iter().map(|assertion| assertion["Assert"].clone());
        (rule["RuleCondition"].clone(), asserted.collect::<Vec<_>>())
    };
    let is = |parameter: &str, value: &str| json!({ "Fn::Equals": [{ "Ref": parameter }, value] });
    let is_given = |parameter: &str| json!({ "Fn::Not": [is(parameter, "")] });
    let federated = vec![is_given("EntraTenantId"), is_given("EntraClientId"), is("SecretArn", "")];
    assert_eq!(assertions("FederatedNeedsTheApplication"), (is("Credential", "federated"), federated));
    let secret = vec![json!({ "Fn::And": [is("EntraTenantId", ""), is("EntraClientId", "")] })];
    assert_eq!(assertions("SecretHoldsTheApplication"), (is("Credential", "secret"), secret));
    let kind = |kind: &str| ("DYNABIND_CREDENTIAL", kind.to_owned());
    for (chosen, starts) in [
        (vec![kind("federated")], false),
        ([vec![kind("federated")], application()].concat(), true),
        ([vec![kind("federated")], application()[..2].to_vec()].concat(), false),
        ([vec![kind("secret")], application()[..2].to_vec()].concat(), false),
    ] {
        assert_eq!(settings_with(&chosen).is_ok(), starts, "{chosen:?}");
    }
}

#[test]
fn a_federated_stack_has_no_secret_and_no_permission_to_read_one() {
    let conditions = &TEMPLATE["Conditions"];
    assert_eq!(conditions["IsFederated"], json!({ "Fn::Equals": [{ "Ref": "Credential" }, "federated"] }));
    assert_eq!(conditions["HasSecret"], json!({ "Fn::Not": [{ "Condition": "IsFederated" }] }));
    assert_eq!(conditions["CreatesSecret"]["Fn::And"][0], json!({ "Condition": "HasSecret" }));
    let condition_of = |resource: &str| TEMPLATE["Resources"][resource]["Condition"].as_str();
    assert_eq!(condition_of("Secret"), Some("CreatesSecret"));
    assert_eq!(condition_of("ReadSecretPolicy"), Some("HasSecret"));
    assert_eq!(condition_of("IdentityTokenPolicy"), Some("IsFederated"));
    assert_eq!(TEMPLATE["Outputs"]["SecretArn"]["Condition"], "HasSecret");
}

#[test]
fn tokens_of_sts_are_limited_to_entra() {
    let policy = &TEMPLATE["Resources"]["IdentityTokenPolicy"]["Properties"]["PolicyDocument"]["Statement"];
    let audience = json!({ "Fn::FindInMap": ["Clouds", { "Ref": "Cloud" }, "TokenAudience"] });
    let statement = json!([{
        "Sid": "GetTokensForEntra",
        "Effect": "Allow",
        "Action": "sts:GetWebIdentityToken",
        "Resource": "*",
        "Condition": {
            "ForAllValues:StringEquals": { "sts:IdentityTokenAudience": audience },
            "StringEquals": { "sts:SigningAlgorithm": "RS256" },
            "NumericLessThanEquals": { "sts:DurationSeconds": 300 },
        },
    }]);
    assert_eq!(policy, &statement);
    let clouds = TEMPLATE["Mappings"]["Clouds"].as_object().unwrap();
    let offered = TEMPLATE["Parameters"]["Cloud"]["AllowedValues"].as_array().unwrap();
    assert_eq!(clouds.len(), offered.len());
    for cloud in offered {
        let cloud = cloud.as_str().unwrap();
        let parsed: Cloud = cloud.parse().unwrap();
        assert_eq!(clouds[cloud]["TokenAudience"], parsed.token_exchange_audience(), "{cloud}");
    }
}

/// Entra needs each role as a subject.
#[test]
fn the_roles_of_the_functions_are_outputs() {
    for (name, _) in functions() {
        let role = &TEMPLATE["Outputs"][format!("{name}RoleArn")]["Value"]["Fn::GetAtt"];
        assert_eq!(role, &json!([format!("{name}Role"), "Arn"]), "{name}");
    }
}
