//! Results as `JUnit` XML.

use std::fmt::Write as _;
use std::path::Path;

/// A suite of test cases.
#[derive(Debug, Default)]
pub struct Suite {
    /// The command.
    pub name: &'static str,
    /// The test cases.
    pub cases: Vec<Case>,
    /// How long it took.
    pub seconds: f64,
}

/// One test case: something that was checked.
#[derive(Debug, Default)]
pub struct Case {
    /// What it belongs to.
    pub class: String,
    /// Its name.
    pub name: String,
    /// What is wrong with it.
    pub failures: Vec<Failure>,
    /// Why it was not checked.
    pub skipped: Option<String>,
}

/// One fault.
#[derive(Debug, Default)]
pub struct Failure {
    /// Its kind.
    pub kind: String,
    /// What is wrong.
    pub message: String,
    /// Place and remedy.
    pub text: String,
}

impl Suite {
    /// Writes the file.
    ///
    /// # Errors
    /// The error says why it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), String> {
        std::fs::write(path, self.xml()).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn xml(&self) -> String {
        let failures = self.cases.iter().filter(|case| !case.failures.is_empty()).count();
        let skipped = self.cases.iter().filter(|case| case.skipped.is_some()).count();
        let cases: String = self.cases.iter().map(Case::xml).collect();
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" \
             skipped=\"{skipped}\" time=\"{:.3}\">\n{cases}</testsuite>\n",
            escape(self.name),
            self.cases.len(),
            self.seconds
        )
    }
}

impl Case {
    fn xml(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "  <testcase classname=\"{}\" name=\"{}\">", escape(&self.class), escape(&self.name));
        for Failure { kind, message, text } in &self.failures {
            let [kind, message, text] = [kind, message, text].map(|part| escape(part));
            let _ = writeln!(out, "    <failure type=\"{kind}\" message=\"{message}\">{text}</failure>");
        }
        if let Some(because) = &self.skipped {
            let _ = writeln!(out, "    <skipped message=\"{}\"/>", escape(because));
        }
        let _ = writeln!(out, "  </testcase>");
        out
    }
}

fn escape(text: &str) -> String {
    let allowed = text.chars().filter(|sign| !sign.is_control() || *sign == '\n');
    let escaped = |sign: char| match sign {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        other => other.to_string(),
    };
    allowed.map(escaped).collect()
}
