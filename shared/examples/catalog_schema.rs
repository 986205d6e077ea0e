//! Prints the catalog's JSON Schema: `cargo run -p dynabind --features schema --example catalog_schema > catalog.schema.json`.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&dynabind::catalog::schema::generate())?);
    Ok(())
}
