use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{
    Body, BodyErrorKind, BoxSmtpService, Capabilities, Capability, Command, Hello, Replay, Reply, Session,
    SessionFacts,
};
use tower_layer::Layer;

use super::{InMemory, ask, deliver, send, text};
use crate::policy_fn::*;

fn in_transaction(facts: SessionFacts) -> SessionFacts {
    let mut facts = facts;
    facts.start_transaction(sender("x@example.net"));
    facts.add_recipient(recipient("joe@example.org"));
    facts
}

async fn no_spam(headers: Headers, _: Session) -> Decision {
    match headers.header.get("Subject").map(|field| field.value()).as_deref() {
        Some("spam") => Decision::refuse(Reply::new(550, "5.7.1 no spam")),
        _ => Decision::accept().add_header("X-Spam", "no"),
    }
}

#[tokio::test]
async fn the_header_is_read_and_the_message_goes_on_whole() {
    let stack = BoxSmtpService::new(policy_fn(no_spam).layer(deliver()));
    let facts = in_transaction(facts());
    let sent = send(&stack, &facts, "Subject: ham\r\n\r\nhello\r\n").await;
    assert_eq!(sent, "250 to <joe@example.org> X-Spam: no|Subject: ham||hello|");
    assert_eq!(send(&stack, &facts, "Subject: spam\r\n\r\n").await, "550 5.7.1 no spam");
}

#[tokio::test]
async fn a_header_is_bounded() {
    let layer = policy_fn(no_spam).max_header_size(10);
    let stack = BoxSmtpService::new(layer.layer(deliver()));
    let sent = send(&stack, &in_transaction(facts()), "Subject: a long one\r\n\r\n").await;
    assert_eq!(sent, "552 5.3.4 the header of the message is too large");
}

#[tokio::test]
async fn the_rest_is_not_asked_for_before_the_decision() {
    let (mut writer, body) = Body::channel();
    let layer = policy_fn(|_: Headers, _: Session| async { Err(Reply::new(550, "5.7.1 no")) });
    let stack = BoxSmtpService::new(layer.layer(deliver()));
    let facts = in_transaction(facts());
    let mut call = Box::pin(ask(&stack, Command::Data(body), facts.session()));
    let mut sent = false;
    let reply = std::future::poll_fn(|cx| {
        loop {
            if let std::task::Poll::Ready(reply) = writer.while_polling(|| call.as_mut().poll(cx)) {
                return std::task::Poll::Ready(reply);
            }
            assert!(!sent, "it wants more than the header");
            std::task::ready!(writer.poll_demand(cx));
            writer.send("A: b\r\n\r\n".into());
            sent = true;
        }
    });
    assert_eq!(reply.await.code(), 550);
}

#[tokio::test]
async fn a_whole_message_can_be_read_again() {
    let layer = policy_fn(|message: WholeMessage<InMemory>, _: Session| async move {
        assert_eq!(message.envelope.recipients.len(), 1);
        match text(message.content.body()).await.len() {
            5.. => Err(Reply::new(550, "5.7.1 too much said")),
            _ => Ok(()),
        }
    });
    let stack = BoxSmtpService::new(layer.layer(deliver()));
    let facts = in_transaction(facts());
    assert_eq!(send(&stack, &facts, "four").await, "250 to <joe@example.org> four");
    assert_eq!(send(&stack, &facts, "fives").await, "550 5.7.1 too much said");
}

#[tokio::test]
async fn a_whole_message_is_bounded_by_what_was_offered() {
    let layer = policy_fn(|_: WholeMessage<InMemory>, _: Session| async { Ok(()) });
    let stack = BoxSmtpService::new(layer.layer(deliver()));
    let mut facts = facts();
    let mut capabilities = Capabilities::new();
    capabilities.insert(Capability::new("SIZE").argument("4"));
    facts.set_hello(Hello::extended(smtp_core::testing::domain("c.example")), capabilities);
    let facts = in_transaction(facts);
    assert_eq!(send(&stack, &facts, "four").await, "250 to <joe@example.org> four");
    assert_eq!(send(&stack, &facts, "fives").await, "552 5.3.4 message too large");
    let layer = policy_fn(|_: WholeMessage<InMemory>, _: Session| async { Ok(()) }).max_message_size(3);
    let stack = BoxSmtpService::new(layer.layer(deliver()));
    assert_eq!(send(&stack, &facts, "four").await, "552 5.3.4 message too large");
}

#[tokio::test]
async fn a_message_that_was_not_received_whole_is_not_decided_about() {
    async fn never<A>(_: A, _: Session) -> Result<(), Reply> {
        panic!("there is nothing to decide")
    }
    let facts = in_transaction(facts());
    for stack in [
        BoxSmtpService::new(policy_fn(never::<Headers>).layer(deliver())),
        BoxSmtpService::new(policy_fn(never::<WholeMessage<InMemory>>).layer(deliver())),
    ] {
        let (mut writer, body) = Body::channel();
        writer.fail(BodyErrorKind::Disconnected);
        let reply = ask(&stack, Command::Data(body), facts.session()).await;
        assert_eq!(reply.to_string(), "451 4.4.2 message not received whole");
    }
}
