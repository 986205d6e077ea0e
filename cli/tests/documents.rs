//! docs/preflight.md, README.md and `--help` agree with the program.
#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

mod common;

use std::collections::BTreeSet;
use std::path::Path;

use clap::CommandFactory;
use common::Upstreams;
use devstack::fake_tenant::FakeTenant;
use dynabind_cli::Arguments;

const NUMBERS: [&str; 16] = [
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen",
];

fn document(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The run that a document shows: its arguments, and what it prints.
fn shown_run(path: &str) -> (Vec<String>, String) {
    let text = document(path);
    let (_, after) = text.split_once("```text\n$ dynabind ").unwrap();
    let (command, rest) = after.split_once('\n').unwrap();
    let command = command.replace(" --secret sp.json", "");
    let printed = rest.split("```").next().unwrap().to_owned();
    (command.split_whitespace().map(str::to_owned).collect(), printed)
}

/// Asserts that each paragraph of a document's run is printed, and that its numbers are right.
fn assert_printed(path: &str, shown: &str, printed: &str) {
    let findings = |text: &str| text.lines().filter(|line| line.starts_with('[') && !is_unchecked(line)).count();
    let mut left_out = 0;
    for paragraph in shown.split("\n\n").flat_map(|paragraph| split_of_lines(paragraph)) {
        if let Some(word) = paragraph.strip_prefix('(').and_then(|rest| rest.split_once(" more findings)")) {
            left_out = NUMBERS.iter().position(|number| *number == word.0).unwrap();
        } else if let Some((counts, calls)) = paragraph.split_once("; ").filter(|_| paragraph.contains(" calls (")) {
            assert!(printed.contains(&format!("\n{counts}; ")), "{path}: {counts}\n{printed}");
            assert!(calls.contains(" throttled) in ") && calls.ends_with(" s"), "{path}: {calls}");
        } else {
            assert!(
                printed.contains(paragraph.trim_end()),
                "{path} has a paragraph that is not printed:\n{paragraph}\n{printed}"
            );
        }
    }
    assert_eq!(findings(shown) + left_out, findings(printed), "{path}");
}

fn is_unchecked(line: &str) -> bool {
    line.starts_with("[not checked]")
}

/// Splits a text into paragraphs: a finding is one paragraph, and every other line is one.
fn split_of_lines(paragraph: &str) -> Vec<&str> {
    if paragraph.contains("\n  place ") { vec![paragraph] } else { paragraph.lines().collect() }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runs_of_the_documents_are_true() {
    let upstreams = Upstreams::with_fabric_of_the_stack(FakeTenant::demo()).await;
    for path in ["docs/preflight.md", "README.md"] {
        let (arguments, shown) = shown_run(path);
        let output = upstreams.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert_printed(path, &shown, &String::from_utf8(output.stdout).unwrap());
    }
    assert!(shown_run("README.md").1.lines().count() <= 10);
}

/// The long names of the options of a command and its subcommands.
fn options(command: &clap::Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter_map(|argument| Some(format!("--{}", argument.get_long()?)));
    own.chain(command.get_subcommands().flat_map(options)).collect()
}

#[test]
fn every_command_is_in_the_table_and_every_option_exists() {
    let page = document("docs/preflight.md");
    let mut command = Arguments::command();
    command.build();
    for subcommand in command.get_subcommands().filter(|one| !["completions", "man", "help"].contains(&one.get_name()))
    {
        let name = subcommand.get_name();
        let row = page.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{name}`")));
        let of_dynabind = page.lines().find(|line| line.starts_with(&format!("| `dynabind {name}")));
        assert!(row.or(of_dynabind).is_some(), "docs/preflight.md has no row for {name}");
    }
    let known = options(&command);
    // These options belong to cargo and to the development stack.
    let others = ["--path", "--package", "--email"];
    let words = page.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '-');
    let named: BTreeSet<_> =
        words.filter(|word| word.starts_with("--") && !word.trim_matches('-').is_empty()).collect();
    for option in named.into_iter().filter(|option| !others.contains(option)) {
        assert!(known.contains(option), "docs/preflight.md names {option}, which no command has");
    }
}

#[test]
fn the_examples_of_help_are_accepted() {
    fn helps(command: &clap::Command) -> Vec<String> {
        let own = command.get_after_help().map(ToString::to_string);
        own.into_iter().chain(command.get_subcommands().flat_map(helps)).collect()
    }
    let mut count = 0;
    for help in helps(&Arguments::command()) {
        for example in help.replace("\\\n", " ").lines().filter(|line| line.trim().starts_with("dynabind ")) {
            let parsed = Arguments::command().try_get_matches_from(example.split_whitespace());
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            count += 1;
        }
    }
    assert!(count >= 7, "{count} examples");
}

/// Each kind of finding that the code can make is in the table.
#[test]
fn every_kind_of_finding_is_in_the_table() {
    let page = document("docs/preflight.md");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check");
    let mut codes = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        for part in text.split("code: \"").skip(1).chain(text.split("fault(\"").skip(1)) {
            codes.insert(part.split('"').next().unwrap().to_owned());
        }
    }
    assert!(codes.len() >= 10, "{codes:?}");
    for code in codes {
        assert!(page.contains(&format!("`{code}`")), "docs/preflight.md does not name the finding {code}");
    }
}
