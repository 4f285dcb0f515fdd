//! The one form in which this crate's refusals are logged.

use smtp_core::{Peer, Reply};

/// Logs that `policy` answered a command with `reply` itself.
pub(crate) fn log(policy: &str, verb: &str, reply: &Reply, peer: Peer) {
    tracing::info!(policy, verb, code = reply.code().get(), %reply, %peer, "refused by policy");
}
