//! The catalog in a DynamoDB table, tested through the functions.

use acceptance::dynamodb::{DynamoDb, DynamoDbFake, Proxy, SharedTables, TABLE, TableFault, file_of};
use acceptance::log_lines::LogLines;
use acceptance::project;
use acceptance::test_app::{TestApp, view};
use devstack::{Service, StackOptions};
use serde_json::{Value, json};
use tracing::Level;

const DEMO: &str = "devstack/demo/catalog.json";

fn demo() -> Value {
    project::json(DEMO)
}

/// The demo's catalog with entries that are too long to be copied into the items of tenants.
fn long_entries() -> Value {
    let mut catalog = demo();
    for kind in ["reports", "datasets"] {
        for entry in catalog[kind].as_object_mut().unwrap().values_mut() {
            entry["name"] = json!(format!("{}{}", entry["name"].as_str().unwrap(), " long".repeat(2000)));
        }
    }
    catalog
}

/// A database with this catalog, and an app that reads it through a proxy.
async fn open(fake: DynamoDbFake, catalog: &Value) -> (DynamoDb, Proxy, TestApp) {
    let database = DynamoDb::start(fake).await;
    database.push(file_of(catalog).path()).await;
    let proxy = Proxy::start(database.url()).await;
    let app = app_at(&proxy.url(), &[]).await;
    (database, proxy, app)
}

async fn app_at(url: &str, more: &[(&str, &str)]) -> TestApp {
    let catalog = format!("dynamodb:{TABLE}");
    let mut variables = vec![("DYNABIND_CATALOG", catalog.as_str()), ("AWS_ENDPOINT_URL_DYNAMODB", url)];
    variables.extend(more);
    TestApp::with_variables(&variables).await
}

/// The answers of an app to every user, without the fields that differ from request to request.
async fn all_answers(app: &TestApp) -> Vec<Value> {
    let mut answers = Vec::new();
    for user in ["ana@contoso", "carl@contoso", "frida@fabrikam", "quinn@contoso", "nils@northwind"] {
        let list = app.datasets(user, "").await;
        answers.push(json!([user, list.status, list.code(), list.body["reports"], list.body["datasets"]]));
        for (report, dataset) in [
            ("sales", "contoso-sales"),
            ("ops", "contoso-plan"),
            ("sales", "fabrikam-sales"),
            ("retired", "contoso-archive"),
            ("sales", "contoso-sales-by-cost-center"),
            ("sales", "nothing"),
        ] {
            for mode in ["view", "edit"] {
                let body = json!({ "bindings": [{ "report": report, "dataset": dataset, "mode": mode }] });
                let answer = app.config(user, body).await;
                let config = &answer.body["configs"][0];
                answers.push(json!([answer.status, answer.code(), config["id"], config["datasetBinding"]]));
            }
        }
    }
    let requests = app.token_requests();
    assert!(requests.len() > 5, "{requests:?}");
    answers.extend(requests);
    answers
}

#[tokio::test]
async fn a_table_gives_the_same_answers_as_a_file() {
    for catalog in [demo(), long_entries()] {
        let expected = all_answers(&TestApp::with_catalog(catalog.clone()).await).await;
        for fake in DynamoDbFake::ALL {
            let (_database, _proxy, app) = open(fake, &catalog).await;
            let answers = all_answers(&app).await;
            for (answer, expected) in answers.iter().zip(&expected) {
                assert_eq!(answer, expected, "{fake:?}");
            }
            assert_eq!(answers.len(), expected.len());
        }
    }
}

#[tokio::test]
async fn a_small_tenant_is_read_with_its_entries_in_one_read() {
    for fake in DynamoDbFake::ALL {
        let (_database, proxy, app) = open(fake, &demo()).await;
        for (user, dataset) in [
            ("ana@contoso", "contoso-sales"),
            ("carl@contoso", "contoso-plan"),
            ("frida@fabrikam", "fabrikam-sales"),
            ("frida@fabrikam", "fabrikam-sales"),
        ] {
            let _ = app.token(user, view("sales", dataset)).await.ok();
            assert_eq!(proxy.calls(), ["GetItem"], "{fake:?}: {user} {dataset}");
            app.clock.advance(std::time::Duration::from_secs(601));
        }
        let _ = app.datasets("ana@contoso", "").await.ok();
        assert_eq!(proxy.calls(), ["GetItem"], "{fake:?}: a list");
    }
}

