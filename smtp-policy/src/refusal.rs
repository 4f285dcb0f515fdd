//! The one form in which this crate's refusals are logged.

use smtp_core::{Peer, Reply};

/// Logs that `policy` answered a command with `reply` itself.
pub(crate) fn log(policy: &str, verb: &str, reply: &Reply, peer: Peer) {
    tracing::info!(policy, verb, code = reply.code().get(), reply = ?reply.to_string(), %peer, "refused by policy");
}

#[cfg(test)]
mod tests {
    use std::io::{Read, pipe};
    use std::sync::Mutex;

    use smtp_core::testing::{facts, request};
    use smtp_core::{BoxError, Hello, Request, Session};
    use tower::{ServiceExt, service_fn};
    use tower_layer::Layer;

    use super::*;

    #[tokio::test]
    async fn the_log_says_who_was_refused_what_and_why() {
        let (mut log, writer) = pipe().unwrap();
        let subscriber = tracing_subscriber::fmt().with_writer(Mutex::new(writer)).with_ansi(false).finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "ok")) });
        let policy = |_: Hello, _: Session| async { Err(Reply::new(550, "5.7.1 not you")) };
        let stack = crate::policy_fn(policy).named("manners").layer(inner);
        stack.oneshot(request("EHLO client.example", facts().session())).await.unwrap();
        drop(guard);
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        for field in [
            " INFO ",
            "refused by policy",
            "policy=\"manners\"",
            "verb=\"EHLO\"",
            "code=550",
            "reply=\"550 5.7.1 not you\"",
            "peer=192.0.2.1:50000",
        ] {
            assert!(text.contains(field), "{field} in {text}");
        }
    }
}
