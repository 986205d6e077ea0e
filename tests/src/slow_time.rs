//! Slow time, so that time limits are long enough on a busy machine.

use std::time::Duration;

/// How many times slower the runtime's time passes than real time.
const FACTOR: u32 = 20;

/// Lets the runtime's time pass slowly, so that a time limit of 50 ms is long enough for the work of a test on any machine.
///
/// The runtime must have a single thread.
pub async fn slowly<T>(work: impl Future<Output = T>) -> T {
    let step = Duration::from_millis(1);
    let ticks = async {
        loop {
            // While a blocking task runs, paused time does not advance by itself.
            tokio::task::spawn_blocking(move || std::thread::sleep(FACTOR * step)).await.unwrap();
            tokio::time::advance(step).await;
        }
    };
    tokio::time::pause();
    let answer = tokio::select! {
        answer = work => answer,
        never = ticks => never,
    };
    tokio::time::resume();
    answer
}
