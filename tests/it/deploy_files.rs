//! Compares the files of `deploy/` and `.github/workflows` with the template.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use acceptance::deployed::deploy;
use acceptance::process::python;
use acceptance::project;
use devstack::{Stack, StackOptions};
use serde_json::{Value, json};

/// For each type of resource, two of the actions that its creation and deletion need. Secrets and tables stay when the stack
/// is deleted, so they have no action for deletion.
const ACTIONS: [(&str, [&str; 2]); 23] = [
    ("AWS::ApiGatewayV2::Api", ["apigateway:POST", "apigateway:DELETE"]),
    ("AWS::ApiGatewayV2::ApiMapping", ["apigateway:POST", "apigateway:DELETE"]),
    ("AWS::ApiGatewayV2::DomainName", ["apigateway:POST", "apigateway:DELETE"]),
    ("AWS::ApiGatewayV2::Stage", ["apigateway:PATCH", "apigateway:DELETE"]),
    ("AWS::CloudWatch::Alarm", ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"]),
    ("AWS::CloudWatch::Dashboard", ["cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"]),
    ("AWS::CodeDeploy::Application", ["codedeploy:CreateApplication", "codedeploy:DeleteApplication"]),
    ("AWS::CodeDeploy::DeploymentGroup", ["codedeploy:CreateDeploymentGroup", "codedeploy:DeleteDeploymentGroup"]),
    ("AWS::DynamoDB::Table", ["dynamodb:CreateTable", "dynamodb:UpdateContinuousBackups"]),
    ("AWS::Events::ApiDestination", ["events:CreateApiDestination", "events:DeleteApiDestination"]),
    ("AWS::Events::Connection", ["events:CreateConnection", "events:DeleteConnection"]),
    ("AWS::Events::Rule", ["events:PutTargets", "events:DeleteRule"]),
    ("AWS::IAM::ManagedPolicy", ["iam:CreatePolicy", "iam:DeletePolicy"]),
    ("AWS::IAM::Role", ["iam:CreateRole", "iam:DeleteRole"]),
    ("AWS::Lambda::Alias", ["lambda:CreateAlias", "lambda:DeleteAlias"]),
    ("AWS::Lambda::Function", ["lambda:CreateFunction", "lambda:DeleteFunction"]),
    ("AWS::Lambda::LayerVersion", ["lambda:PublishLayerVersion", "lambda:DeleteLayerVersion"]),
    ("AWS::Lambda::Permission", ["lambda:AddPermission", "lambda:RemovePermission"]),
    ("AWS::Lambda::Version", ["lambda:PublishVersion", "lambda:ListVersionsByFunction"]),
    ("AWS::Logs::LogGroup", ["logs:CreateLogGroup", "logs:DeleteLogGroup"]),
    ("AWS::Logs::MetricFilter", ["logs:PutMetricFilter", "logs:DeleteMetricFilter"]),
    ("AWS::Route53::RecordSet", ["route53:ChangeResourceRecordSets", "route53:GetHostedZone"]),
    ("AWS::SecretsManager::Secret", ["secretsmanager:CreateSecret", "secretsmanager:DescribeSecret"]),
];

fn list(value: &Value) -> Vec<&str> {
    let one = std::slice::from_ref(value);
    value.as_array().map_or(one, Vec::as_slice).iter().map(|item| item.as_str().unwrap()).collect()
}

#[test]
fn the_deployer_may_do_what_the_template_needs_and_little_more() {
    let policy = project::json("deploy/deployer-policy.json");
    let statements = policy["Statement"].as_array().unwrap();
    let allowed: BTreeSet<_> = statements.iter().flat_map(|statement| list(&statement["Action"])).collect();
    let secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:probe-Ab12Cd";
    let certificate = "arn:aws:acm:eu-west-1:123456789012:certificate/x";
    let stack = &deploy(&[&[
        ("CreateCatalogTable", "true"),
        ("ProbeSecretArn", secret),
        ("ProbeReport", "sales"),
        ("DomainName", "api.example.com"),
        ("DomainCertificateArn", certificate),
        ("DomainZoneId", "Z0123456789"),
    ]])[0];
    let actions: BTreeMap<_, _> = ACTIONS.into_iter().collect();
    for kind in stack.types() {
        let needed = actions.get(kind).unwrap_or_else(|| panic!("what does {kind} need?"));
        assert!(needed.iter().all(|action| allowed.contains(action)), "{kind}: {needed:?}");
    }
    for statement in statements {
        for action in list(&statement["Action"]) {
            assert!(!action.contains('*'), "{action}");
        }
        // Actions that cannot be limited to resources.
        let everywhere = list(&statement["Resource"]).contains(&"*");
        let reads = ["ReadTemplates", "LetTheGatewayWriteItsLog"].contains(&statement["Sid"].as_str().unwrap());
        assert_eq!(everywhere, reads, "{}", statement["Sid"]);
        let of_the_principal = statement["Sid"] == "TheSecretWithoutItsValue";
        assert!(!of_the_principal || !statement["Action"].to_string().contains("GetSecretValue"));
    }
    // The largest managed policy is 6,144 characters without blanks; a role's inline policies may have 10,240.
    assert!(policy.to_string().len() < 10_240, "{}", policy.to_string().len());
}

#[test]
fn the_example_workflow_stores_no_key_and_names_each_action_by_its_commit() {
    let text = project::text("deploy/github-workflow.yml");
    let workflow = project::yaml("deploy/github-workflow.yml");
    assert_eq!(workflow["permissions"]["contents"], "read");
    assert_eq!(workflow["jobs"]["deploy"]["permissions"]["id-token"], "write");
    assert!(!text.contains("secrets."), "no stored secret");
    for action in text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, action)| action) {
        let commit = action.split(['@', ' ']).nth(1).unwrap_or_default();
        assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{action}");
    }
    let pinned = project::text("requirements-dev.txt");
    let sam = text.split("aws-sam-cli==").nth(1).unwrap().lines().next().unwrap();
    assert!(pinned.contains(&format!("aws-sam-cli=={sam}\n")), "the version that the tests use");
    let samconfig: toml::Value = toml::from_str(&project::text("samconfig.toml")).unwrap();
    assert!(text.contains("sam deploy --config-env ci "));
    let ci = &samconfig["ci"]["deploy"]["parameters"];
    assert_eq!(ci["confirm_changeset"].as_bool(), Some(false), "a job cannot confirm a change set");
    let parameters = project::yaml("template.yaml")["Parameters"].clone();
    let overrides = text.split("--parameter-overrides").nth(1).unwrap().split("- name").next().unwrap();
    for name in overrides
        .split('=')
        .filter_map(|part| part.split_whitespace().next_back())
        .filter(|name| name.chars().all(char::is_alphanumeric))
    {
        assert!(parameters[name].is_object(), "no parameter {name}");
    }
}

