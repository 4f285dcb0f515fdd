use smtp_core::testing::{facts, request};
use smtp_core::{Reply, Request, Session};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use super::SessionLimitsLayer;

/// The codes of the replies to these lines, by a server that knows nobody but joe.
async fn codes(layer: SessionLimitsLayer, session: &Session, lines: &[&str]) -> Vec<u16> {
    let stack = layer.layer(service_fn(|request: Request| async move {
        let known = !matches!(&request.command, smtp_core::Command::Vrfy(query) if query.as_str() != "joe");
        Ok::<_, BoxError>(if known { Reply::new(250, "2.0.0 OK") } else { Reply::new(550, "5.1.1 who?") })
    }));
    let mut codes = Vec::new();
    for line in lines {
        codes.push(stack.clone().oneshot(request(line, session)).await.unwrap().code().get());
    }
    codes
}

#[tokio::test]
async fn commands_are_counted() {
    let layer = SessionLimitsLayer::new().commands(2);
    let facts = facts();
    let lines = ["", "NOOP", "VRFY joe", "NOOP", "RSET", "QUIT"];
    assert_eq!(codes(layer, facts.session(), &lines).await, [250, 250, 250, 421, 421, 250]);
}

#[tokio::test]
async fn errors_are_counted_and_successes_do_not_make_up_for_them() {
    let layer = SessionLimitsLayer::new().errors(2);
    let facts = facts();
    let lines = ["VRFY a", "VRFY joe", "VRFY b", "NOOP", "VRFY joe", "VRFY c"];
    assert_eq!(codes(layer, facts.session(), &lines).await, [550, 250, 550, 250, 250, 421]);
}

#[tokio::test]
async fn transactions_are_counted() {
    let layer = SessionLimitsLayer::new().transactions(1);
    let facts = facts();
    let lines = ["MAIL FROM:<>", "RSET", "MAIL FROM:<>", "NOOP"];
    assert_eq!(codes(layer, facts.session(), &lines).await, [250, 250, 421, 250]);
}

#[tokio::test]
async fn sessions_have_budgets_of_their_own() {
    let layer = SessionLimitsLayer::new().commands(1);
    for _ in 0..2 {
        let facts = facts();
        assert_eq!(codes(layer, facts.session(), &["NOOP", "NOOP"]).await, [250, 421]);
    }
}

#[tokio::test]
async fn what_became_of_a_message_is_said_at_the_end_of_a_session() {
    let stack = SessionLimitsLayer::new().errors(0).layer(service_fn(|_: Request| async {
        let each = vec![Reply::new(250, "2.0.0 OK"), Reply::new(550, "5.1.1 who?")];
        Ok::<_, BoxError>(Reply::new(550, "5.1.1 who?").and_each(each))
    }));
    let reply = stack.oneshot(request("DATA", facts().session())).await.unwrap();
    assert_eq!(reply.to_string(), "550 5.1.1 who?");
    let effects = reply.effects().unwrap();
    assert!(effects.close && effects.each.len() == 2);
}

#[tokio::test]
async fn clients_are_told_of_the_budget_of_transactions() {
    let stack = SessionLimitsLayer::new()
        .transactions(7)
        .layer(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.0.0 OK")) }));
    let mut reply = stack.oneshot(request("EHLO client.example", facts().session())).await.unwrap();
    assert_eq!(reply.capabilities_mut().get("LIMITS").unwrap().to_string(), "LIMITS MAILMAX=7");
}
