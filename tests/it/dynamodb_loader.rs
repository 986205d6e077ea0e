//! The loader: it moves a catalog into a table and out of it.

use acceptance::dynamodb::{DynamoDb, DynamoDbFake, TABLE, file_of};
use acceptance::project;
use devstack::{Service, Stack, StackOptions};
use dynabind_cli::catalog::{LoaderError, Verdict};
use serde_json::{Value, json};

fn demo() -> Value {
    project::json("devstack/demo/catalog.json")
}

fn without_schema(mut catalog: Value) -> Value {
    catalog.as_object_mut().unwrap().remove("$schema");
    catalog
}

#[tokio::test]
async fn what_was_pushed_is_pulled_and_pushing_it_again_writes_nothing() {
    for fake in DynamoDbFake::ALL {
        let database = DynamoDb::start(fake).await;
        database.push(file_of(&demo()).path()).await;
        let pulled = database.pull().await;
        assert_eq!(serde_json::from_str::<Value>(&pulled).unwrap(), without_schema(demo()));
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        database.loader("pull", &["--file", path]).await.unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), pulled);
        let said = database.push(file.path()).await;
        assert_eq!(
            said,
            "0 reports and datasets and 0 tenants to write, 0 tenants and 0 reports and datasets to delete\n"
        );
        assert_eq!(database.loader("diff", &["--file", path]).await.unwrap(), (Verdict::Good, String::new()));
        assert_eq!(database.pull().await, pulled, "{fake:?}");
    }
}

#[tokio::test]
async fn a_push_writes_changes_and_deletes_removed_entries() {
    let mut catalog = demo();
    catalog["datasets"]["contoso-plan"]["name"] = json!("Plan");
    catalog["reports"]["new"] = catalog["reports"]["ops"].clone();
    catalog["tenants"].as_object_mut().unwrap().remove("fabrikam");
    catalog["datasets"].as_object_mut().unwrap().remove("fabrikam-sales");
    for fake in DynamoDbFake::ALL {
        let database = DynamoDb::start(fake).await;
        database.push(file_of(&demo()).path()).await;
        let before = database.keys().await;
        let file = file_of(&catalog);
        let path = file.path().to_str().unwrap();
        let (verdict, dry) = database.loader("push", &["--dry-run", "--file", path]).await.unwrap();
        assert_eq!((verdict, database.keys().await), (Verdict::Good, before), "a dry run writes nothing");
        let (verdict, diff) = database.loader("diff", &["--file", path]).await.unwrap();
        assert_eq!(verdict, Verdict::Bad);
        assert!(dry.starts_with(&diff), "{dry}");
        let heads: Vec<_> = diff.lines().filter(|line| !line.starts_with(' ')).collect();
        let expected = [
            "+ report new",
            "~ dataset contoso-plan",
            "~ tenant contoso (what it names changes)",
            "- tenant fabrikam",
            "- dataset fabrikam-sales",
        ];
        assert_eq!(heads, expected, "{diff}");
        let said = database.push(file.path()).await;
        let summary = "2 reports and datasets and 1 tenants to write, 1 tenants and 2 reports and datasets to delete";
        assert!(said.starts_with(summary), "{said}");
        assert_eq!(serde_json::from_str::<Value>(&database.pull().await).unwrap(), without_schema(catalog.clone()));
        let entries = catalog["reports"].as_object().unwrap().len() + catalog["datasets"].as_object().unwrap().len();
        assert_eq!(database.keys().await.len(), entries + 1, "one item each, {fake:?}");
    }
}

/// A table of an earlier version, or of another program, has no copies.
#[tokio::test]
async fn a_push_adds_the_copies_that_a_tenant_lacks() {
    let database = DynamoDb::start(DynamoDbFake::Dynalite).await;
    database.push(file_of(&demo()).path()).await;
    let entry = database.attribute("TENANT#contoso", "entry").await;
    let versions = database.attribute("TENANT#contoso", "versions").await;
    database.put("TENANT#contoso", &[("entry", &entry), ("versions", &versions)]).await;
    let file = file_of(&demo());
    let path = file.path().to_str().unwrap();
    let (verdict, diff) = database.loader("diff", &["--file", path]).await.unwrap();
    assert_eq!((verdict, diff.as_str()), (Verdict::Bad, "~ tenant contoso (its copies of entries change)\n"));
    let said = database.push(file.path()).await;
    assert!(said.starts_with("0 reports and datasets and 1 tenants to write"), "{said}");
    assert_eq!(database.loader("diff", &["--file", path]).await.unwrap(), (Verdict::Good, String::new()));
}

