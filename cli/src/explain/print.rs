//! An explanation as text.

use std::io::{self, Write};

use super::explanation::{Explanation, UserTokenExplanation};
use crate::terminal::Style;

/// Prints an explanation.
///
/// # Errors
/// When the output cannot be written.
pub fn print(explanation: &Explanation, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let verdict = if explanation.allowed { style.good("allowed") } else { style.bad("refused") };
    write!(out, "{verdict}")?;
    match &explanation.detail {
        Some(detail) => writeln!(out, ": {} ({detail})", explanation.code)?,
        None => writeln!(out)?,
    }
    if let Some(tenant) = &explanation.tenant {
        writeln!(out, "tenant    {tenant}")?;
    }
    for (name, value) in [("dataset", &explanation.dataset), ("profile", &explanation.profile)] {
        if let Some(value) = value {
            writeln!(out, "{name:<9} {value}")?;
        }
    }
    if let Some(user_token) = &explanation.user_token {
        let UserTokenExplanation { from, scope, detail } = user_token;
        writeln!(out, "token     no embed token is made: the page embeds with the user's own token ({from})")?;
        writeln!(out, "scope     {scope}: {detail}")?;
        writeln!(out, "identity  none: Power BI applies row-level security to the user")?;
    } else if explanation.allowed {
        let identity = explanation.identity.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
        writeln!(out, "identity  {identity}")?;
    }
    for grant in &explanation.grants {
        let word = if grant.matches { style.good("matches") } else { "no match".to_owned() };
        writeln!(out, "grant     {}: {word}", grant.place)?;
        for mismatch in &grant.mismatches {
            writeln!(out, "            {}: {}", mismatch.field, mismatch.detail)?;
        }
    }
    for assumption in &explanation.assumptions {
        writeln!(out, "assumed   {assumption}")?;
    }
    if let Some(body) = &explanation.generate_token {
        writeln!(out, "\nPOST /v1.0/myorg/GenerateToken\n{}", serde_json::to_string_pretty(body)?)?;
    }
    Ok(())
}
