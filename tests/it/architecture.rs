//! The structure of the source: which modules may use which other modules, and the maximum length of a file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use acceptance::imports::Crate;
use acceptance::project;

/// The modules of the shared crate, top down, each with the modules that it may use.
///
/// `app` is the composition root, so it may use everything below it. `embedding` uses the ports and not the clients that
/// implement them (`entra`, `powerbi`, `secrets`).
const MAY_USE: &[(&str, &[&str])] = &[
    (
        "app",
        &[
            "catalog",
            "clock",
            "embedding",
            "entra",
            "validation",
            "http",
            "ports",
            "powerbi",
            "request",
            "secrets",
            "settings",
            "spans",
            "store",
            "sts",
            "telemetry",
            "token_table",
            "upstream",
        ],
    ),
    (
        "http",
        &[
            "cache",
            "clock",
            "domain",
            "embedding",
            "gateway",
            "json",
            "request",
            "settings",
            "spans",
            "telemetry",
            "upstream",
        ],
    ),
    ("embedding", &["cache", "clock", "domain", "ports", "request", "settings", "store", "timestamp", "upstream"]),
    ("store", &["clock", "domain", "ports", "request", "settings", "upstream"]),
    ("token_table", &["aws", "ports", "request", "settings", "upstream"]),
    ("entra", &["cache", "clock", "domain", "ports", "request", "secrets", "settings", "upstream"]),
    ("powerbi", &["clock", "domain", "ports", "request", "upstream"]),
    ("secrets", &["aws", "cache", "clock", "domain", "json", "ports", "request", "settings", "sts", "upstream"]),
    ("sts", &["aws", "clock", "domain", "request", "settings", "upstream"]),
    ("catalog", &["aws", "cache", "clock", "domain", "validation", "json", "ports", "request", "settings", "upstream"]),
    ("aws", &["request", "settings", "upstream"]),
    ("ports", &["domain", "request", "upstream"]),
    ("spans", &["clock", "validation", "request", "settings", "upstream"]),
    ("telemetry", &["clock", "timestamp"]),
    ("upstream", &["cache", "validation", "request"]),
    ("settings", &["validation"]),
    ("cache", &[]),
    ("request", &["cache"]),
    ("domain", &["gateway"]),
    ("gateway", &[]),
    ("json", &[]),
    ("clock", &[]),
    ("timestamp", &[]),
    ("validation", &[]),
];

/// The maximum length of a source file, and of the entry point of a function, in lines.
const FILE_LIMIT: usize = 400;
const MAIN_LIMIT: usize = 30;

/// Whether a source is built for unit tests only. The rules do not apply to such sources.
fn is_for_unit_tests(path: &Path) -> bool {
    path.file_stem().is_some_and(|name| name == "tests" || name == "fixtures")
}

/// A source without its comments and unit tests, to which the rules do not apply.
fn code(path: &Path) -> String {
    if path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs") {
        return String::new();
    }
    let text = project::text(path);
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The module of the shared crate that a file belongs to: `shared/src/entra/wire.rs` to `entra`.
fn module(path: &Path) -> String {
    let inner = path.strip_prefix("shared/src").unwrap();
    let first = inner.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules that a source names after `crate::`, also in braces.
fn uses(code: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for tail in code.split("crate::").skip(1) {
        if let Some(group) = tail.strip_prefix('{') {
            names.extend(group_heads(group));
        } else {
            names.insert(head(tail));
        }
    }
    names
}

/// The first name of each item of the `use` group at the start of `text`.
fn group_heads(text: &str) -> Vec<String> {
    let mut heads = Vec::new();
    let mut depth = 1;
    let mut at_start = true;
    for (index, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => at_start = true,
            c if at_start && !c.is_whitespace() => {
                heads.push(head(&text[index..]));
                at_start = false;
            }
            _ => {}
        }
    }
    heads
}

