//! ANONYMOUS.

use smtp_auth::{AuthLayer, Mechanism, Verdict, verify_fn};
use smtp_core::Strength;
use smtp_core::testing::facts;

use crate::client::{exchange, script};

#[tokio::test(start_paused = true)]
async fn whoever_wants_to_is_in_as_nobody() {
    let store = verify_fn(|_, _| async { Ok(Verdict::Refused) });
    let layer = AuthLayer::new(store).mechanisms([Mechanism::ANONYMOUS]);
    for trace in ["root", ""] {
        let (challenges, mut reply) =
            exchange(&layer, &facts(), "ANONYMOUS", Some(trace.as_bytes()), script([])).await;
        assert!(challenges.is_empty());
        assert_eq!(reply.code(), 235);
        let identity = reply.take_effects().identity.unwrap();
        // What it says of itself is for the log.
        assert_eq!((identity.name(), identity.store()), ("anonymous", None));
        assert_eq!((identity.is_anonymous(), identity.strength()), (true, Strength::Anonymous));
    }
    let (_, reply) = exchange(&layer, &facts(), "ANONYMOUS", None, script([b"a\nb"])).await;
    assert_eq!(reply.code(), 535);
}
