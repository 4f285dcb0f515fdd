use smtp_core::testing::{facts, recipient, request, sender};
use smtp_core::{
    BoxSmtpService, Command, Hello, Mail, Recipient, Reply, Request, Route, Session, SessionFacts,
};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::{ask, deliver, send};
use crate::policy_fn::*;

fn stack<P: Policy<A> + Sync, A: Stage>(layer: &PolicyLayer<P, A>) -> BoxSmtpService {
    BoxSmtpService::new(layer.layer(deliver()))
}

fn in_transaction() -> SessionFacts {
    let mut facts = facts();
    facts.start_transaction(sender("x@example.net"));
    facts.add_recipient(recipient("joe@example.org"));
    facts
}

async fn mail(stack: &BoxSmtpService, facts: &SessionFacts) -> Reply {
    ask(stack, Command::Mail(sender("x@example.net")), facts.session()).await
}

#[tokio::test]
async fn a_refusal_may_end_the_connection() {
    let refuse = |_: Mail, _: Session| async { Err(Reply::new(550, "5.7.1 go").and_close()) };
    let reply = mail(&stack(&policy_fn(refuse)), &facts()).await;
    assert!(reply.effects().unwrap().close);
}

#[tokio::test]
async fn a_tag_is_there_for_the_layers_within() {
    #[derive(Clone, PartialEq, Debug)]
    struct Score(u8);
    let layer = policy_fn(|_: Mail, _: Session| async { Decision::accept().tag(Score(7)) });
    let inner = service_fn(|request: Request| async move {
        let score = request.session.transaction().get::<Score>();
        Ok::<_, smtp_core::BoxError>(Reply::new(250, format!("{score:?}")))
    });
    let reply = layer.layer(inner).oneshot(request("MAIL FROM:<>", facts().session())).await.unwrap();
    assert_eq!(reply.text(), "Some(Score(7))");

    let facts = facts();
    let layer = policy_fn(|_: Hello, _: Session| async { Decision::accept().tag(Score(3)) });
    stack(&layer).oneshot(request("EHLO c.example", facts.session())).await.unwrap();
    assert_eq!(facts.session().connection().get::<Score>(), Some(Score(3)));
}

#[tokio::test]
async fn fields_wait_for_the_message() {
    let of_connection =
        policy_fn(|_: Hello, _: Session| async { Decision::accept().add_header("X-Host", "c") });
    let of_message = policy_fn(|_: Mail, _: Session| async { Decision::accept().add_header("X-Mail", "m") });
    let at_data =
        policy_fn(|_: StartOfData, _: Session| async { Decision::accept().add_header("X-Data", "d") });
    let inner = BoxSmtpService::new(at_data.layer(deliver()));
    let stack = BoxSmtpService::new(of_connection.layer(of_message.layer(inner)));
    let mut facts = facts();
    ask(&stack, Command::Ehlo(Hello::extended(smtp_core::testing::domain("c.example"))), facts.session())
        .await;
    for _ in 0..2 {
        mail(&stack, &facts).await;
        facts.start_transaction(sender("x@example.net"));
        facts.add_recipient(recipient("joe@example.org"));
        let sent = send(&stack, &facts, "Subject: x\r\n\r\n").await;
        assert_eq!(sent, "250 to <joe@example.org> X-Data: d|X-Mail: m|X-Host: c|Subject: x||");
        facts.end_transaction();
    }
}

#[tokio::test]
async fn what_is_said_of_a_recipient_who_is_refused_changes_nothing() {
    let layer = policy_fn(|_: Recipient, _: Session| async { Decision::accept().add_header("X-To", "y") });
    let inner = service_fn(|request: Request| async move {
        Ok::<_, smtp_core::BoxError>(match request.command {
            Command::Rcpt(_) => Reply::new(550, "5.1.1 nobody"),
            command => ask(&deliver(), command, &request.session).await,
        })
    });
    let stack = BoxSmtpService::new(layer.layer(inner));
    let facts = in_transaction();
    ask(&stack, Command::Rcpt(recipient("ann@example.org")), facts.session()).await;
    assert_eq!(send(&stack, &facts, "\r\n").await, "250 to <joe@example.org> |");
}