#[tokio::test]
async fn without_copies_a_request_costs_two_reads_and_one_when_the_entries_are_known() {
    for fake in DynamoDbFake::ALL {
        let (_database, proxy, app) = open(fake, &long_entries()).await;
        let ask = async |user: &str, dataset: &str| {
            let _ = app.token(user, view("sales", dataset)).await.ok();
            proxy.calls()
        };
        assert_eq!(ask("ana@contoso", "contoso-sales").await, ["GetItem", "BatchGetItem"]);
        assert_eq!(ask("carl@contoso", "contoso-sales").await, ["GetItem"], "{fake:?}");
        assert_eq!(ask("carl@contoso", "contoso-plan").await, ["GetItem", "BatchGetItem"]);
        assert_eq!(ask("frida@fabrikam", "fabrikam-sales").await, ["GetItem", "BatchGetItem"]);
        app.clock.advance(std::time::Duration::from_secs(601));
        assert_eq!(ask("ana@contoso", "contoso-sales").await, ["GetItem", "BatchGetItem"], "entries are read again");
        app.token("nils@northwind", view("sales", "contoso-sales")).await.assert_problem(403, "not-entitled");
        app.token("carl@contoso", view("ops", "contoso-plan")).await.assert_problem(403, "not-entitled");
        assert_eq!(proxy.calls(), ["GetItem", "GetItem"], "entries that are not granted are not read");
    }
}

#[tokio::test]
async fn entries_beyond_one_batch_are_read_in_parallel() {
    let mut catalog = demo();
    let keys: Vec<_> = (0..150).map(|number| format!("d{number}")).collect();
    for key in &keys {
        catalog["datasets"][key] = catalog["datasets"]["contoso-plan"].clone();
    }
    catalog["tenants"]["fabrikam"]["grants"][0]["datasets"] = json!(keys);
    for fake in DynamoDbFake::ALL {
        let (_database, proxy, app) = open(fake, &catalog).await;
        let list = app.datasets("frida@fabrikam", "").await.ok();
        assert_eq!(list["datasets"].as_array().unwrap().len(), 150);
        assert_eq!(proxy.calls(), ["GetItem", "BatchGetItem", "BatchGetItem"]);
        let _ = app.datasets("frida@fabrikam", "").await.ok();
        assert_eq!(proxy.calls(), ["GetItem"], "{fake:?}");
    }
}

#[tokio::test]
async fn a_revoked_grant_is_gone_with_the_next_request() {
    let (database, _proxy, app) = open(DynamoDbFake::Dynalite, &demo()).await;
    let body = view("sales", "contoso-plan");
    let _ = app.token("carl@contoso", body.clone()).await.ok();
    let mut catalog = demo();
    catalog["tenants"]["contoso"]["grants"][0]["datasets"] = json!(["contoso-sales"]);
    database.push(file_of(&catalog).path()).await;
    app.token("carl@contoso", body).await.assert_problem(403, "not-entitled");
    catalog["tenants"].as_object_mut().unwrap().remove("contoso");
    database.push(file_of(&catalog).path()).await;
    app.token("carl@contoso", view("sales", "contoso-sales")).await.assert_problem(403, "not-entitled");
}

/// Two keys swap their meanings: an old grant with a new entry, or a new grant with an old entry, would show the other
/// tenant's data.
#[tokio::test]
async fn a_push_that_stops_halfway_mixes_no_versions() {
    mixes_no_versions(demo(), &["GetItem", "GetItem"]).await;
    mixes_no_versions(long_entries(), &["GetItem", "GetItem", "BatchGetItem"]).await;
}

