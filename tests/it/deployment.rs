//! The stack that `CloudFormation` makes of `template.yaml`: conditions, versions, rollbacks, changes of the catalog's place.

use acceptance::deployed::{Deployed, Parameters, deploy};
use acceptance::project;
use serde_json::{Value, json};

const SECRET: &str = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:powerbi/principal-Ab12Cd";
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/0d2c1c4e-0000-4000-8000-000000000000";
const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:on-call";
const LAYER: &str = "arn:aws:lambda:eu-west-1:123456789012:layer:contoso-catalog:7";
const CERTIFICATE: &str = "arn:aws:acm:eu-west-1:123456789012:certificate/0d2c1c4e-0000-4000-8000-000000000000";

const PROBE: Parameters<'_> =
    &[("ProbeSecretArn", SECRET), ("ProbeTokenUrl", "https://issuer.example.com/token"), ("ProbeReport", "sales")];
const DOMAIN: Parameters<'_> = &[("DomainName", "api.example.com"), ("DomainCertificateArn", CERTIFICATE)];

const FEDERATED: Parameters<'_> = &[
    ("Credential", "federated"),
    ("EntraTenantId", "c4edfdae-4f48-4845-9688-832e54f1b8fc"),
    ("EntraClientId", "f7040bca-a78a-468d-b8d3-48c158815cf7"),
];

/// The longest description that Lambda stores with a version.
const DESCRIPTION_LIMIT: usize = 256;

fn versions(stack: &Deployed) -> Vec<&Value> {
    let versions: Vec<_> = stack.of_type("AWS::Lambda::Version").into_values().collect();
    assert_eq!(versions.len(), 3);
    versions
}

fn description(stack: &Deployed) -> &str {
    versions(stack)[0]["Properties"]["Description"].as_str().unwrap()
}

fn function<'s>(stack: &'s Deployed, property: &str) -> &'s Value {
    &stack.resource("TokenFunction")["Properties"][property]
}

#[test]
fn every_choice_can_be_deployed() {
    let sets: &[Parameters<'_>] = &[
        &[("SecretArn", SECRET), ("SecretKmsKeyArn", KEY)],
        &[("SecretKmsKeyArn", KEY), ("Scope", "dynabind.read")],
        FEDERATED,
        &[("ReservedConcurrency", "10"), ("ProvisionedConcurrency", "2")],
        &[("PageTopicArn", TOPIC), ("TicketTopicArn", TOPIC), ("Deployment", "AllAtOnce")],
        &[("Architecture", "x86_64"), ("Scenario", "organization"), ("UserToken", "page")],
        &[("CreateCatalogTable", "true"), ("Catalog", "dynamodb:restored"), ("RollbackAlarms", "off")],
    ];
    let domain_with_record = [DOMAIN, &[("DomainZoneId", "Z0123456789")]].concat();
    let probe_of_domain = [PROBE, DOMAIN, &[("ProbeScope", "dynabind.read")]].concat();
    let sets = [sets, &[&[], PROBE, DOMAIN, &domain_with_record, &probe_of_domain]].concat();
    assert_eq!(deploy(&sets).len(), sets.len());
}

#[test]
fn a_version_that_is_replaced_stays_for_a_rollback() {
    for version in versions(&deploy(&[&[]])[0]) {
        // The first policy applies if a change of the code gives the version a new logical name. The second applies if a changed
        // parameter replaces the version under the same name.
        assert_eq!([&version["DeletionPolicy"], &version["UpdateReplacePolicy"]], ["Retain", "Retain"]);
    }
}

/// The longest value that the template accepts for a parameter that has neither a list of values nor a maximum number.
fn longest(parameter: &str) -> String {
    match parameter {
        "SecretArn" => {
            format!("arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-Ab12Cd", "n".repeat(50))
        }
        "TenantClaim" | "GroupsClaim" => "c".repeat(40),
        other => panic!("how long is {other}?"),
    }
}

