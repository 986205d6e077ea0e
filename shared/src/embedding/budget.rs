//! How many fresh tokens a caller may ask for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

const WINDOW: Duration = Duration::from_mins(1);

/// Beyond this many callers in one minute and environment, the one whose last
/// request is longest ago is forgotten.
const MAX_CALLERS: usize = 1024;

/// A sliding window for each caller.
pub(super) struct Budget {
    per_minute: usize,
    callers: Mutex<HashMap<String, VecDeque<SystemTime>>>,
}

impl Budget {
    pub(super) fn new(per_minute: usize) -> Self {
        Self { per_minute, callers: Mutex::default() }
    }

    /// Takes one token out of the caller's budget, or says when one is left.
    pub(super) fn take(&self, subject: &str, now: SystemTime) -> Result<(), Duration> {
        let mut callers = self.callers.lock().unwrap_or_else(PoisonError::into_inner);
        if callers.len() >= MAX_CALLERS && !callers.contains_key(subject) {
            make_room(&mut callers, now);
        }
        let taken = callers.entry(subject.to_owned()).or_default();
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

fn is_over(at: SystemTime, now: SystemTime) -> bool {
    // A clock that was set back must not lock a caller out.
    now.duration_since(at).map_or(true, |age| age >= WINDOW)
}

fn make_room(callers: &mut HashMap<String, VecDeque<SystemTime>>, now: SystemTime) {
    callers.retain(|_, taken| taken.back().is_some_and(|at| !is_over(*at, now)));
    if callers.len() >= MAX_CALLERS
        && let Some(quietest) = callers.iter().min_by_key(|(_, taken)| taken.back()).map(|(subject, _)| subject.clone())
    {
        callers.remove(&quietest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: SystemTime = SystemTime::UNIX_EPOCH;

    fn after(seconds: u64) -> SystemTime {
        START + Duration::from_secs(seconds)
    }

    #[test]
    fn a_caller_gets_as_many_as_allowed_in_any_minute() {
        let budget = Budget::new(2);
        assert_eq!(budget.take("u", after(0)), Ok(()));
        assert_eq!(budget.take("u", after(50)), Ok(()));
        assert_eq!(budget.take("u", after(55)), Err(Duration::from_secs(5)));
        assert_eq!(budget.take("u", after(60)), Ok(()));
        assert_eq!(budget.take("u", after(61)), Err(Duration::from_secs(49)));
    }

    #[test]
    fn callers_do_not_share() {
        let budget = Budget::new(1);
        assert_eq!(budget.take("u", START), Ok(()));
        assert_eq!(budget.take("v", START), Ok(()));
        assert!(budget.take("u", START).is_err());
    }

    #[test]
    fn the_callers_are_bounded() {
        let budget = Budget::new(1);
        for number in 0..5 * MAX_CALLERS {
            assert_eq!(budget.take(&number.to_string(), START), Ok(()));
        }
        assert!(budget.callers.lock().unwrap().len() <= MAX_CALLERS);
    }
}