/// Terraform's module replaces lines of the archive's template.
#[test]
fn the_terraform_module_replaces_lines_that_exist() {
    let module = project::text("deploy/terraform/main.tf");
    let release = project::text("tools/release");
    let template = project::text("template.yaml");
    for function in ["token", "config", "datasets"] {
        assert!(module.contains(&format!("\"CodeUri: functions/{function}\"")), "{function}");
    }
    assert!(release.contains("CodeUri: functions/{name}") && release.contains("ContentUri: catalog"));
    assert!(module.contains("\"ContentUri: catalog\"") && template.contains("ContentUri: layers/catalog\n"));
    for parameter in ["Issuer", "Audience", "AllowedOrigins"] {
        assert!(module.contains(&format!("    {parameter} ")), "{parameter} has no default");
    }
}

#[test]
fn the_rest_api_calls_the_aliases_of_the_stack() {
    let stack = &deploy(&[&[]])[0];
    let example = project::yaml("deploy/rest-api/template.yaml");
    for function in ["Token", "Config", "Datasets"] {
        let parameter = format!("{function}AliasArn");
        assert!(example["Parameters"][&parameter].is_object());
        let alias = stack.output(&parameter).as_str().unwrap();
        assert_eq!(alias, format!("${{{function}Function.Arn}}:live"));
        assert_eq!(
            example["Resources"][format!("{function}Permission")]["Properties"]["FunctionName"]["Ref"],
            parameter
        );
    }
    let lint = python()
        .args([".venv/bin/cfn-lint", "deploy/rest-api/template.yaml"])
        .current_dir(project::root())
        .output()
        .unwrap();
    assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
}

/// Whether `tools/smoke` passes with this token, and what it prints.
async fn smoke(url: &str, token: Option<String>) -> (bool, String) {
    let mut smoke = Command::new(project::root().join("tools/smoke"));
    smoke.env("API_URL", url).env_remove("DYNABIND_JWT").envs(token.map(|token| ("DYNABIND_JWT", token)));
    let output = tokio::task::spawn_blocking(move || smoke.output().unwrap()).await.unwrap();
    (output.status.success(), String::from_utf8(output.stdout).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_smoke_test_passes_for_a_good_stack_and_fails_for_a_bad_one() {
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let token = stack.token_for("carl@contoso");
    let (passed, told) = smoke(stack.url(), None).await;
    assert!(passed && told.matches("401 (no token)").count() == 3 && told.contains("skip"), "{told}");
    let (passed, told) = smoke(stack.url(), Some(token.clone())).await;
    assert!(passed && told.contains("GET /datasets 200 (a token)") && told.contains("may bind"), "{told}");
    assert!(!told.contains(&token));
    let (passed, told) = smoke(stack.url(), Some(format!("{token}x"))).await;
    assert!(!passed && told.contains("FAIL  GET /datasets 401 instead of 200"), "{told}");
    let (passed, told) = smoke("http://127.0.0.1:9", None).await;
    assert!(!passed && told.matches("000 instead of 401").count() == 3, "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_smoke_test_passes_for_a_caller_without_datasets() {
    let catalog = json!({ "reports": {}, "datasets": {}, "tenants": { "contoso": { "grants": [] } } });
    let stack = Stack::start(StackOptions { catalog: Some(catalog), ..StackOptions::default() }).await.unwrap();
    let (passed, told) = smoke(stack.url(), Some(stack.token_for("carl@contoso"))).await;
    assert!(passed && told.contains("may bind 0 datasets; 0 reports"), "{told}");
}