fn matches(parameter: &Value, value: &str) -> bool {
    let fits = parameter["MaxLength"].as_u64().is_none_or(|most| value.len() as u64 <= most);
    let pattern = parameter["AllowedPattern"].as_str().unwrap_or("");
    fits && jsonschema::is_valid(&json!({ "type": "string", "pattern": pattern }), &json!(value))
}

#[test]
fn the_description_of_a_version_has_room_for_the_longest_values() {
    let template = project::yaml("template.yaml");
    let parameters = &template["Parameters"];
    let mut set: Vec<(String, String)> = Vec::new();
    for (name, parameter) in parameters.as_object().unwrap() {
        if let Some(most) = parameter["MaxValue"].as_u64() {
            set.push((name.clone(), most.to_string()));
        }
    }
    for name in ["SecretArn", "TenantClaim", "GroupsClaim"] {
        let value = longest(name);
        assert!(matches(&parameters[name], &value), "{name}");
        let longer = value.replacen(['n', 'c'], "nn", 1).replacen("secret:n", "secret:nn", 1);
        assert!(!matches(&parameters[name], &longer), "{name} may be longer than {value}");
        set.push((name.to_owned(), value));
    }
    let layer = format!("arn:aws:lambda:eu-west-1:123456789012:layer:{}:9999999999", "l".repeat(53));
    let table = format!("dynamodb:{}", "t".repeat(64));
    for (longest, longer) in [(&layer, layer.replacen("ll", "lll", 1)), (&table, format!("{table}t"))] {
        assert!(matches(&parameters["Catalog"], longest) && !matches(&parameters["Catalog"], &longer), "{longer}");
    }
    let sets: Vec<Vec<(&str, &str)>> = ["", "s3://bucket/catalog-1.zip", &layer, &table]
        .iter()
        .map(|catalog| {
            let set = set.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            set.chain([("Catalog", *catalog)]).collect()
        })
        .collect();
    let federated = sets.iter().map(|set| {
        let others = set.iter().copied().filter(|(name, _)| *name != "SecretArn");
        others.chain(FEDERATED.iter().copied()).collect()
    });
    let sets: Vec<Vec<(&str, &str)>> = federated.chain(sets.iter().cloned()).collect();
    for stack in deploy(&sets.iter().map(Vec::as_slice).collect::<Vec<_>>()) {
        let text = description(&stack);
        assert!(text.len() > 100 && text.len() <= DESCRIPTION_LIMIT, "{} characters: {text}", text.len());
    }
}

/// SAM makes no new version for a changed parameter by itself. Without a new version, the alias keeps the old parameter.
#[test]
fn each_parameter_of_a_version_changes_its_description() {
    let changes = [
        ("Architecture", "x86_64"),
        ("MemorySize", "512"),
        ("Timeout", "20"),
        ("LogLevel", "WARN"),
        ("Tracing", "PassThrough"),
        ("Collector", "adot"),
        ("Scenario", "organization"),
        ("Cloud", "usgov"),
        ("SecretArn", SECRET),
        ("TenantClaim", "tid"),
        ("GroupsClaim", "roles"),
        ("MinTokenMinutes", "16"),
        ("FreshTokensPerMinute", "61"),
        ("SecretTtlSeconds", "301"),
        ("MetadataTtlSeconds", "601"),
        ("UpstreamTimeoutMs", "5001"),
        ("Catalog", LAYER),
        ("Catalog", "arn:aws:lambda:eu-west-1:123456789012:layer:contoso-catalog:8"),
        ("Catalog", "dynamodb:contoso"),
    ];
    let sets: Vec<_> = changes.iter().map(std::slice::from_ref).collect();
    let other_id = |name| (name, "00000000-0000-4000-8000-000000000000");
    let [tenant, client] = ["EntraTenantId", "EntraClientId"].map(|name| [FEDERATED, &[other_id(name)]].concat());
    let stacks = deploy(&[&[&[][..], FEDERATED, &tenant, &client][..], &sets].concat());
    let mut told: Vec<_> = stacks.iter().map(description).collect();
    told.sort_unstable();
    let count = told.len();
    told.dedup();
    assert_eq!(told.len(), count, "two changes have the same description: {told:#?}");
}