async fn mixes_no_versions(old: Value, reads_after_the_push: &[&str]) {
    let contoso = old["datasets"]["contoso-sales"]["datasetId"].clone();
    let mut catalog = old.clone();
    let swapped = catalog["datasets"]["fabrikam-sales"].clone();
    catalog["datasets"]["fabrikam-sales"] = catalog["datasets"]["contoso-sales"].clone();
    catalog["datasets"]["contoso-sales"] = swapped;
    catalog["tenants"]["contoso"]["grants"][0]["datasets"] = json!(["fabrikam-sales"]);
    catalog["tenants"]["fabrikam"]["grants"][0]["datasets"] = json!(["contoso-sales"]);
    let (database, proxy, app) = open(DynamoDbFake::Dynalite, &old).await;
    let bound = async |dataset: &str| {
        let answer = app.config("carl@contoso", view("sales", dataset)).await;
        (answer.status, answer.body["configs"][0]["datasetBinding"]["datasetId"].clone())
    };
    assert_eq!(bound("contoso-sales").await, (200, contoso.clone()));

    // The new entries are written. The tenants are not written yet.
    let key = database.key("DATASET#contoso-sales#").await;
    let other = database.key("DATASET#fabrikam-sales#").await;
    let (entry, other_entry) = (database.attribute(&key, "entry").await, database.attribute(&other, "entry").await);
    let of = |key: &str, version: &str| format!("{}#{version}", key.rsplit_once('#').unwrap().0);
    database.put(&of(&key, other.rsplit_once('#').unwrap().1), &[("entry", &other_entry)]).await;
    database.put(&of(&other, key.rsplit_once('#').unwrap().1), &[("entry", &entry)]).await;
    assert_eq!(bound("contoso-sales").await, (200, contoso.clone()));
    app.clock.advance(std::time::Duration::from_secs(601));
    assert_eq!(bound("contoso-sales").await, (200, contoso.clone()), "read again, the binding is still the old one");
    assert_eq!(bound("fabrikam-sales").await.0, 403);

    // The rest of the push is written while the functions have the old entries cached.
    let said = database.push(file_of(&catalog).path()).await;
    assert!(said.starts_with("0 reports and datasets and 2 tenants to write"), "{said}");
    let _ = proxy.calls();
    assert_eq!(bound("contoso-sales").await.0, 403);
    assert_eq!(bound("fabrikam-sales").await, (200, contoso));
    assert_eq!(proxy.calls(), reads_after_the_push);
}

/// A copy is used only in the version that the tenant names, and only if it can be read.
#[tokio::test]
async fn a_copy_of_another_version_or_form_is_not_used() {
    let spoil = |tables: &SharedTables, spoil: fn(&str, &mut Value) -> Option<String>| {
        let mut tables = tables.lock();
        let tenant = tables.items(TABLE).find(|(key, _)| *key == "TENANT#contoso").unwrap().1;
        let copies = tenant["copies"]["M"].as_object_mut().unwrap();
        assert!(!copies.is_empty());
        let spoilt =
            std::mem::take(copies).into_iter().filter_map(|(key, mut copy)| Some((spoil(&key, &mut copy)?, copy)));
        *copies = spoilt.collect();
    };
    let ways: [fn(&str, &mut Value) -> Option<String>; 4] = [
        // A copy of another version, with another meaning.
        |key, copy| {
            *copy = json!({ "S": demo()["datasets"]["fabrikam-sales"].to_string() });
            Some(format!("{}#older", key.rsplit_once('#').unwrap().0))
        },
        |key, copy| {
            *copy = json!({ "S": "{\"name\": 7}" });
            Some(key.to_owned())
        },
        |key, copy| {
            *copy = json!({ "N": "7" });
            Some(key.to_owned())
        },
        |_, _| None,
    ];
    for way in ways {
        let tables = SharedTables::default().with_catalog(&demo());
        spoil(&tables, way);
        let mut options = StackOptions { table: Some(tables.router()), ..StackOptions::default() };
        options.variables.insert("DYNABIND_CATALOG".to_owned(), format!("dynamodb:{TABLE}"));
        let app = TestApp::with(options).await;
        let config = app.config("carl@contoso", view("sales", "contoso-sales")).await.ok();
        let expected = &demo()["datasets"]["contoso-sales"]["datasetId"];
        assert_eq!(&config["configs"][0]["datasetBinding"]["datasetId"], expected);
        let reads = app.stack.log().of(Service::DynamoDb).len();
        assert_eq!(reads, 2, "the entries' own items are read");
    }
}

