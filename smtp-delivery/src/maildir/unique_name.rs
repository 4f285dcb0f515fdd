use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use smtp_core::Host;

static DELIVERIES: AtomicU64 = AtomicU64::new(0);
/// Tells servers apart that share a mailbox, a host name and, in containers, a process id.
static PROCESS: LazyLock<u32> = LazyLock::new(rand::random);

/// A host's name as it may stand in a file name: `/` and `:` are escaped as the specification of
/// Maildir says.
pub(super) fn host_part(host: &Host) -> String {
    host.to_string().replace('/', "\\057").replace(':', "\\072")
}

/// A file name that was never used before: `time.MusecPpidQcounterRrandom.host`.
pub(super) fn unique_name(host: &str) -> String {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let count = DELIVERIES.fetch_add(1, Ordering::Relaxed);
    let (seconds, micros, pid) = (time.as_secs(), time.subsec_micros(), std::process::id());
    format!("{seconds}.M{micros:06}P{pid}Q{count}R{:08x}.{host}", *PROCESS)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_safe() {
        let host = host_part(&"[IPv6:::1]".parse().unwrap());
        assert_eq!(host, "[IPv6\\072\\072\\0721]");
        assert_eq!(host_part(&"[x:a/b]".parse().unwrap()), "[x\\072a\\057b]");
        let names: HashSet<String> = (0..1000).map(|_| unique_name(&host)).collect();
        assert_eq!(names.len(), 1000);
        assert!(names.iter().all(|name| !name.contains(['/', ':'])));
    }
}
