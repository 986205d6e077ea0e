//! The documents agree with the project: links, tests, log fields, runbooks.

use std::collections::BTreeSet;
use std::path::Path;

use acceptance::project;
use dynabind::http::Code;
use dynabind::http::metrics::{self, Dimensions};
use dynabind::settings::{Settings, Variable};

const OPERATIONS: &str = "docs/operations.md";

/// The path of every document, from the workspace's root.
fn documents() -> Vec<String> {
    let of_root = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"];
    let mut found: Vec<String> = of_root.map(str::to_owned).into();
    for entry in std::fs::read_dir(project::root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            found.push(format!("docs/{name}"));
        }
    }
    found
}

/// A text without its code blocks.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// The targets of a document's links within the repository.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).map(str::to_owned).collect()
}

/// The anchors of a document, which come from its headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim())).collect()
}

fn anchor(heading: &str) -> String {
    let lower = heading.to_lowercase().replace(' ', "-");
    lower.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

/// The text between a heading and the next one.
fn section(document: &str, heading: &str) -> String {
    let text = project::text(document);
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{document}: no `{heading}`"));
    rest.split("\n#").next().unwrap().to_owned()
}

/// The texts in backticks in the first column of the section's table.
fn first_column(section: &str) -> BTreeSet<String> {
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.flat_map(|row| row.split(" | ").next().unwrap().split('`').skip(1).step_by(2));
    cells.map(str::to_owned).collect()
}

#[test]
fn every_link_has_a_target() {
    let mut broken = Vec::new();
    for document in documents() {
        let folder = Path::new(&document).parent().unwrap();
        for link in links(&project::text(&document)) {
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() { document.clone().into() } else { folder.join(path) };
            let there = project::root().join(&target).exists()
                && (anchor.is_empty() || anchors(&project::text(&target)).contains(anchor));
            if !there {
                broken.push(format!("{document}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn the_readme_lists_every_setting_of_the_code() {
    let listed = first_column(&section("README.md", "## Settings"));
    let listed: BTreeSet<_> = listed.iter().map(String::as_str).filter(|name| name.starts_with("DYNABIND_")).collect();
    let read = Settings::variables().into_iter().filter(|variable| variable.name.starts_with("DYNABIND_"));
    let read: Vec<_> = read.collect();
    assert_eq!(listed, read.iter().map(|variable| variable.name).collect());
    for Variable { name, default } in read {
        let row = format!("| `{name}` | `{}` |", default.clone().unwrap_or_default());
        assert!(default.is_none() || project::text("README.md").contains(&row), "the README does not say {row}");
    }
}

#[test]
fn every_test_that_security_names_exists() {
    let text = project::text("docs/security.md");
    let named: BTreeSet<_> = text.split('`').skip(1).step_by(2).filter(|code| code.contains(".rs::")).collect();
    assert!(named.len() > 40, "{named:?}");
    for name in named {
        let (path, function) = name.split_once("::").unwrap();
        let source = project::text(path);
        let (before, _) = source.split_once(&format!("fn {function}(")).unwrap_or_else(|| panic!("no test {name}"));
        let attribute = before
            .trim_end()
            .trim_end_matches("async")
            .lines()
            .map(str::trim)
            .rfind(|line| !line.is_empty())
            .unwrap_or_default();
        let is_test = ["#[test]", "#[tokio::test]", "#[tokio::test("].iter().any(|start| attribute.starts_with(start));
        assert!(is_test, "{name} is not a test");
    }
}

#[test]
fn every_threat_has_a_test() {
    let text = project::text("docs/security.md");
    let threats = text.split("\n## ").find(|part| part.starts_with("Threats")).unwrap();
    let rows: Vec<_> = threats.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| threat")).collect();
    assert!(rows.len() > 30, "{}", rows.len());
    for row in rows {
        assert!(row.rsplit(" | ").next().unwrap().contains(".rs::"), "{row}");
    }
}

/// The field names in a source of the log line that begins with `start`.
fn fields_of_source(path: &str, start: &str) -> BTreeSet<String> {
    let source = project::text(path);
    let (_, rest) = source.split_once(start).unwrap();
    let (body, _) = rest.split_once(");\n").unwrap();
    let mut fields: BTreeSet<String> = ["timestamp", "level", "message"].map(str::to_owned).into();
    for line in body.lines() {
        let line = line.trim();
        let name = line.split_once(" = ").map(|(name, _)| name).or_else(|| line.strip_suffix(','));
        fields.extend(name.filter(|name| name.chars().all(|c| c.is_lowercase() || c == '_')).map(str::to_owned));
    }
    fields
}

/// The fields that every line has, those of `RequestLine`, and the one that defines the metrics.
fn fields_of_the_request_line() -> BTreeSet<String> {
    let source = project::text("shared/src/http/log.rs");
    let (_, rest) = source.split_once("struct RequestLine<'r> {").unwrap();
    let (body, _) = rest.split_once("\n}").unwrap();
    let names = body.lines().filter_map(|line| line.split_once(": ")).map(|(name, _)| name.trim());
    let names = names.filter(|name| name.chars().all(|c| c.is_lowercase() || c == '_') && *name != "metrics");
    names.chain(["timestamp", "level", "_aws"]).map(str::to_owned).collect()
}

#[test]
fn the_log_fields_are_those_of_the_code() {
    let request = fields_of_the_request_line();
    assert!(request.contains("faults") && request.contains("correlation_id"), "{request:?}");
    assert_eq!(first_column(&section(OPERATIONS, "### The request line")), request);
    let of_audit = |start| {
        let fields = fields_of_source("shared/src/embedding/audit.rs", start).into_iter();
        fields.chain(["audit".to_owned()]).collect::<BTreeSet<_>>()
    };
    let without =
        |more: &BTreeSet<String>, fewer: &BTreeSet<String>| more.difference(fewer).cloned().collect::<Vec<_>>();
    let of_embed_tokens = of_audit("audit = \"embed-token\",");
    let of_refusals = of_audit("audit = \"embed-token-refused\",");
    assert_eq!(without(&of_embed_tokens, &of_refusals), ["expiration", "origin", "token_id"], "as the page says it");
    assert_eq!(without(&of_refusals, &of_embed_tokens), ["upstream_code"], "as the page says it");
    let of_user_tokens = of_audit("audit = \"user-token\",");
    let of_the_token =
        ["editable_reports", "effective_identity", "identities", "origin", "profile", "target_workspaces", "token_id"];
    assert_eq!(without(&of_embed_tokens, &of_user_tokens), of_the_token, "as the page says it");
    assert!(of_user_tokens.is_subset(&of_embed_tokens));
    let of_no_token = of_audit("audit = \"no-token\",");
    assert_eq!(without(&of_user_tokens, &of_no_token), ["expiration"], "as the page says it");
    assert!(of_no_token.is_subset(&of_user_tokens));
    let of_all: BTreeSet<_> = of_embed_tokens.union(&of_refusals).cloned().collect();
    let section = section(OPERATIONS, "### The audit line");
    assert_eq!(first_column(&section), of_all);
    for kind in kinds_of_audit() {
        assert!(section.contains(&format!("\n- `{kind}`: ")), "docs/operations.md does not explain `{kind}`");
    }
}

/// The values of `audit` in the code.
fn kinds_of_audit() -> BTreeSet<String> {
    let source = project::text("shared/src/embedding/audit.rs");
    let kinds = source.split("audit = \"").skip(1).filter_map(|rest| rest.split('"').next());
    kinds.map(str::to_owned).collect()
}

/// The page must stay short, so that a reader finds the place of a behaviour quickly.
#[test]
fn the_architecture_page_is_short_and_its_paths_exist() {
    let text = project::text("ARCHITECTURE.md");
    assert!(text.lines().count() <= 130, "{} lines", text.lines().count());
    let named = text.split('`').skip(1).step_by(2).filter(|code| !code.contains([' ', ':', '{', '*']));
    let named: Vec<_> = named.filter(|code| code.contains('/') && !code.starts_with('/')).collect();
    assert!(named.len() > 50, "{named:?}");
    // A module is named without its extension, a folder of another crate by its place in that crate.
    let folders = [
        "",
        "shared/src",
        "shared/src/http",
        "shared/src/embedding",
        "shared/src/domain",
        "cli",
        "preflight/src",
        "devstack/src",
        "spa",
        "spa/packages/react",
    ];
    for path in named {
        let is_there = |extension: &&str| {
            let file = format!("{path}{extension}");
            folders.iter().any(|folder| project::root().join(folder).join(&file).exists())
        };
        assert!(["", ".rs"].iter().any(is_there), "no `{path}`");
    }
}

#[test]
fn the_architecture_page_names_every_module_of_shared() {
    let modules = section("ARCHITECTURE.md", "## Folders");
    let (_, modules) = modules.split_once("Modules of `shared/src`").unwrap();
    let named = first_column(modules);
    for entry in std::fs::read_dir(project::root().join("shared/src")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.strip_suffix(".rs").unwrap_or(&name);
        assert!(module == "lib" || named.contains(module), "no `{module}`");
    }
}

#[test]
fn the_metrics_are_those_of_the_code() {
    let made: BTreeSet<_> = metrics::all().map(|metric| metric.name.to_owned()).collect();
    let section = section(OPERATIONS, "### Metrics");
    assert_eq!(first_column(&section), made);
    let per_route = metrics::all().filter(|metric| metric.dimensions == Dimensions::Route).count() * 4;
    let arithmetic = format!("{} + {} problems", made.len() - 1 + per_route, Code::ALL.len());
    assert!(project::text(OPERATIONS).contains(&arithmetic), "docs/operations.md lacks their price: {arithmetic}");
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        for metric in metrics::all().filter(|metric| cells[0].contains(&format!("`{}`", metric.name))) {
            assert_eq!(cells[1], metric.unit, "{row}");
            let named =
                [("route", Dimensions::Route), ("problem", Dimensions::Problem), ("Report", Dimensions::Report)];
            let named = named.iter().find(|(name, _)| cells[2].contains(name)).map(|(_, dimensions)| *dimensions);
            assert_eq!(named.unwrap_or(Dimensions::None), metric.dimensions, "{row}");
        }
    }
}

#[test]
fn the_queries_name_fields_that_exist() {
    let known = ["request", "audit"].map(|line| first_column(&section(OPERATIONS, &format!("### The {line} line"))));
    let known: BTreeSet<_> = known.into_iter().flatten().collect();
    let queries = section(OPERATIONS, "### Queries");
    for line in queries.split("```").skip(1).step_by(2).flat_map(str::lines) {
        let Some(fields) = line.split_once("fields ").map(|(_, rest)| rest) else { continue };
        for field in fields.split(',').map(str::trim) {
            let start_up = field == "place";
            assert!(start_up || field == "@timestamp" || known.contains(field), "{line}: {field}");
        }
    }
}

#[test]
fn every_problem_has_a_runbook() {
    let text = project::text(OPERATIONS);
    for code in Code::ALL {
        let section = section(OPERATIONS, &format!("### `{}`", code.as_str()));
        assert!(section.contains(&format!("{}", code.status().as_u16())), "{code:?}");
    }
    let runbooks = text.lines().filter(|line| line.starts_with("### `")).count();
    assert_eq!(runbooks, Code::ALL.len(), "a runbook for an unknown problem");
}

/// GitHub refuses a workflow as a whole if it is not YAML, or if a step does nothing.
#[test]
fn each_step_of_a_workflow_runs_something() {
    for entry in std::fs::read_dir(project::root().join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        let workflow = project::yaml(path.to_str().unwrap());
        for (name, job) in workflow["jobs"].as_object().expect("jobs") {
            assert!(job["runs-on"].is_string(), "{name} of {}", path.display());
            for step in job["steps"].as_array().expect("steps") {
                assert!(step["uses"].is_string() != step["run"].is_string(), "{step} of {}", path.display());
            }
        }
    }
}

#[test]
fn workflows_name_each_action_by_its_commit() {
    for entry in std::fs::read_dir(project::root().join(".github/workflows")).unwrap() {
        let path = entry.unwrap().path();
        let text = project::text(&path);
        assert!(
            text.contains("\npermissions:\n  contents: read\n"),
            "{}: the workflow may do more than read",
            path.display()
        );
        for action in text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, action)| action) {
            let commit = action.split(['@', ' ']).nth(1).unwrap_or_default();
            assert!(commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit()), "{action}");
        }
    }
}

/// The requirements of a file for pip, each with its options on one line.
fn requirements(path: &str) -> Vec<String> {
    let text = project::text(path).replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_release_job_installs_only_hashed_python_packages() {
    let workflow = project::text(".github/workflows/release.yml");
    let installs: Vec<_> = workflow.lines().filter(|line| line.contains("pip install")).collect();
    assert_eq!(installs.len(), 1, "{installs:?}");
    for option in ["--require-hashes", "--only-binary :all:", "--requirement requirements-release.txt"] {
        assert!(installs[0].contains(option), "{option}: {}", installs[0]);
    }
    assert!(!workflow.contains("requirements-dev.txt") && !workflow.contains("make setup"));
    let development = requirements("requirements-dev.txt");
    let release = requirements("requirements-release.txt");
    assert!(!release.is_empty());
    for requirement in release {
        let (pinned, hashes) = requirement.split_once(" --hash=sha256:").expect("a hash");
        let hashes: Vec<_> = hashes.split("--hash=sha256:").map(str::trim).collect();
        assert_eq!(hashes.len(), 2, "one hash for each runner: {requirement}");
        let is_hash = |hash: &&str| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
        assert!(hashes.iter().all(is_hash), "{requirement}");
        assert!(development.contains(&pinned.trim().to_owned()), "{pinned} is not what the tests use");
    }
}

#[test]
fn releases_carry_build_provenance() {
    let workflow = project::text(".github/workflows/release.yml");
    let (build, publish) = workflow.split_once("\n  publish:\n").unwrap();
    assert!(!build.contains("id-token") && !build.contains("attestations"), "the job that builds may not sign");
    for line in ["id-token: write", "attestations: write", "uses: actions/attest-build-provenance@"] {
        assert!(publish.contains(line), "{line}");
    }
    let (before, after) = publish.split_once("actions/attest-build-provenance@").unwrap();
    assert!(
        before.contains("SHA256SUMS") && after.contains("subject-path: release/*"),
        "every file, checksums included"
    );
    assert!(after.contains("gh release create"), "the release is published after it is signed");
}

/// The number of a constant such as `const MAX_KEPT: usize = 4 * 1024;`.
fn constant(path: &str, name: &str) -> usize {
    let source = project::text(path);
    let declaration = format!("const {name}: usize = ");
    let (_, rest) = source.split_once(&declaration).unwrap_or_else(|| panic!("{path} has no {name}"));
    let factors = rest.split(';').next().unwrap().split('*');
    factors.map(|factor| factor.trim().replace('_', "").parse::<usize>().unwrap()).product()
}

#[test]
fn the_bounds_of_memory_are_those_of_the_code() {
    let section = section("docs/security.md", "## What one caller and one tenant can exhaust");
    let rows: Vec<_> = section.lines().filter(|line| line.contains(".rs`, `MAX_")).collect();
    assert!(rows.len() >= 7, "{rows:?}");
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let named: Vec<_> = cells[2].split('`').skip(1).step_by(2).collect();
        assert_eq!(cells[1].replace(',', ""), constant(named[0], named[1]).to_string(), "{row}");
    }
}
