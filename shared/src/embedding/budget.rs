//! How many fresh tokens a caller may request.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::domain::Caller;

const WINDOW: Duration = Duration::from_mins(1);

/// How many callers are remembered. If there are more, the tenant with the most callers loses the caller whose last
/// request is the oldest. So no tenant can remove another tenant's callers.
const MAX_CALLERS: usize = 1024;

/// The owner of a budget for fresh tokens. The tenant is a part of it, because many authorizers give every caller of a
/// tenant the same `sub`, and two tenants may use the same `sub`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Account {
    tenant: String,
    subject: String,
}

impl Account {
    pub(super) fn of(caller: &Caller) -> Self {
        Self { tenant: caller.tenant().unwrap_or_default().to_owned(), subject: caller.subject().to_owned() }
    }
}

type Callers = HashMap<String, VecDeque<SystemTime>>;

/// A sliding window for each caller.
pub(super) struct Budget {
    per_minute: usize,
    tenants: Mutex<HashMap<String, Callers>>,
}

impl Budget {
    pub(super) fn new(per_minute: usize) -> Self {
        Self { per_minute, tenants: Mutex::default() }
    }

    /// Takes one token out of the account's budget, or returns how long to wait for the next one.
    pub(super) fn take(&self, account: &Account, now: SystemTime) -> Result<(), Duration> {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = tenants.get(&account.tenant).is_some_and(|callers| callers.contains_key(&account.subject));
        if !is_known && count(&tenants) >= MAX_CALLERS {
            make_room(&mut tenants, now);
        }
        let callers = tenants.entry(account.tenant.clone()).or_default();
        let taken = callers.entry(account.subject.clone()).or_default();
        while taken.front().is_some_and(|at| is_over(*at, now)) {
            taken.pop_front();
        }
        if taken.len() >= self.per_minute {
            let oldest = taken.front().copied().unwrap_or(now);
            return Err((oldest + WINDOW).duration_since(now).unwrap_or_default());
        }
        taken.push_back(now);
        Ok(())
    }
}

fn count(tenants: &HashMap<String, Callers>) -> usize {
    tenants.values().map(HashMap::len).sum()
}

fn is_over(at: SystemTime, now: SystemTime) -> bool {
    // A clock that was set back must not lock a caller out.
    now.duration_since(at).map_or(true, |age| age >= WINDOW)
}

fn make_room(tenants: &mut HashMap<String, Callers>, now: SystemTime) {
    for callers in tenants.values_mut() {
        callers.retain(|_, taken| taken.back().is_some_and(|at| !is_over(*at, now)));
    }
    tenants.retain(|_, callers| !callers.is_empty());
    if count(tenants) < MAX_CALLERS {
        return;
    }
    let Some(largest) = tenants.values_mut().max_by_key(|callers| callers.len()) else { return };
    let quietest = largest.iter().min_by_key(|(_, taken)| taken.back()).map(|(subject, _)| subject.clone());
    if let Some(quietest) = quietest {
        largest.remove(&quietest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn after(seconds: u64) -> SystemTime {
        START + Duration::from_secs(seconds)
    }

    fn account(tenant: &str, subject: &str) -> Account {
        Account { tenant: tenant.to_owned(), subject: subject.to_owned() }
    }

    #[test]
    fn a_caller_gets_as_many_as_allowed_in_any_minute() {
        let (budget, u) = (Budget::new(2), account("t", "u"));
        assert_eq!(budget.take(&u, after(0)), Ok(()));
        assert_eq!(budget.take(&u, after(50)), Ok(()));
        assert_eq!(budget.take(&u, after(55)), Err(Duration::from_secs(5)));
        assert_eq!(budget.take(&u, after(60)), Ok(()));
        assert_eq!(budget.take(&u, after(61)), Err(Duration::from_secs(49)));
    }

    #[test]
    fn neither_callers_nor_tenants_share() {
        let budget = Budget::new(1);
        for account in [account("t", "u"), account("t", "v"), account("s", "u")] {
            assert_eq!(budget.take(&account, START), Ok(()));
            assert!(budget.take(&account, START).is_err());
        }
    }

    #[test]
    fn one_tenant_cannot_make_another_be_forgotten() {
        let (budget, quiet) = (Budget::new(1), account("quiet", "u"));
        assert_eq!(budget.take(&quiet, START), Ok(()));
        for number in 0..5 * MAX_CALLERS {
            assert_eq!(budget.take(&account("loud", &number.to_string()), after(1)), Ok(()));
        }
        assert!(count(&budget.tenants.lock().unwrap()) <= MAX_CALLERS);
        assert!(budget.take(&quiet, after(1)).is_err());
    }
}
