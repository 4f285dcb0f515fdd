use smtp_core::testing::{facts, request, sender};
use smtp_core::{ConnectionInfo, Reply, Request, Session, SessionFacts};
use tower::{BoxError, Layer, ServiceExt, service_fn};

use super::{Etrn, EtrnLayer};

async fn ask(line: &str, session: &Session) -> Reply {
    let layer = EtrnLayer::new(|node: Etrn, _| async move { Reply::new(250, format!("2.0.0 {node:?}")) });
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.0.0 passed")) });
    layer.layer(inner).oneshot(request(line, session)).await.unwrap()
}

#[tokio::test]
async fn the_function_answers_what_is_well_formed() {
    let facts = facts();
    for (line, answer) in [
        ("ETRN example.org", "250 2.0.0 Domain(Domain(example.org))"),
        ("etrn @example.org", "250 2.0.0 Subdomains(Domain(example.org))"),
        ("ETRN #uucp", "250 2.0.0 Queue(\"uucp\")"),
        ("ETRN", "501 5.5.4 syntax: ETRN domain, @domain or #queue"),
        ("ETRN a..b", "501 5.5.4 syntax: ETRN domain, @domain or #queue"),
        ("ETRN #", "501 5.5.4 syntax: ETRN domain, @domain or #queue"),
        ("ETRN @", "501 5.5.4 syntax: ETRN domain, @domain or #queue"),
        ("NOOP", "250 2.0.0 passed"),
    ] {
        assert_eq!(ask(line, facts.session()).await.to_string(), answer, "{line}");
    }
    let mut reply = ask("EHLO client.example", facts.session()).await;
    assert!(reply.capabilities_mut().get("ETRN").is_some());
}

#[tokio::test]
async fn it_has_its_place_in_the_session() {
    let fresh = SessionFacts::new(ConnectionInfo::default());
    assert_eq!(ask("ETRN example.org", fresh.session()).await.code(), 503);
    let mut facts = facts();
    facts.start_transaction(sender("a@example.org"));
    assert_eq!(ask("ETRN example.org", facts.session()).await.code(), 503);
}
