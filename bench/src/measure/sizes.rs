//! The sizes of the deployed binaries.

use std::fs;

use miniz_oxide::deflate::compress_to_vec;

use super::{BARE, Plan};
use crate::Error;
use crate::table::{Limit, Row, Table};

/// The best level of zlib, which `zip -9` and cargo-lambda use.
const BEST: u8 = 9;

pub(super) fn measure(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let (bare, bare_zip) = sizes(plan, BARE)?;
    for function in ["token", "config", "datasets"] {
        let (size, zip) = sizes(plan, function)?;
        table.push(Row::new(format!("{function}: binary"), "MB", size).beside(bare).within(Limit::Figure(6.0)));
        table.push(Row::new(format!("{function}: zipped"), "MB", zip).beside(bare_zip).within(Limit::Figure(3.0)));
    }
    Ok(())
}

/// The size of a binary, and its compressed size. The overhead of a zip file is negligible.
fn sizes(plan: &Plan, name: &str) -> Result<(f64, f64), Error> {
    let bytes = fs::read(plan.binary(name))?;
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    let megabytes = |length: usize| length as f64 / 1e6;
    Ok((megabytes(bytes.len()), megabytes(compress_to_vec(&bytes, BEST).len())))
}