/// Lambda refuses this change while an alias has two versions. So the change must not make a new version.
#[test]
fn provisioned_concurrency_is_removed_without_a_new_version() {
    let stacks = deploy(&[&[("ProvisionedConcurrency", "2")], &[("ProvisionedConcurrency", "0")]]);
    let [two, none] = stacks.as_slice() else { panic!() };
    for alias in two.of_type("AWS::Lambda::Alias").into_values() {
        let provisioned = &alias["Properties"]["ProvisionedConcurrencyConfig"];
        assert_eq!(provisioned["ProvisionedConcurrentExecutions"], "2");
    }
    for alias in none.of_type("AWS::Lambda::Alias").into_values() {
        assert!(alias["Properties"].get("ProvisionedConcurrencyConfig").is_none(), "{alias}");
    }
    assert_eq!(two.of_type("AWS::Lambda::Version"), none.of_type("AWS::Lambda::Version"));
}

#[test]
fn alarms_roll_a_deployment_back_unless_they_are_switched_off() {
    let stacks = deploy(&[&[], &[("RollbackAlarms", "off")]]);
    let [with, without] = stacks.as_slice() else { panic!() };
    for (group, other) in with
        .of_type("AWS::CodeDeploy::DeploymentGroup")
        .into_values()
        .zip(without.of_type("AWS::CodeDeploy::DeploymentGroup").into_values())
    {
        let alarms = &group["Properties"]["AlarmConfiguration"];
        assert_eq!(alarms["Enabled"], true);
        assert_eq!(
            alarms["Alarms"],
            json!([{ "Name": { "Ref": "FunctionErrors" } }, { "Name": { "Ref": "InternalErrors" } }])
        );
        // A deployment of all requests at once would leave no time for an alarm to roll it back.
        assert_eq!(group["Properties"]["DeploymentConfigName"], "CodeDeployDefault.LambdaCanary10Percent5Minutes");
        assert_eq!(other["Properties"]["AlarmConfiguration"], json!({}));
    }
}

#[test]
fn tracing_can_be_switched_off_together_with_its_permissions() {
    for (tracing, mode, allowed) in [
        ("Active", json!("Active"), true),
        ("PassThrough", json!("PassThrough"), true),
        ("Disabled", Value::Null, false),
    ] {
        let stack = &deploy(&[&[("Tracing", tracing)]])[0];
        assert_eq!(function(stack, "TracingConfig")["Mode"], mode, "{tracing}");
        let role = stack.resource("TokenFunctionRole")["Properties"]["ManagedPolicyArns"].to_string();
        assert_eq!(role.contains("AWSXrayWriteOnlyAccess"), allowed, "{tracing}");
    }
}

fn catalog_of(stack: &Deployed) -> (&str, &Value) {
    let variables = &function(stack, "Environment")["Variables"];
    (variables["DYNABIND_CATALOG"].as_str().unwrap(), function(stack, "Layers"))
}

/// The table exists and is filled before a function reads it, so no caller gets an empty catalog.
#[test]
fn a_catalog_moves_to_a_table_and_back_in_two_steps() {
    let stacks = deploy(&[
        &[],
        &[("CreateCatalogTable", "true")],
        &[("CreateCatalogTable", "true"), ("Catalog", "dynamodb:dynabind-CatalogTable-1ABC")],
        &[("CreateCatalogTable", "true")],
    ]);
    let [before, filling, moved, back] = stacks.as_slice() else { panic!() };
    assert!(before.get("CatalogTable").is_none());
    assert!(filling.get("CatalogTable").is_some(), "the table can be filled");
    assert_eq!(filling.output("CatalogTable")["Ref"], "CatalogTable", "the name of the table is known");
    for stack in [before, filling, back] {
        let (catalog, layers) = catalog_of(stack);
        assert_eq!((catalog, layers.as_array().unwrap().len()), ("file:/opt/catalog.json", 1));
        assert!(stack.get("ReadCatalogPolicy").is_none());
    }
    assert_eq!(versions(before), versions(filling), "nothing changes for the functions yet");
    assert_eq!(catalog_of(moved), ("dynamodb:dynabind-CatalogTable-1ABC", &json!([])));
    let policy = &moved.resource("ReadCatalogPolicy")["Properties"]["PolicyDocument"]["Statement"][0];
    assert_eq!(policy["Action"], json!(["dynamodb:GetItem", "dynamodb:BatchGetItem"]));
    assert_eq!(policy["Resource"], "arn:aws:dynamodb:eu-west-1:123456789012:table/dynabind-CatalogTable-1ABC");
    for stack in [filling, moved, back] {
        let table = stack.resource("CatalogTable");
        assert_eq!([&table["DeletionPolicy"], &table["UpdateReplacePolicy"]], ["RetainExceptOnCreate", "Retain"]);
    }
}

