//! Pins the function to one processor, and everything else to another.
//!
//! If the scheduler may move two processes that wake each other, its choice decides the time of a round trip. A function and
//! an identical copy then differed by a factor of two. On separate processors, each wake-up crosses processors, as in Lambda.

use crate::Error;

/// Pins this thread, and the processes that it starts, to the first processor until it is dropped.
pub struct SeparateProcessors {
    allowed: platform::Processors,
}

impl SeparateProcessors {
    /// Pins this thread.
    ///
    /// # Errors
    /// When the system does not allow it.
    pub fn begin() -> Result<Self, Error> {
        let allowed = platform::allowed()?;
        platform::pin(None, platform::first(&allowed))?;
        Ok(Self { allowed })
    }

    /// Moves a function's process to the last processor.
    ///
    /// # Errors
    /// When there is no such process.
    pub fn move_away(&self, pid: u32) -> Result<(), Error> {
        platform::pin(Some(pid), platform::last(&self.allowed))
    }
}

impl Drop for SeparateProcessors {
    fn drop(&mut self) {
        // If this fails, the rest of the run uses one processor, and the figures show it.
        drop(platform::pin(None, self.allowed));
    }
}

#[cfg(target_os = "linux")]
mod platform {
    use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

    use crate::Error;

    pub(super) type Processors = CpuSet;

    pub(super) fn allowed() -> Result<Processors, Error> {
        Ok(sched_getaffinity(None)?)
    }

    pub(super) fn first(among: &Processors) -> Processors {
        only((0..CpuSet::MAX_CPU).find(|number| among.is_set(*number)))
    }

    pub(super) fn last(among: &Processors) -> Processors {
        only((0..CpuSet::MAX_CPU).rfind(|number| among.is_set(*number)))
    }

    fn only(number: Option<usize>) -> Processors {
        let mut set = CpuSet::new();
        set.set(number.unwrap_or_default());
        set
    }

    pub(super) fn pin(pid: Option<u32>, processors: Processors) -> Result<(), Error> {
        let pid =
            pid.map(|pid| i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or("no such process")).transpose()?;
        Ok(sched_setaffinity(pid, &processors)?)
    }
}

/// On other systems the scheduler decides.
#[cfg(not(target_os = "linux"))]
mod platform {
    use crate::Error;

    pub(super) type Processors = ();

    pub(super) fn allowed() -> Result<Processors, Error> {
        Ok(())
    }

    pub(super) fn first((): &Processors) -> Processors {}

    pub(super) fn last((): &Processors) -> Processors {}

    pub(super) fn pin(_: Option<u32>, (): Processors) -> Result<(), Error> {
        Ok(())
    }
}
