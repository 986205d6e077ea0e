//! The kernel's figures of a running process.

use std::fs;
use std::time::Duration;

use crate::Error;

/// The processor time of all threads of a process so far.
///
/// # Errors
/// When there is no such process.
pub fn cpu_time(pid: u32) -> Result<Duration, Error> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread may have ended since the listing.
        let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) else { continue };
        nanoseconds += text.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// The peak resident memory of a process, in MiB.
///
/// # Errors
/// When there is no such process.
pub fn peak_memory(pid: u32) -> Result<f64, Error> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

/// The load average of the last minute.
///
/// # Errors
/// When the system does not report it.
pub fn load() -> Result<f64, Error> {
    Ok(fs::read_to_string("/proc/loadavg")?.split(' ').next().unwrap_or_default().parse()?)
}

/// The processors' name and number.
///
/// # Errors
/// When the system does not report it.
pub fn processors() -> Result<String, Error> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("model name")).collect();
    let name = names.first().map_or(std::env::consts::ARCH, |name| name.trim_start_matches([' ', '\t', ':']));
    let count = std::thread::available_parallelism()?;
    Ok(format!("{count} × {name}"))
}
