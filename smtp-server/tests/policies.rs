//! What policies decide, seen by a client and by the delivery.

use smtp_server::delivery::SpoolOptions;
use smtp_server::policy::{Decision, Headers, RelayLayer, StartOfData, WholeMessage, policy_fn};
use smtp_server::testing::{RecordingDelivery, Transcript, connect_with, domain, info, recipient};
use smtp_server::{
    Deliver, DeliveryService, Dialect, Message, Outcomes, Recipient, Reply, Route, Session, SmtpService,
};
use tower::{ServiceBuilder, service_fn};

/// Throws away what is for `trap@..`, and sends to `ann@..` what is for `joe@..`.
async fn by_recipient(recipient: Recipient, _: Session) -> Decision {
    match recipient.path.mailbox().map(|mailbox| mailbox.local_part().as_str()) {
        Some("trap") => Decision::discard(),
        Some("joe") => Decision::redirect([smtp_server::testing::recipient("ann@example.org")]),
        _ => Decision::accept(),
    }
}

/// Sends suspicious messages to one who looks at them.
async fn by_header(headers: Headers, _: Session) -> Decision {
    match headers.header.get("Subject").map(|subject| subject.value()).as_deref() {
        Some("suspicious") => {
            let quarantine = recipient("quarantine@example.org").routed(Route::Local);
            Decision::redirect([quarantine]).add_header("X-Quarantine", "the subject")
        }
        _ => Decision::accept(),
    }
}

fn stack<D: DeliveryService + Clone + Sync>(delivery: D) -> impl SmtpService + Clone {
    ServiceBuilder::new()
        .layer(policy_fn(by_recipient))
        .layer(policy_fn(by_header))
        .layer(RelayLayer::new().local_domains([domain("example.org").into()]))
        .service(Deliver::new(delivery))
}

fn delivered(delivery: &RecordingDelivery) -> Vec<(Vec<String>, String)> {
    let messages = delivery.messages().into_iter().map(|message| {
        let to = message.envelope.recipients.iter().map(ToString::to_string).collect();
        (to, String::from_utf8(message.content).expect("text"))
    });
    messages.collect()
}

#[tokio::test]
async fn the_delivery_hears_of_those_who_get_the_message() {
    let delivery = RecordingDelivery::new();
    let mut client = Transcript::new(connect_with(info(), stack(delivery.clone())));
    client
        .play(
            "
            S: 220 ...
            C: EHLO client.example
            S: 250*
            C: MAIL FROM:<a@example.net>
            C: RCPT TO:<trap@example.net>
            C: RCPT TO:<joe@example.org>
            C: RCPT TO:<jim@example.net>
            C: DATA
            S: 250 ...
            S: 250 2.1.5 recipient OK
            S: 250 2.1.5 recipient OK
            S: 550 5.7.1 relaying denied for example.net
            S: 354 ...
            C: Subject: hello
            C:
            C: .
            S: 250 2.0.0 recorded
            C: MAIL FROM:<a@example.net>
            C: RCPT TO:<trap@example.org>
            C: DATA
            S: 250 ...
            S: 250 2.1.5 recipient OK
            S: 354 ...
            C: Subject: to nobody
            C:
            C: .
            S: 250 2.0.0 message accepted for delivery
            C: MAIL FROM:<a@example.net>
            C: RCPT TO:<ann@example.org>
            C: RCPT TO:<jim@example.org>
            C: DATA
            S: 250 ...
            S: 250 ...
            S: 250 ...
            S: 354 ...
            C: Subject: suspicious
            C:
            C: .
            S: 250 2.0.0 recorded
            ",
        )
        .await;
    let expected = [
        (vec!["<ann@example.org>"], "Subject: hello\r\n\r\n"),
        (vec!["<quarantine@example.org>"], "X-Quarantine: the subject\r\nSubject: suspicious\r\n\r\n"),
    ];
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(to, content)| (to.into_iter().map(str::to_owned).collect::<Vec<_>>(), content.to_owned()))
        .collect();
    assert_eq!(delivered(&delivery), expected);
}

#[tokio::test]
async fn in_lmtp_each_recipient_has_a_reply_whoever_gets_the_message() {
    let each = service_fn(|mut message: Message| async move {
        while let Some(chunk) = message.body.next().await {
            chunk?;
        }
        let reply = |recipient: &Recipient| Reply::new(250, format!("2.0.0 {recipient}"));
        let replies = message.envelope.recipients.iter().map(reply).collect();
        Ok::<_, smtp_server::BodyError>(Outcomes::Each(replies))
    });
    let mut client = Transcript::new(connect_with(info().dialect(Dialect::Lmtp), stack(each)));
    client
        .play(
            "
            S: 220 ...
            C: LHLO client.example
            S: 250*
            C: MAIL FROM:<a@example.net>
            C: RCPT TO:<jim@example.org>
            C: RCPT TO:<trap@example.org>
            C: RCPT TO:<sue@example.org>
            C: DATA
            S: 250 ...
            S: 250 ...
            S: 250 ...
            S: 250 ...
            S: 354 ...
            C: Subject: hello
            C:
            C: .
            S: 250 2.0.0 <jim@example.org>
            S: 250 2.0.0 message accepted for delivery
            S: 250 2.0.0 <sue@example.org>
            C: MAIL FROM:<a@example.net>
            C: RCPT TO:<jim@example.org>
            C: RCPT TO:<sue@example.org>
            C: DATA
            S: 250 ...
            S: 250 ...
            S: 250 ...
            S: 354 ...
            C: Subject: suspicious
            C:
            C: .
            S: 250 2.0.0 <quarantine@example.org>
            S: 250 2.0.0 <quarantine@example.org>
            ",
        )
        .await;
}

#[tokio::test]
async fn a_whole_message_is_kept_in_a_file_and_passed_on() {
    let large = policy_fn(|message: WholeMessage<SpoolOptions>, _: Session| async move {
        match message.content.len() {
            0..40 => Ok(()),
            length => Err(Reply::new(552, format!("5.3.4 {length} octets are too many"))),
        }
    })
    .spool(SpoolOptions::default().threshold(10));
    let delivery = RecordingDelivery::new();
    let stack = ServiceBuilder::new()
        .layer(policy_fn(|_: StartOfData, _: Session| async {
            Decision::accept().add_header("X-First", "yes")
        }))
        .layer(large)
        .layer(RelayLayer::new().local_domains([domain("example.org").into()]))
        .service(Deliver::new(delivery.clone()));
    let mut client = Transcript::new(connect_with(info(), stack));
    client.play("S: 220 ...\nC: EHLO client.example\nS: 250*").await;
    for (content, reply) in
        [("twelve octets", "250 2.0.0 recorded"), ("twice twelve octets, it is", "552 5.3.4 42 octets ...")]
    {
        client
            .play(&format!(
                "C: MAIL FROM:<a@example.net>\nC: RCPT TO:<jim@example.org>\nC: DATA\nS: 250 ...\nS: 250 ...\n\
                 S: 354 ...\nC: {content}\nC: .\nS: {reply}"
            ))
            .await;
    }
    let expected = (vec!["<jim@example.org>".to_owned()], "X-First: yes\r\ntwelve octets\r\n".to_owned());
    assert_eq!(delivered(&delivery), [expected]);
}
