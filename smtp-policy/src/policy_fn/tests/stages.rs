use smtp_core::testing::{facts, recipient, request, sender};
use smtp_core::{BoxError, Hello, Mail, Recipient, Reply, Request, Session};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;
use tower_test::{assert_request_eq, mock};

use super::InMemory;
use crate::policy_fn::*;

/// The verb that the policy refused, if it did, for each command of a session.
async fn refused<F, A, Fut>(function: F) -> Vec<&'static str>
where
    F: Fn(A, Session) -> Fut + Clone + Send + Sync + 'static,
    A: Stage,
    Fut: Future<Output: IntoDecision> + Send + 'static,
{
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "passed")) });
    let stack = policy_fn(function).named("test").layer(inner);
    let mut facts = facts();
    facts.start_transaction(sender("alice@client.example"));
    facts.add_recipient(recipient("joe@example.org"));
    let mut verbs = Vec::new();
    for line in [
        "",
        "HELO c.example",
        "EHLO c.example",
        "LHLO c.example",
        "STARTTLS",
        "AUTH PLAIN",
        "MAIL FROM:<a@b.example>",
        "RCPT TO:<a@b.example>",
        "DATA",
        "RSET",
        "VRFY joe",
        "EXPN list",
        "HELP",
        "NOOP",
        "QUIT",
        "XYZZY",
    ] {
        let reply = stack.clone().oneshot(request(line, facts.session())).await.unwrap();
        if reply.code() == 550 {
            verbs.push(line.split(' ').next().unwrap());
        }
    }
    verbs
}

async fn refuse<A>(_: A, _: Session) -> Result<(), Reply> {
    Err(Reply::new(550, "5.7.1 no"))
}

#[tokio::test]
async fn the_argument_picks_the_command() {
    assert_eq!(refused(refuse::<Connect>).await, [""]);
    assert_eq!(refused(refuse::<Hello>).await, ["HELO", "EHLO", "LHLO"]);
    assert_eq!(refused(refuse::<Mail>).await, ["MAIL"]);
    assert_eq!(refused(refuse::<Recipient>).await, ["RCPT"]);
    assert_eq!(refused(refuse::<StartOfAuth>).await, ["AUTH"]);
    assert_eq!(refused(refuse::<StartOfData>).await, ["DATA"]);
    assert_eq!(refused(refuse::<Headers>).await, ["DATA"]);
    assert_eq!(refused(refuse::<WholeMessage<InMemory>>).await, ["DATA"]);
    assert_eq!(refused(refuse::<Vrfy>).await, ["VRFY"]);
    assert_eq!(refused(refuse::<Expn>).await, ["EXPN"]);
}

#[tokio::test]
async fn a_policy_that_allows_changes_nothing() {
    assert_eq!(refused(|_: Recipient, _: Session| async { Ok(()) }).await, [""; 0]);
}

#[tokio::test]
async fn the_start_of_data_shows_the_envelope() {
    let policy = |start: StartOfData, _: Session| async move {
        match start.envelope.recipients.len() {
            1 => Err(Reply::new(550, "5.7.1 one is too few")),
            _ => Ok(()),
        }
    };
    assert_eq!(refused(policy).await, ["DATA"]);
}

#[tokio::test]
async fn the_inner_service_is_called_once_it_is_ready_and_the_verdict_is_there() {
    let (verdict, wait) = tokio::sync::watch::channel(false);
    let policy = policy_fn(move |_: Mail, _: Session| {
        let mut wait = wait.clone();
        async move {
            let _ = wait.wait_for(|allowed| *allowed).await;
            Ok(())
        }
    });
    // The mock compares requests, which are handles and have no equality: it sees their verbs.
    let (inner, mut handle) = mock::pair::<String, Reply>();
    let inner = inner.map_request(|request: Request| request.command.verb().to_owned());
    let mut stack = policy.layer(inner);
    handle.allow(0);
    let facts = facts();
    assert!(tokio_test::task::spawn(stack.ready()).poll().is_pending());
    handle.allow(1);
    stack.ready().await.unwrap();
    let mut answer = tokio_test::task::spawn(tower_service::Service::call(
        &mut stack,
        request("MAIL FROM:<>", facts.session()),
    ));
    assert!(answer.poll().is_pending());
    assert!(tokio_test::task::spawn(handle.next_request()).poll().is_pending());
    verdict.send(true).unwrap();
    assert!(answer.poll().is_pending());
    assert_request_eq!(handle, "MAIL").send_response(Reply::new(250, "2.1.0 ok"));
    assert_eq!(answer.await.unwrap().code(), 250);
}
