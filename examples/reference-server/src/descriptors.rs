//! File descriptors: each connection has one, and a message under way some more.

use crate::config::Config;

/// What the server needs for itself.
const RESERVE: u64 = 100;

/// Takes as many descriptors as the system lets this process have, and warns if they do not suffice:
/// without them nobody can connect and nothing can be read or written.
pub(crate) fn raise(config: &Config) {
    let connections = config.limits.connections as u64 * config.listeners.len() as u64;
    let needed = connections.saturating_mul(2).saturating_add(RESERVE);
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < needed => tracing::warn!(
            limit,
            needed,
            "too few file descriptors for all connections; raise the limit (LimitNOFILE of systemd) or lower \
             [limits] connections"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the limit of file descriptors cannot be raised"),
    }
}
