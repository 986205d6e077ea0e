//! What a process logs when it cannot start.

use std::process::Command;

const ENOUGH: [(&str, &str); 4] = [
    ("DYNABIND_SECRET_ID", "dynabind/sp"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_ACCESS_KEY_ID", "id"),
    ("AWS_SECRET_ACCESS_KEY", "key"),
];

#[test]
fn a_rejected_url_is_logged_without_user_and_password() {
    for variable in [
        "DYNABIND_ENTRA_URL",
        "DYNABIND_POWERBI_URL",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_SECRETS_MANAGER",
        "AWS_ENDPOINT_URL_DYNAMODB",
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_token"));
        command.env_clear().envs(ENOUGH).env(variable, "https://operator:hunter2@host.example/?key=hunter2");
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{variable}");
        let log = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let line =
            log.lines().find(|line| line.contains(&format!("\"{variable}\""))).unwrap_or_else(|| panic!("{log}"));
        assert!(line.contains("host.example"), "{line}");
        assert!(!log.contains("hunter2") && !log.contains("operator"), "{log}");
    }
}
