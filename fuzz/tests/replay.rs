//! A replay of the corpus, without a fuzzer.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The inputs of a target. The target `event` also has the events of the acceptance tests.
fn corpus(target: &str) -> Vec<PathBuf> {
    let own = root().join("corpus").join(target);
    let lent = (target == "event").then(|| root().join("../tests/fixtures/events"));
    let files = [own].into_iter().chain(lent).flat_map(|folder| std::fs::read_dir(folder).unwrap());
    files.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_input_of_the_corpus_passes() {
    let mut failing = Vec::new();
    for (target, _) in fuzz::TARGETS {
        let inputs = corpus(target);
        assert!(inputs.len() >= 5, "{target}: {} inputs", inputs.len());
        for input in inputs {
            let bytes = std::fs::read(&input).unwrap();
            if std::panic::catch_unwind(|| fuzz::run(target, &bytes)).is_err() {
                failing.push(input.display().to_string());
            }
        }
    }
    assert!(failing.is_empty(), "these inputs fail:\n{}", failing.join("\n"));
    let seen = fuzz::gateway::seen();
    for (function, statuses) in [
        ("token", &[200, 400, 401, 403, 405, 415][..]),
        ("config", &[200, 400, 401, 403, 405, 415, 502, 503]),
        ("datasets", &[200, 400, 401, 403, 405]),
    ] {
        assert!(statuses.iter().all(|status| seen.contains(&(function, *status))), "{function}: {seen:?}");
    }
}

/// The fuzzer would silently skip a target without a file.
#[test]
fn every_target_is_built_for_the_fuzzer() {
    let names: BTreeSet<_> = fuzz::TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let manifest = std::fs::read_to_string(root().join("libfuzzer/Cargo.toml")).unwrap();
    let built: BTreeSet<_> =
        manifest.split("\n[[bin]]\nname = \"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect();
    assert_eq!(built, names);
    for name in names {
        let source = std::fs::read_to_string(root().join(format!("libfuzzer/targets/{name}.rs"))).unwrap();
        assert!(source.contains(&format!("\"{name}\"")), "{name} runs another target");
    }
}

/// A mutator that does not change its input would be useless.
#[test]
fn json_is_changed_into_other_json() {
    let input = br#"{"a":[1,{"b":"text"}],"c":"{\"d\":null}"}"#;
    let changed: BTreeSet<_> = (0..500).filter_map(|seed| fuzz::mutate::changed(input, seed)).collect();
    assert!(changed.len() > 300, "{}", changed.len());
    assert!(changed.iter().all(|json| serde_json::from_slice::<serde_json::Value>(json).is_ok()));
    assert_eq!(fuzz::mutate::changed(b"no json", 1), None);
}
