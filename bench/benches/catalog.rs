//! The time to load a catalog and to authorize a request, by the number of tenants.

use std::hint::black_box;

use bench::catalog::{Authorization, text};
use criterion::Criterion;

fn main() -> Result<(), bench::Error> {
    let mut criterion = Criterion::default().configure_from_args();
    for tenants in [10, 1_000, 10_000] {
        let text = text(tenants);
        let load = format!("load/{tenants}");
        criterion.bench_function(&load, |bencher| bencher.iter_with_large_drop(|| dynabind::catalog::parse(&text)));
        let authorization = Authorization::among(tenants)?;
        let authorize = format!("authorize/{tenants}");
        criterion.bench_function(&authorize, |bencher| bencher.iter(|| black_box(&authorization).decide()));
    }
    criterion.final_summary();
    Ok(())
}