#[tokio::test]
async fn a_push_continues_where_another_one_stopped() {
    let database = DynamoDb::start(DynamoDbFake::Dynalite).await;
    database.push(file_of(&demo()).path()).await;
    let sales = database.key("REPORT#sales#").await;
    let entry = database.attribute(&sales, "entry").await;
    database.put("REPORT#sales#of-a-push-that-stopped", &[("entry", &entry)]).await;
    let half_way = database.loader("pull", &[]).await.unwrap_err();
    assert!(matches!(half_way, LoaderError::HalfWay { .. }), "{half_way}");
    let said = database.push(file_of(&demo()).path()).await;
    assert!(said.contains("1 reports and datasets to delete"), "{said}");
    assert_eq!(database.key("REPORT#sales#").await, sales);
    let pulled: Value = serde_json::from_str(&database.pull().await).unwrap();
    assert_eq!(pulled, without_schema(demo()));
}

#[tokio::test]
async fn nothing_is_written_from_a_faulty_file_or_into_a_foreign_table() {
    let database = DynamoDb::start(DynamoDbFake::Dynalite).await;
    let mut broken = demo();
    broken["tenants"]["contoso"]["grants"][0]["reports"] = json!(["nope"]);
    broken["reports"]["sales"]["color"] = json!("red");
    let file = file_of(&broken);
    let path = file.path().to_str().unwrap();
    for (command, more) in [("push", "--yes"), ("push", "--dry-run")] {
        let (verdict, said) = database.loader(command, &[more, "--file", path]).await.unwrap();
        assert_eq!(verdict, Verdict::Bad);
        for pointer in ["#/reports/sales/color: ", "#/tenants/contoso/grants/0/reports/0: "] {
            assert!(said.contains(pointer), "{said}");
        }
    }
    assert!(database.keys().await.is_empty());

    let good = file_of(&demo());
    let path = good.path().to_str().unwrap();
    let unasked = database.loader("push", &["--file", path]).await.unwrap_err();
    assert!(matches!(unasked, LoaderError::NobodyToAsk), "{unasked}");

    database.put("USER#1", &[("name", "somebody")]).await;
    let foreign = database.loader("push", &["--yes", "--file", path]).await.unwrap_err();
    assert!(foreign.to_string().contains("`USER#1`") && foreign.to_string().contains(TABLE), "{foreign}");
    assert_eq!(database.keys().await, ["USER#1"]);
}

#[tokio::test]
async fn a_table_with_faults_can_be_pulled_and_corrected() {
    let database = DynamoDb::start(DynamoDbFake::Dynalite).await;
    database.push(file_of(&demo()).path()).await;
    let sales = database.key("REPORT#sales#").await;
    database.put(&sales, &[("entry", "{\"name\":\"Sales\"}")]).await;
    let (verdict, text) = database.loader("pull", &[]).await.unwrap();
    assert_eq!(verdict, Verdict::Bad);
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["reports"]["sales"], json!({ "name": "Sales" }));
    database.put(&sales, &[("entry", "{")]).await;
    let broken = database.loader("pull", &[]).await.unwrap_err();
    assert!(broken.to_string().contains(&sales), "{broken}");
    database.push(file_of(&demo()).path()).await;
    assert_eq!(database.loader("pull", &[]).await.unwrap().0, Verdict::Good);
}

/// A push with `--check` moves no tenant to a binding that would not work.
#[tokio::test]
async fn a_checked_push_refuses_a_broken_binding() {
    let database = DynamoDb::start(DynamoDbFake::ALL[0]).await;
    let stack = Stack::start(StackOptions::default()).await.unwrap();
    let secret = file_of(&serde_json::from_str(&stack.stored_secret()).unwrap());
    let whole = demo();
    let mut catalog = json!({
        "reports": { "sales": whole["reports"]["sales"] }, "datasets": { "plan": whole["datasets"]["contoso-plan"] },
        "tenants": { "contoso": { "grants": [{ "reports": ["sales"], "datasets": ["plan"] }] } },
    });
    let push = async |catalog: &Value| {
        let (file, secret) = (file_of(catalog), secret.path().to_str().unwrap());
        let [entra, powerbi] = [Service::Entra, Service::PowerBi].map(|service| stack.upstream_url(service));
        let arguments = [
            &["--yes", "--check", "--file", file.path().to_str().unwrap(), "--secret", secret][..],
            &["--entra-url", entra, "--powerbi-url", powerbi, "--fabric-url", "http://127.0.0.1:9"],
        ];
        database.loader("push", &arguments.concat()).await.unwrap()
    };
    let (verdict, said) = push(&catalog).await;
    assert_eq!(verdict, Verdict::Good, "{said}");
    let before = database.pull().await;
    catalog["datasets"]["plan"]["datasetId"] = whole["datasets"]["contoso-archive"]["datasetId"].clone();
    let (verdict, said) = push(&catalog).await;
    assert_eq!(verdict, Verdict::Bad);
    assert!(said.contains("[dataset-not-found]") && said.contains("nothing is written"), "{said}");
    assert_eq!(database.pull().await, before);
}
