//! A simulation of the calls to Power BI and Entra during a morning.
//!
//! The code for authorization, for the cache of embed tokens and for the time of the next request is the real one. Time and the
//! two upstreams are simulated: hours pass in a second, and calls are only counted.

mod environment;
mod table;
mod upstreams;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use dynabind::clock::Clock;
use dynabind::domain::Caller;
use test_support::clock::ManualClock;

use crate::Error;
use environment::{Environment, caller};
use table::CountedTable;
use upstreams::Counters;

/// Which users share an embed token.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sharing {
    /// No users share a token: each has an identity.
    PerUser,
    /// All users of a tenant: its dataset has no identity.
    PerTenant,
}

/// The simulated load.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Open pages, each of a different user.
    pub users: usize,
    /// Tenants, over which the users are spread evenly.
    pub tenants: usize,
    /// Execution environments; each request goes to a random one.
    pub environments: usize,
    /// Which users share a token.
    pub sharing: Sharing,
    /// Whether environments share tokens through a table.
    pub store: bool,
    /// How long pages stay open. They are opened in the course of the first hour.
    pub hours: u64,
}

/// The result of a simulation.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// Requests of pages.
    pub requests: usize,
    /// Calls of `GenerateToken`.
    pub embed_tokens: usize,
    /// Calls of `GenerateToken` in the busiest minute.
    pub busiest_minute: usize,
    /// Calls of Entra.
    pub access_tokens: usize,
    /// The usage of the shared table.
    pub store: StoreUse,
}

/// The usage of a table.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct StoreUse {
    /// Calls of `GetItem`.
    pub reads: usize,
    /// Calls of `PutItem`.
    pub writes: usize,
    /// Read request units, counted in halves.
    pub half_read_units: usize,
    /// Write request units.
    pub write_units: usize,
}

impl StoreUse {
    /// Its price on demand, in USD: 0.125 for a million read units, 0.625 for a million write units.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "some millions")]
    pub fn cost(&self) -> f64 {
        (self.half_read_units as f64 / 2.0).mul_add(0.125, self.write_units as f64 * 0.625) / 1e6
    }
}

/// Runs the load; the same `seed` gives the same result.
///
/// # Errors
/// When a request fails, which would be a bug of the simulation.
pub fn simulate(load: &Load, seed: u64) -> Result<Outcome, Error> {
    let mut random = fastrand::Rng::with_seed(seed);
    let clock = Arc::new(ManualClock::at(SystemTime::UNIX_EPOCH));
    let counters = Arc::new(Counters::new(Arc::clone(&clock) as Arc<dyn Clock>));
    let table = Arc::new(CountedTable::default());
    let environments: Vec<Environment> =
        (0..load.environments).map(|_| Environment::start(load, &counters, &table)).collect::<Result<_, _>>()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let callers: Vec<Caller> = (0..load.users).map(|user| caller(load, user)).collect::<Result<_, _>>()?;
    let hour = 3_600_000;
    let mut due: BinaryHeap<_> = (0..load.users).map(|user| Reverse((random.u64(0..hour), user))).collect();
    let mut requests = 0;
    while let Some(Reverse((at, user))) = due.pop() {
        if at >= load.hours * hour {
            break;
        }
        clock.set(SystemTime::UNIX_EPOCH + Duration::from_millis(at));
        requests += 1;
        let environment = &environments[random.usize(0..environments.len())];
        let again = runtime.block_on(environment.ask(&callers[user]))?;
        due.push(Reverse((random.u64(again), user)));
    }
    Ok(Outcome { store: table.used(), ..counters.outcome(requests) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARED: Load =
        Load { users: 200, tenants: 10, environments: 3, sharing: Sharing::PerTenant, store: false, hours: 3 };

    #[test]
    fn a_shared_token_is_made_once_for_each_tenant_environment_and_life() {
        let outcome = simulate(&SHARED, 1).unwrap();
        // A token is used for 22 to 60 minutes, so there are at most 9 in 3 hours.
        let (least, most) = (10 * 3 * 3, 10 * 3 * 9);
        assert!((least..=most).contains(&outcome.embed_tokens), "{outcome:?}");
        assert!(outcome.requests > 200 * 3, "{outcome:?}");
        assert!(outcome.busiest_minute <= outcome.embed_tokens && outcome.busiest_minute > 0, "{outcome:?}");
    }

    #[test]
    fn with_an_identity_for_each_user_nearly_every_page_view_needs_a_token() {
        let shared = simulate(&SHARED, 1).unwrap();
        let own = simulate(&Load { sharing: Sharing::PerUser, ..SHARED }, 1).unwrap();
        assert!(own.embed_tokens > 3 * shared.embed_tokens, "{own:?} {shared:?}");
        assert!(own.embed_tokens <= own.requests, "{own:?}");
        // The number of calls of Entra does not depend on the users: one for each environment and half of a lifetime.
        assert!(own.access_tokens <= 3 * 5 && shared.access_tokens <= 3 * 5, "{own:?} {shared:?}");
    }

    /// Through a table, fifty environments make as many tokens as one.
    #[test]
    fn with_a_store_more_environments_need_no_more_tokens() {
        let load = Load { users: 2_000, tenants: 20, ..SHARED };
        let one = simulate(&Load { environments: 1, ..load }, 1).unwrap();
        let many = simulate(&Load { environments: 50, store: true, ..load }, 1).unwrap();
        assert!(many.embed_tokens * 10 <= one.embed_tokens * 11, "{many:?} {one:?}");
        assert!(many.store.reads <= many.requests && many.store.writes <= 3 * many.embed_tokens, "{many:?}");
        assert_eq!(one.store, StoreUse::default());
    }

    #[test]
    fn without_a_store_more_environments_need_more_tokens() {
        let one = simulate(&Load { environments: 1, ..SHARED }, 1).unwrap();
        let many = simulate(&Load { environments: 10, ..SHARED }, 1).unwrap();
        assert!(many.embed_tokens > 4 * one.embed_tokens, "{many:?} {one:?}");
    }
}