fn head(path: &str) -> String {
    path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn grouped_imports_are_read() {
    let code = "use crate::{clock::{Clock, Other}, validation::ValidationError,\n    json};\nuse crate::ports::Port;";
    let found: Vec<_> = uses(code).into_iter().collect();
    assert_eq!(found, ["clock", "json", "ports", "validation"]);
}

#[test]
fn modules_of_shared_use_only_modules_below_them() {
    let rules: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut faults = Vec::new();
    for path in project::sources("shared/src").into_iter().filter(|path| !is_for_unit_tests(path)) {
        let module = module(&path);
        if module == "lib" {
            continue;
        }
        let Some(allowed) = rules.get(module.as_str()) else {
            faults.push(format!("{}: module `{module}` has no rule in MAY_USE", path.display()));
            continue;
        };
        let code = code(&path);
        for used in uses(&code) {
            let fine = used == module || allowed.contains(&used.as_str());
            if !fine {
                faults.push(format!("{}: `{module}` may not use `{used}`", path.display()));
            }
        }
        if code.contains("super::super::") {
            faults.push(format!("{}: say `crate::` instead of `super::super::`", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_rules_have_no_cycle() {
    let rules: BTreeMap<_, _> = MAY_USE.iter().copied().collect();
    let mut settled: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = settled.len();
        for (module, uses) in &rules {
            if uses.iter().all(|used| settled.contains(used)) {
                settled.insert(module);
            }
        }
        if settled.len() == before {
            break;
        }
    }
    let cycle: Vec<_> = rules.keys().filter(|module| !settled.contains(*module)).collect();
    assert!(cycle.is_empty(), "these modules use one another in a cycle: {cycle:?}");
}

#[test]
fn no_files_use_one_another_in_a_circle() {
    for folder in ["shared/src", "devstack/src", "cli/src", "preflight/src"] {
        // A binary uses its library, which cannot use it.
        let sources = project::sources(folder).into_iter();
        let sources = sources.filter(|path| !path.ends_with("main.rs") && !is_for_unit_tests(path));
        let sources = sources.map(|path| (path.strip_prefix(folder).unwrap().to_owned(), project::text(&path)));
        let sources = Crate::of(sources);
        assert!(sources.uses().values().any(|used| !used.is_empty()), "{folder}: no imports are found");
        assert!(sources.circles().is_empty(), "{folder}: {:#?}", sources.circles());
    }
}

/// The packages that each package of the workspace depends on, tests included.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let text = |value: &serde_json::Value| value["name"].as_str().unwrap().to_owned();
    let packages = project::packages();
    let each = packages.iter().map(|package| {
        let dependencies = package["dependencies"].as_array().unwrap();
        (text(package), dependencies.iter().map(text).collect())
    });
    each.collect()
}

#[test]
fn packages_depend_downwards_only() {
    let all = dependencies();
    let ours: BTreeSet<_> = all.keys().map(String::as_str).collect();
    for (package, uses) in &all {
        let uses: BTreeSet<_> = uses.iter().map(String::as_str).filter(|name| ours.contains(name)).collect();
        let allowed: &[&str] = match package.as_str() {
            "dynabind" | "preflight" => &[],
            name if name.ends_with("-function") => &["dynabind"],
            "dynabind-cli" => &["dynabind", "preflight", "devstack"],
            "test-support" => &["dynabind"],
            "devstack" => &["dynabind", "token-function", "config-function", "datasets-function", "test-support"],
            _ => continue,
        };
        let stray: Vec<_> = uses.iter().filter(|name| !allowed.contains(name)).collect();
        assert!(stray.is_empty(), "{package} may not depend on {stray:?}");
    }
}

/// With different features, the tests that start real binaries would compile all dependencies again.
#[test]
fn cargo_test_and_cargo_build_use_the_same_features() {
    let features = |edges: &str| -> BTreeSet<String> {
        let tree =
            project::cargo(&["tree", "--workspace", "--prefix", "none", "--format", "{p} {f}", "--edges", edges]);
        tree.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
    };
    let (build, test) = (features("normal,build"), features("normal,build,dev"));
    let differing: Vec<_> = build.difference(&test).collect();
    assert!(differing.is_empty(), "a development dependency changes the features of {differing:?}");
}

/// With shared types, a wrong field name would be the same on both sides, and no test would fail.
#[test]
fn the_stand_ins_share_no_code_with_the_clients() {
    let stand_in = |path: &PathBuf| {
        let path = path.to_str().unwrap();
        ["entra", "powerbi", "fabric"].iter().any(|name| {
            path.starts_with(&format!("devstack/src/{name}.rs")) || path.starts_with(&format!("devstack/src/{name}/"))
        })
    };
    for path in project::sources("devstack/src").into_iter().filter(stand_in) {
        let code = project::text(&path);
        assert!(!code.contains("dynabind::"), "{} uses the code that it tests", path.display());
    }
}

#[test]
fn deployed_code_does_not_use_the_development_stack() {
    for folder in ["shared/src", "functions"] {
        for path in project::sources(folder) {
            assert!(!project::text(&path).contains("devstack"), "{} names devstack", path.display());
        }
    }
}

/// The stack's keys and passwords are public.
#[test]
fn the_development_stack_listens_only_on_loopback() {
    let mut listeners = 0;
    for path in project::sources("devstack/src") {
        let code = code(&path);
        assert!(!code.contains("UNSPECIFIED") && !code.contains("0.0.0.0"), "{}", path.display());
        for argument in code.split("Listener::bind(").skip(1) {
            assert!(argument.starts_with("(Ipv4Addr::LOCALHOST,"), "{}: {argument:.40}", path.display());
            listeners += 1;
        }
    }
    assert!(listeners > 0);
}

#[test]
fn only_one_file_reads_the_system_clock() {
    for folder in ["shared/src", "functions"] {
        for path in project::sources(folder) {
            let asks = code(&path).contains("SystemTime::now");
            let clock = path == Path::new("shared/src/clock.rs");
            assert_eq!(asks, clock, "{}: time is an argument, take a `Clock`", path.display());
        }
    }
}

#[test]
fn files_are_short() {
    for folder in ["functions", "shared", "cli", "preflight", "devstack", "test-support", "fuzz", "tests", "bench"] {
        for path in project::sources(folder) {
            let entry = folder == "functions" && path.ends_with("src/main.rs");
            let limit = if entry { MAIN_LIMIT } else { FILE_LIMIT };
            let lines = project::text(&path).lines().count();
            assert!(lines <= limit, "{}: {lines} lines, at most {limit}", path.display());
        }
    }
}
