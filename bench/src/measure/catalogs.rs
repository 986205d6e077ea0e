//! Catalogs of many tenants: the time to load one, and to authorize a request.

use std::fs;
use std::hint::black_box;

use test_support::lambda::now;

use super::Plan;
use crate::Error;
use crate::catalog::{Authorization, text};
use crate::stats::{median, millis};
use crate::table::{Limit, Row, Table};

const DECISIONS: u32 = 1000;

pub(super) fn measure(plan: &Plan, table: &mut Table) -> Result<(), Error> {
    let files = tempfile::tempdir()?;
    for tenants in [10, 1_000, 10_000] {
        let path = files.path().join("catalog.json");
        fs::write(&path, text(tenants))?;
        let load = || dynabind::catalog::load(&path).map_err(|faults| format!("{:?}", faults.0));
        let mut loads = Vec::new();
        for _ in 0..plan.rounds {
            let begun = now();
            let catalog = black_box(load()?);
            loads.push(millis(now() - begun));
            // A function keeps its catalog, so the time to free it does not count.
            drop(catalog);
        }
        let what = format!("catalog of {tenants} tenants: load");
        table.push(Row::new(what, "ms", median(&loads)).within(Limit::Figure(50.0)));
        let what = format!("catalog of {tenants} tenants: authorise");
        table.push(Row::new(what, "µs", decision(plan, tenants)?).within(Limit::Figure(5.0)));
    }
    Ok(())
}

/// The time of one decision, in microseconds.
fn decision(plan: &Plan, tenants: usize) -> Result<f64, Error> {
    let authorization = Authorization::among(tenants)?;
    let mut times = Vec::new();
    for _ in 0..plan.rounds {
        let begun = now();
        for _ in 0..DECISIONS {
            black_box(black_box(&authorization).decide()).ok_or("the caller may not")?;
        }
        times.push(millis(now() - begun) * 1e3 / f64::from(DECISIONS));
    }
    Ok(median(&times))
}