#[test]
fn the_catalog_is_a_layer_or_an_object_of_the_deployer() {
    let stacks = deploy(&[
        &[("Catalog", LAYER)],
        &[("Catalog", "s3://contoso-config/catalog-42.zip")],
        &[("Catalog", "dynamodb:restored")],
    ]);
    let [layer, object, table] = stacks.as_slice() else { panic!() };
    assert_eq!(catalog_of(layer), ("file:/opt/catalog.json", &json!([LAYER])));
    assert!(layer.of_type("AWS::Lambda::LayerVersion").is_empty(), "the stack creates no layer");
    let made = object.resource("CatalogObjectLayer");
    assert_eq!(made["Properties"]["Content"], json!({ "S3Bucket": "contoso-config", "S3Key": "catalog-42.zip" }));
    assert_eq!(made["Properties"]["LayerName"], "dynabind-catalog", "two stacks of one account share no layer");
    assert_eq!(object.of_type("AWS::Lambda::LayerVersion").len(), 1);
    assert_eq!(catalog_of(table).0, "dynamodb:restored");
    assert!(table.get("CatalogTable").is_none(), "the table existed before");
}

#[test]
fn a_domain_replaces_the_gateways_own_address() {
    let with_record = [DOMAIN, &[("DomainZoneId", "Z0123456789")]].concat();
    let stacks = deploy(&[&[], DOMAIN, &with_record]);
    let [own, domain, record] = stacks.as_slice() else { panic!() };
    let disabled = |stack: &Deployed| {
        let body = &stack.resource("Api")["Properties"]["Body"];
        body["servers"][0]["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"].clone()
    };
    assert_eq!((disabled(own), own.get("ApiDomain")), (json!(false), None));
    assert_eq!(disabled(domain), true);
    assert_eq!(domain.output("ApiUrl"), "https://api.example.com");
    assert_eq!(domain.resource("ApiDomainMapping")["Properties"]["ApiId"]["Ref"], "Api");
    assert!(domain.get("ApiDomainRecord").is_none());
    assert_eq!(record.resource("ApiDomainRecord")["Properties"]["Name"], "api.example.com");
}

#[test]
fn the_probe_calls_the_three_routes_with_the_right_bodies() {
    let probe_of_domain = [PROBE, DOMAIN].concat();
    let stack = &deploy(&[&probe_of_domain])[0];
    let destinations = stack.of_type("AWS::Events::ApiDestination");
    let routes: Vec<_> = destinations
        .values()
        .map(|destination| {
            let properties = &destination["Properties"];
            format!(
                "{} {}",
                properties["HttpMethod"].as_str().unwrap(),
                properties["InvocationEndpoint"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        routes,
        [
            "POST https://api.example.com/config",
            "GET https://api.example.com/datasets",
            "POST https://api.example.com/token"
        ]
    );
    for target in stack.resource("ProbeSchedule")["Properties"]["Targets"].as_array().unwrap() {
        let body: Value = serde_json::from_str(target["Input"].as_str().unwrap()).unwrap();
        let is_list = target["Id"] == "datasets";
        assert_eq!(body, if is_list { json!({}) } else { json!({ "bindings": [{ "report": "sales" }] }) });
    }
    assert_eq!(stack.resource("ProbeFailures")["Properties"]["Dimensions"][0]["Value"]["Ref"], "ProbeSchedule");
}
