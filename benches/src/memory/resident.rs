use std::error::Error;
use std::fs;
use std::thread::sleep;
use std::time::Duration;

/// How often is looked, and how often in a row the same must be seen.
const GLANCE: Duration = Duration::from_millis(250);
const SAME: usize = 4;
/// What counts as the same.
const TOLERANCE: u64 = 64 << 10;

/// The resident memory of a process in octets, once it does not change any more.
///
/// # Errors
/// If there is no such process, or no `/proc`.
pub fn resident(process: u32) -> Result<u64, Box<dyn Error>> {
    let (mut last, mut same) = (resident_now(process)?, 0);
    while same < SAME {
        sleep(GLANCE);
        let now = resident_now(process)?;
        same = if now.abs_diff(last) <= TOLERANCE { same + 1 } else { 0 };
        last = now;
    }
    Ok(last)
}

/// The resident memory of a process in octets.
///
/// # Errors
/// If there is no such process, or no `/proc`.
pub fn resident_now(process: u32) -> Result<u64, Box<dyn Error>> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kibibytes: u64 = line.split_whitespace().next().ok_or("no VmRSS")?.parse()?;
    Ok(kibibytes << 10)
}
