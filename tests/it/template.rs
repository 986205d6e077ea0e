//! `template.yaml` and the settings of the build: they agree with the code, and contain nothing forbidden.

mod token_store;

mod collector;
mod credential;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use acceptance::{openapi, project};
use dynabind::catalog;
use dynabind::settings::Settings;
use dynabind::validation::ValidationErrors;
use serde_json::{Value, json};

static TEMPLATE: LazyLock<Value> = LazyLock::new(|| project::yaml("template.yaml"));

/// Settings that the template omits, each with the reason.
const NOT_DEPLOYED: [(&str, &str); 2] = [
    ("DYNABIND_ENTRA_URL", "follows from DYNABIND_CLOUD; other values are for tests"),
    ("DYNABIND_POWERBI_URL", "follows from DYNABIND_CLOUD; other values are for tests"),
];

/// The maximum length of an access-log format in the gateway.
const ACCESS_LOG_LIMIT: usize = 3072;

fn resources(kind: &str) -> BTreeMap<&'static str, &'static Value> {
    let all = TEMPLATE["Resources"].as_object().unwrap();
    all.iter()
        .filter(|(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name.as_str(), resource))
        .collect()
}

fn functions() -> BTreeMap<&'static str, &'static Value> {
    resources("AWS::Serverless::Function")
}

fn global(property: &str) -> &'static Value {
    &TEMPLATE["Globals"]["Function"][property]
}

#[test]
fn the_routes_are_those_of_the_api_description() {
    let mut routes = BTreeSet::new();
    for (name, function) in functions() {
        for event in function["Properties"]["Events"].as_object().unwrap().values() {
            assert_eq!(event["Type"], "HttpApi", "an event of {name}");
            let route = &event["Properties"];
            assert_eq!(route["ApiId"]["Ref"], "Api", "a route of {name}");
            let text = |key: &str| route[key].as_str().unwrap().to_owned();
            assert!(routes.insert((text("Method"), text("Path"))), "{name} has a route that exists already");
        }
    }
    assert_eq!(routes, openapi::operations());
}