#[tokio::test]
async fn a_missing_or_outdated_entry_is_granted_to_nobody() {
    for fake in DynamoDbFake::ALL {
        let (database, _proxy, app) = open(fake, &long_entries()).await;
        let key = database.key("DATASET#contoso-sales#").await;
        let entry = database.attribute(&key, "entry").await;
        database.delete(&key).await;
        database.put("DATASET#contoso-sales#older", &[("entry", &entry)]).await;
        let answer = app.token("ana@contoso", view("sales", "contoso-sales")).await;
        answer.assert_problem(403, "not-entitled");
        let _ = app.token("ana@contoso", view("sales", "contoso-plan")).await.ok();
        let list = app.datasets("carl@contoso", "").await.ok();
        let keys: Vec<_> = list["datasets"].as_array().unwrap().iter().map(|entry| &entry["dataset"]).collect();
        assert_eq!(keys, ["contoso-plan"], "{fake:?}");
    }
}

#[tokio::test]
async fn a_broken_item_fails_only_the_requests_that_need_it() {
    let log = LogLines::at(Level::INFO);
    let (database, _proxy, app) = open(DynamoDbFake::Dynalite, &long_entries()).await;
    let dataset = database.key("DATASET#contoso-sales#").await;
    let tenant = database.attribute("TENANT#contoso", "entry").await;
    let versions = database.attribute("TENANT#contoso", "versions").await;
    let wrong_mode = tenant.replace("\"edit\"", "\"own\"");
    for (key, attributes, place) in [
        (dataset.as_str(), vec![("entry", "{\"name\": 7}")], "entry#/name"),
        (dataset.as_str(), vec![("entry", "")], "entry#: this is not JSON"),
        (dataset.as_str(), vec![("text", "{}")], "no string attribute `entry`"),
        ("TENANT#contoso", vec![("entry", &wrong_mode), ("versions", &versions)], "entry#/grants/1/modes/1"),
        ("TENANT#contoso", vec![("entry", &tenant)], "no string attribute `versions`"),
        ("TENANT#contoso", vec![("entry", &tenant), ("versions", "{\"reports\": {}}")], "versions#"),
    ] {
        database.put(key, &attributes).await;
        let answer = app.token("ana@contoso", view("sales", "contoso-sales")).await;
        answer.assert_problem(502, "upstream-failed");
        assert!(answer.body["detail"].as_str().unwrap().starts_with("The catalog's table"), "{:#}", answer.body);
        let line = log.take_requests().pop().unwrap().to_string();
        for part in [TABLE, key, place, "ERROR"] {
            assert!(line.contains(part), "{part}: {line}");
        }
        let _ = app.token("frida@fabrikam", view("sales", "fabrikam-sales")).await.ok();
        database.push(file_of(&long_entries()).path()).await;
        let _ = app.token("ana@contoso", view("sales", "contoso-plan")).await.ok();
        app.clock.advance(std::time::Duration::from_secs(601));
    }
}

#[tokio::test]
async fn each_failure_of_the_table_has_its_problem() {
    let (_database, proxy, app) = open(DynamoDbFake::Dynalite, &demo()).await;
    let ask = async || app.token("ana@contoso", view("sales", "contoso-sales")).await;
    for (fault, expected, attempts) in [
        (TableFault::Error(400, "ProvisionedThroughputExceededException"), (503, "upstream-throttled"), 3),
        (TableFault::Error(400, "ThrottlingException"), (503, "upstream-throttled"), 3),
        (TableFault::Error(400, "RequestLimitExceeded"), (503, "upstream-throttled"), 3),
        (TableFault::Error(500, "InternalServerError"), (502, "upstream-failed"), 3),
        (TableFault::Garbage, (502, "upstream-failed"), 1),
        (TableFault::Error(400, "AccessDeniedException"), (502, "upstream-refused"), 1),
        (TableFault::Error(400, "ResourceNotFoundException"), (502, "upstream-failed"), 1),
        (TableFault::Error(400, "UnrecognizedClientException"), (502, "upstream-refused"), 1),
    ] {
        proxy.fault(fault.clone(), usize::MAX);
        let answer = ask().await;
        answer.assert_problem(expected.0, expected.1);
        assert_eq!(proxy.calls().len(), attempts, "{fault:?}");
        assert_eq!(answer.header("retry-after").is_empty(), expected.0 != 503, "{fault:?}");
        assert!(!answer.body.to_string().contains("message of AWS"), "{:#}", answer.body);
    }
    proxy.fault(TableFault::Error(400, "ThrottlingException"), 1);
    let _ = ask().await.ok();
    assert_eq!(proxy.calls(), ["GetItem", "GetItem"], "a single throttled call is retried");
}