#[tokio::test]
async fn a_message_is_thrown_away_at_any_stage() {
    let expected = "250 2.0.0 message accepted for delivery";
    let connect = stack(&policy_fn(|_: Connect, _: Session| async { Decision::discard() }));
    let facts = in_transaction();
    assert_eq!(ask(&connect, Command::Connect, facts.session()).await.code(), 250);
    for _ in 0..2 {
        assert_eq!(send(&connect, &facts, "x").await, expected);
    }
    let at_mail = stack(&policy_fn(|_: Mail, _: Session| async { Decision::discard() }));
    let facts = in_transaction();
    assert!(mail(&at_mail, &facts).await.is_positive());
    assert_eq!(send(&at_mail, &facts, "x").await, expected);
    // Once.
    assert_eq!(send(&at_mail, &facts, "x").await, "250 to <joe@example.org> x");
    let at_data = stack(&policy_fn(|_: StartOfData, _: Session| async { Decision::discard() }));
    assert_eq!(send(&at_data, &facts, "x").await, expected);
    let at_header = stack(&policy_fn(|_: Headers, _: Session| async { Decision::discard() }));
    assert_eq!(send(&at_header, &facts, "x").await, expected);
    let at_vrfy = stack(&policy_fn(|_: Vrfy, _: Session| async { Decision::discard() }));
    let reply = at_vrfy.clone().oneshot(request("VRFY joe", facts.session())).await.unwrap();
    assert_eq!(reply.to_string(), "250 VRFY");
    assert_eq!(send(&at_vrfy, &facts, "x").await, "250 to <joe@example.org> x");
}

#[tokio::test]
async fn one_recipient_may_be_thrown_away() {
    let stack = stack(&policy_fn(|_: Recipient, _: Session| async { Decision::discard() }));
    let reply = ask(&stack, Command::Rcpt(recipient("joe@example.org")), in_transaction().session()).await;
    assert_eq!(reply.to_string(), "250 <joe@example.org> Some(Discard)");
}

#[tokio::test]
async fn a_recipient_may_be_another() {
    let other = || recipient("ann@example.org").routed(Route::Local);
    let stack =
        stack(&policy_fn(move |_: Recipient, _: Session| async move { Decision::redirect([other()]) }));
    let reply = ask(&stack, Command::Rcpt(recipient("joe@example.org")), in_transaction().session()).await;
    assert_eq!(reply.to_string(), "250 <ann@example.org> Some(Local)");
    assert_eq!(reply.effects().unwrap().recipient, Some(other()));
}

#[tokio::test]
async fn a_message_may_go_to_others() {
    let to_quarantine = || Decision::redirect([recipient("quarantine@example.org").routed(Route::Local)]);
    let expected = "250 to <quarantine@example.org> x";
    let facts = in_transaction();
    let at_mail = stack(&policy_fn(move |_: Mail, _: Session| async move { to_quarantine() }));
    mail(&at_mail, &facts).await;
    assert_eq!(send(&at_mail, &facts, "x").await, expected);
    let at_data = stack(&policy_fn(move |_: StartOfData, _: Session| async move { to_quarantine() }));
    assert_eq!(send(&at_data, &facts, "x").await, expected);
    let at_header = stack(&policy_fn(move |_: Headers, _: Session| async move { to_quarantine() }));
    assert_eq!(send(&at_header, &facts, "x").await, expected);
    // What became of each of them is not what became of those whom the client named.
    let each = service_fn(|_: Request| async {
        let replies = vec![Reply::new(250, "ok"), Reply::new(450, "later")];
        Ok::<_, smtp_core::BoxError>(Reply::new(250, "folded").and_each(replies))
    });
    let layer = policy_fn(move |_: StartOfData, _: Session| async move { to_quarantine() });
    let stack = BoxSmtpService::new(layer.layer(each));
    let reply = ask(&stack, Command::Data("x".into()), facts.session()).await;
    assert!(reply.effects().unwrap().each.is_empty());
}