#[test]
fn the_functions_are_the_binaries_of_the_workspace() {
    let deployed: BTreeSet<_> = functions()
        .values()
        .map(|function| {
            assert_eq!(function["Metadata"]["BuildMethod"], "rust-cargolambda");
            let binary = &function["Metadata"]["BuildProperties"]["Binary"];
            binary.as_str().unwrap().to_owned()
        })
        .collect();
    let mut built = BTreeSet::new();
    for package in project::packages() {
        let manifest = package["manifest_path"].as_str().unwrap();
        if !manifest.contains("/functions/") {
            continue;
        }
        for target in package["targets"].as_array().unwrap() {
            if target["kind"][0] == "bin" {
                built.insert(target["name"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(deployed, built);
    assert_eq!(global("Runtime"), "provided.al2023");
    assert_eq!(global("Handler"), "bootstrap");
}

fn settings_of_the_code() -> impl Iterator<Item = &'static str> {
    Settings::variables().into_iter().map(|variable| variable.name).filter(|name| name.starts_with("DYNABIND_"))
}

#[test]
fn every_setting_of_the_code_is_in_the_template_and_no_other() {
    let variables = global("Environment")["Variables"].as_object().unwrap();
    let deployed: BTreeSet<_> = variables.keys().map(String::as_str).collect();
    let mut code: BTreeSet<_> = settings_of_the_code().collect();
    for (name, _) in NOT_DEPLOYED {
        assert!(code.remove(name), "the code no longer reads {name}");
    }
    code.insert("OTEL_EXPORTER_OTLP_ENDPOINT");
    assert_eq!(deployed, code);
    for (name, function) in functions() {
        let own = &function["Properties"]["Environment"];
        assert!(own.is_null(), "{name} has its own variables");
    }
}

#[test]
fn the_code_reads_only_listed_settings() {
    for source in project::sources("shared/src") {
        for tail in project::text(&source).split("\"DYNABIND_").skip(1) {
            let name = format!("DYNABIND_{}", tail.split('"').next().unwrap());
            let listed = settings_of_the_code().any(|listed| listed == name);
            assert!(listed, "{}: {name} is not always read by Settings::from_vars", source.display());
        }
    }
}

/// The settings from the variables that Lambda sets, the secret, and `more`.
fn settings_with(more: &[(&str, String)]) -> Result<Settings, ValidationErrors> {
    let given = |name: &str| match name {
        "AWS_REGION" => Some("eu-west-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" | "DYNABIND_SECRET_ID" => Some("x".to_owned()),
        _ => None,
    };
    let more = |name: &str| more.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone());
    Settings::from_vars(&|name| more(name).or_else(|| given(name)))
}

/// Each variable whose value is a parameter, with that parameter.
fn variables_of_parameters() -> Vec<(&'static str, &'static Value)> {
    let variables = global("Environment")["Variables"].as_object().unwrap();
    let parameters = &TEMPLATE["Parameters"];
    let of_parameter = |(name, value): (&'static String, &'static Value)| {
        let parameter = value["Ref"].as_str()?;
        Some((name.as_str(), &parameters[parameter]))
    };
    variables.iter().filter_map(of_parameter).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn the_defaults_of_the_template_are_those_of_the_code() {
    let defaults: Vec<_> = variables_of_parameters()
        .into_iter()
        .map(|(variable, parameter)| (variable, plain(&parameter["Default"])))
        .collect();
    assert!(defaults.len() > 5, "{defaults:?}");
    let (template, code) = (settings_with(&defaults).unwrap(), settings_with(&[]).unwrap());
    assert_eq!(format!("{template:?}"), format!("{code:?}"));
}

#[test]
fn the_functions_start_with_every_value_that_the_template_allows() {
    for (variable, parameter) in variables_of_parameters() {
        let choices = parameter["AllowedValues"].as_array().cloned().unwrap_or_default();
        let bounds = ["MinValue", "MaxValue"].map(|bound| parameter[bound].clone());
        for value in choices.iter().chain(bounds.iter().filter(|bound| !bound.is_null())) {
            let mut chosen = vec![(variable, plain(value))];
            // A rule of the template refuses this value in the other scenario.
            if chosen == [("DYNABIND_USER_TOKEN", "page".to_owned())] {
                chosen.push(("DYNABIND_SCENARIO", "organization".to_owned()));
            }
            if chosen == [("DYNABIND_CREDENTIAL", "federated".to_owned())] {
                chosen.extend(credential::application());
            }
            let outcome = settings_with(&chosen);
            assert!(outcome.is_ok(), "{variable}={value}: {:?}", outcome.err());
        }
        let is_number = parameter["Type"] == "Number";
        assert!(!is_number || !bounds.contains(&Value::Null), "{variable} needs both bounds");
    }
}

/// The functions would not start with this value, so the deployment refuses it.
#[test]
fn a_page_gets_its_own_token_only_in_the_organization_scenario() {
    let rule = &TEMPLATE["Rules"]["UserTokenNeedsOrganization"];
    assert_eq!(rule["RuleCondition"]["Fn::Equals"], json!([{ "Ref": "UserToken" }, "page"]));
    assert_eq!(rule["Assertions"][0]["Assert"]["Fn::Equals"], json!([{ "Ref": "Scenario" }, "organization"]));
    let page = ("DYNABIND_USER_TOKEN", "page".to_owned());
    for (scenario, starts) in [("customers", false), ("organization", true)] {
        let outcome = settings_with(&[page.clone(), ("DYNABIND_SCENARIO", scenario.to_owned())]);
        assert_eq!(outcome.is_ok(), starts, "{scenario}");
    }
}

#[test]
fn every_parameter_is_described_and_used() {
    let body = serde_json::to_string(&TEMPLATE["Resources"]).unwrap()
        + &serde_json::to_string(&TEMPLATE["Globals"]).unwrap()
        + &serde_json::to_string(&TEMPLATE["Conditions"]).unwrap();
    let groups = &TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let groups = groups.to_string();
    for (name, parameter) in TEMPLATE["Parameters"].as_object().unwrap() {
        let description = parameter["Description"].as_str().unwrap_or_default();
        assert!(description.len() > 20, "{name} needs a description");
        let used = body.contains(&format!("{{\"Ref\":\"{name}\"}}")) || body.contains(&format!("${{{name}}}"));
        assert!(used, "{name} is not used");
        assert!(groups.contains(&format!("\"{name}\"")), "{name} is in no group");
    }
}

#[test]
fn policies_name_each_action_and_resource() {
    let mut actions = BTreeSet::new();
    for (name, policy) in resources("AWS::IAM::ManagedPolicy") {
        let statements = &policy["Properties"]["PolicyDocument"]["Statement"];
        for statement in statements.as_array().unwrap() {
            // A conditional statement: [condition, statement, no value].
            let branch = statement.pointer("/Fn::If/1").unwrap_or(statement);
            // The permission for STS tokens has no resource. Conditions limit it.
            let is_limited = branch["Action"] == "sts:GetWebIdentityToken" && branch["Condition"].is_object();
            assert!(is_limited || !branch.to_string().contains('*'), "a wildcard in {name}: {branch}");
            assert_eq!(branch["Effect"], "Allow");
            let one = std::slice::from_ref(&branch["Action"]);
            let named = branch["Action"].as_array().map_or(one, Vec::as_slice);
            actions.extend(named.iter().map(|action| action.as_str().unwrap()));
        }
    }
    let reading = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "kms:Decrypt", "secretsmanager:GetSecretValue"];
    assert_eq!(actions, reading.into_iter().chain(["dynamodb:PutItem", "sts:GetWebIdentityToken"]).collect());
    let if_any =
        |condition: &str, policy: &str| json!({ "Fn::If": [condition, { "Ref": policy }, { "Ref": "AWS::NoValue" }] });
    let catalog = if_any("HasCatalogTable", "ReadCatalogPolicy");
    let [federated, secret] = ["IdentityTokenPolicy", "ReadSecretPolicy"].map(|policy| json!({ "Ref": policy }));
    let credential = json!({ "Fn::If": ["IsFederated", federated, secret] });
    let allowed = [credential, catalog, if_any("HasTokenStore", "UseTokenStorePolicy")];
    for (name, function) in functions() {
        let policies = function["Properties"]["Policies"].as_array().unwrap();
        assert_eq!(policies, &allowed, "{name} may do more than read secret and catalog, and share tokens");
    }
}

#[test]
fn the_table_is_as_the_catalog_needs_it() {
    let properties = &TEMPLATE["Resources"]["CatalogTable"]["Properties"];
    assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(properties["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(properties["KeySchema"], json!([{ "AttributeName": catalog::item::KEY, "KeyType": "HASH" }]));
}

/// The variable for a table and for a file, as the template writes them.
#[test]
fn the_functions_take_each_form_of_the_catalog() {
    let variable = &global("Environment")["Variables"]["DYNABIND_CATALOG"]["Fn::If"];
    assert_eq!((&variable[0], &variable[1]["Ref"]), (&json!("HasCatalogTable"), &json!("Catalog")));
    for value in [plain(&variable[2]), "dynamodb:stack-CatalogTable-1ABC".to_owned()] {
        assert!(settings_with(&[("DYNABIND_CATALOG", value.clone())]).is_ok(), "{value}");
    }
    assert!(settings_with(&[("DYNABIND_CATALOG", "s3://bucket/key".to_owned())]).is_err(), "S3 needs a layer");
}

#[test]
fn the_key_is_used_only_if_given_and_only_through_secrets_manager() {
    let policy = &TEMPLATE["Resources"]["ReadSecretPolicy"]["Properties"]["PolicyDocument"];
    let conditional = &policy["Statement"][1]["Fn::If"];
    assert_eq!(conditional[0], "HasSecretKmsKey");
    assert_eq!(conditional[1]["Action"], "kms:Decrypt");
    let via = &conditional[1]["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"];
    assert!(via.as_str().unwrap().starts_with("secretsmanager."), "{via}");
}

#[test]
fn the_access_log_is_json_without_the_callers_token() {
    let format = &TEMPLATE["Resources"]["Api"]["Properties"]["AccessLogSettings"]["Format"];
    let format = format.as_str().unwrap();
    assert!(format.len() <= ACCESS_LOG_LIMIT);
    assert!(!format.contains('\n'), "the gateway accepts only one line");
    let fields: BTreeMap<String, String> = serde_json::from_str(format).unwrap();
    for (field, value) in &fields {
        let value = value.to_lowercase();
        assert!(value.starts_with("$context."), "{field} is not a variable of the gateway");
        assert!(!value.contains("authorization") && !value.contains("header"), "{field}: {value}");
    }
    assert!(fields.contains_key("requestId"));
}

#[test]
fn every_log_is_json_in_its_own_group_with_a_retention() {
    let groups = resources("AWS::Logs::LogGroup");
    for (name, group) in &groups {
        assert!(!group["Properties"]["RetentionInDays"].is_null(), "{name} keeps logs for ever");
    }
    assert_eq!(global("LoggingConfig")["LogFormat"], "JSON");
    let used: BTreeSet<_> = functions()
        .values()
        .map(|function| function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"].as_str())
        .collect();
    assert_eq!(used.len(), functions().len(), "two functions share a log group");
    assert!(used.iter().all(|name| name.is_some_and(|name| groups.contains_key(name))));
}

#[test]
fn every_route_verifies_the_caller() {
    let api = &TEMPLATE["Resources"]["Api"]["Properties"];
    assert_eq!(api["StageName"], "$default");
    let auth = &api["Auth"];
    let name = auth["DefaultAuthorizer"].as_str().unwrap();
    let jwt = &auth["Authorizers"][name]["JwtConfiguration"];
    assert_eq!(jwt["issuer"]["Ref"], "Issuer");
    assert_eq!(jwt["audience"]["Ref"], "Audience");
    for (name, function) in functions() {
        for event in function["Properties"]["Events"].as_object().unwrap().values() {
            let own = &event["Properties"]["Auth"];
            assert!(own.is_null(), "a route of {name} bypasses the authorizer");
        }
    }
}

#[test]
fn cors_allows_the_headers_of_a_page() {
    let cors = &TEMPLATE["Resources"]["Api"]["Properties"]["CorsConfiguration"];
    let list = |key: &str| -> BTreeSet<String> { serde_json::from_value(cors[key].clone()).unwrap() };
    for header in ["authorization", "content-type", "x-correlation-id"] {
        assert!(list("AllowHeaders").contains(header), "{header} may not be sent");
    }
    for header in ["date", "retry-after", "www-authenticate", "x-amzn-remapped-www-authenticate", "x-correlation-id"] {
        assert!(list("ExposeHeaders").contains(header), "{header} cannot be read");
    }
    let methods: BTreeSet<_> = openapi::operations().into_iter().map(|(m, _)| m).collect();
    assert_eq!(list("AllowMethods"), methods);
    assert_eq!(cors["AllowOrigins"]["Ref"], "AllowedOrigins");
}

#[test]
fn the_sample_catalog_is_valid_and_is_not_deployed() {
    let loaded = catalog::parse(&project::text("layers/sample/catalog.json"));
    assert!(loaded.is_ok(), "{:?}", loaded.err());
    assert_eq!(TEMPLATE["Resources"]["CatalogLayer"]["Properties"]["ContentUri"], "layers/catalog");
    let ignored = project::text(".gitignore");
    assert!(ignored.lines().any(|line| line == "/layers/catalog/catalog.json"), "catalogs are not committed");
}

#[test]
fn the_created_secret_has_no_value_and_outlives_the_stack() {
    let secret = &TEMPLATE["Resources"]["Secret"];
    for generated in ["SecretString", "GenerateSecretString"] {
        let value = &secret["Properties"][generated];
        assert!(value.is_null(), "an update of the stack would overwrite the real secret");
    }
    assert_eq!(secret["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(secret["UpdateReplacePolicy"], "Retain");
}

#[test]
fn the_release_profile_is_small_and_survives_a_panic() {
    let manifest: toml::Value = toml::from_str(&project::text("Cargo.toml")).unwrap();
    let release = &manifest["profile"]["release"];
    assert_eq!(release["panic"].as_str(), Some("unwind"));
    assert_eq!(release["lto"].as_str(), Some("fat"));
    assert_eq!(release["codegen-units"].as_integer(), Some(1));
    assert_eq!(release["strip"].as_bool(), Some(true));
}

#[test]
fn the_functions_link_one_tls_stack() {
    let packages: BTreeSet<String> = functions_dependencies().into_iter().collect();
    for banned in ["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"] {
        let found = packages.iter().find(|package| package.starts_with(&format!("{banned} v")));
        assert_eq!(found, None, "a second TLS stack");
    }
    for single in ["rustls", "rustls-webpki", "tokio-rustls", "hyper-rustls", "ring", "hyper"] {
        let versions: Vec<_> = packages.iter().filter(|package| package.starts_with(&format!("{single} v"))).collect();
        assert_eq!(versions.len(), 1, "{single}: {versions:?}");
    }
}

/// Every package that the deployed binaries link, as `name vX.Y.Z`.
fn functions_dependencies() -> Vec<String> {
    let names: Vec<_> = project::packages()
        .iter()
        .filter(|package| package["manifest_path"].as_str().unwrap().contains("/functions/"))
        .map(|package| package["name"].as_str().unwrap().to_owned())
        .collect();
    let mut arguments = vec!["tree", "--edges=normal", "--prefix=none", "--format={p}"];
    for name in &names {
        arguments.extend(["--package", name]);
    }
    let tree = project::cargo(&arguments);
    let packages = tree.lines().filter(|line| !line.is_empty());
    packages.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn the_serverless_application_repository_gets_this_version() {
    let metadata = &TEMPLATE["Metadata"]["AWS::ServerlessRepo::Application"];
    assert_eq!(metadata["SemanticVersion"].as_str(), project::packages()[0]["version"].as_str());
    assert_eq!(metadata["SpdxLicenseId"].as_str(), project::packages()[0]["license"].as_str());
    for file in ["LicenseUrl", "ReadmeUrl"] {
        assert!(project::root().join(metadata[file].as_str().unwrap()).is_file(), "{file}");
    }
    assert!(metadata["Description"].as_str().unwrap().len() <= 256);
}