#[tokio::test]
async fn unprocessed_keys_of_a_batch_are_read_again() {
    for fake in DynamoDbFake::ALL {
        let (_database, proxy, app) = open(fake, &long_entries()).await;
        let bindings = [("sales", "contoso-sales"), ("sales", "contoso-plan"), ("ops", "contoso-plan")];
        let bindings = bindings.map(|(report, dataset)| json!({ "report": report, "dataset": dataset }));
        let body = json!({ "bindings": bindings });
        proxy.fault(TableFault::Unprocessed, usize::MAX);
        let answer = app.token("ana@contoso", body.clone()).await;
        answer.assert_problem(503, "upstream-throttled");
        assert_eq!(proxy.calls(), ["GetItem", "BatchGetItem", "BatchGetItem", "BatchGetItem"]);
        proxy.fault(TableFault::Unprocessed, 2);
        let _ = app.token("ana@contoso", body).await.ok();
        assert_eq!(proxy.calls(), ["GetItem", "BatchGetItem", "BatchGetItem", "BatchGetItem"], "{fake:?}");
    }
}

#[tokio::test]
async fn a_table_that_cannot_be_reached_fails_closed() {
    let nobody = app_at("http://127.0.0.1:9", &[]).await;
    nobody.token("ana@contoso", view("sales", "contoso-sales")).await.assert_problem(502, "upstream-failed");

    let database = DynamoDb::start(DynamoDbFake::Dynalite).await;
    let proxy = Proxy::start(database.url()).await;
    proxy.fault(TableFault::Silence, usize::MAX);
    let silent = app_at(&proxy.url(), &[("DYNABIND_UPSTREAM_TIMEOUT_MS", "50")]).await;
    silent.token("ana@contoso", view("sales", "contoso-sales")).await.assert_problem(504, "upstream-timeout");

    let elsewhere = app_at(&database.url(), &[("DYNABIND_CATALOG", "dynamodb:no-such-table")]).await;
    elsewhere.token("ana@contoso", view("sales", "contoso-sales")).await.assert_problem(502, "upstream-failed");
    database.create_table("of-others", "id").await;
    let others = app_at(&database.url(), &[("DYNABIND_CATALOG", "dynamodb:of-others")]).await;
    others.token("ana@contoso", view("sales", "contoso-sales")).await.assert_problem(502, "upstream-failed");
}

/// A request costs the same with 100,000 tenants as with two.
#[tokio::test]
async fn a_request_costs_the_same_for_any_number_of_tenants() {
    let mut catalog = demo();
    for number in 0..1000 {
        catalog["datasets"][format!("d{number}")] = catalog["datasets"]["contoso-plan"].clone();
    }
    for number in 0..100_000 {
        let grant = json!({ "reports": ["sales", "ops"], "datasets": [format!("d{}", number % 1000)] });
        catalog["tenants"][format!("tenant-{number}")] = json!({ "grants": [grant] });
    }
    let started = tokio::time::Instant::now();
    let (_database, proxy, app) = open(DynamoDbFake::Dynalite, &catalog).await;
    let _ = app.token("ana@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(proxy.calls(), ["GetItem"]);
    let _ = app.token("ana@contoso", view("sales", "contoso-sales")).await.ok();
    assert_eq!(proxy.calls(), ["GetItem"]);
    println!("100,000 tenants pushed and requested in {:?}", started.elapsed());
}
