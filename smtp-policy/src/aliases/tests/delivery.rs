//! Who gets what from whom (RFC 3461 section 5.2.7).

use smtp_core::{Body, Expansion, Parameter, Replay, Session, Spool};

use super::*;

const LISTS: &str = "\
staff: ann, far@example.net
owner-staff: ann
board: sue@example.com, far@example.net
owner-board: joe
one: joe
two: joe, sue@example.com
";

/// `address PARAMETER PARAMETER`
fn rcpt(text: &str) -> Recipient {
    let mut words = text.split(' ');
    let mut recipient = recipient(words.next().unwrap()).routed(Route::Local);
    words.for_each(|word| recipient.parameters.insert(Parameter::parse(word).unwrap()));
    recipient
}

fn session() -> Session {
    SessionFacts::new(Default::default()).session().clone()
}

fn from(sender_parameters: &str, to: &[&str], body: impl Into<Body>) -> Message {
    let mut mail = sender("x@example.net");
    sender_parameters
        .split_whitespace()
        .for_each(|word| mail.parameters.insert(Parameter::parse(word).unwrap()));
    let mut envelope = Envelope::new(mail);
    envelope.recipients = to.iter().map(|text| rcpt(text)).collect();
    Message::new(envelope.into(), body.into(), session())
}

/// `<sender> PARAMETERS: <recipient> PARAMETERS, <recipient> PARAMETERS`
fn written(envelope: &Envelope) -> String {
    let parameters = |parameters: &smtp_core::Parameters| -> String {
        parameters.iter().map(|parameter| format!(" {parameter}")).collect()
    };
    let recipients = envelope.recipients.iter().map(|r| format!("{r}{}", parameters(&r.parameters)));
    let recipients: Vec<_> = recipients.collect();
    format!("{}{}: {}", envelope.sender, parameters(&envelope.sender.parameters), recipients.join(", "))
}

#[tokio::test]
async fn members_hear_what_they_are_owed() {
    const ASKED: &str = "NOTIFY=SUCCESS,FAILURE";
    for (to, envelopes, expanded) in [
        (
            &["ann@example.org"][..],
            &[
                "<x@example.net> RET=HDRS ENVID=1 BY=9;N BODY=8BITMIME: <ann@example.org> NOTIFY=SUCCESS,FAILURE",
            ][..],
            &[][..],
        ),
        // Section 5.2.7.2.
        (
            &["one@example.org"],
            &[
                "<x@example.net> RET=HDRS ENVID=1 BY=9;N BODY=8BITMIME: <joe@example.org> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;one@example.org",
            ],
            &[],
        ),
        // Section 5.2.7.3.
        (
            &["two@example.org ORCPT=rfc822;a@example.net"],
            &["<x@example.net> RET=HDRS ENVID=1 BY=9;N BODY=8BITMIME: \
               <joe@example.org> ORCPT=rfc822;a@example.net NOTIFY=FAILURE, \
               <sue@example.com> ORCPT=rfc822;a@example.net NOTIFY=FAILURE"],
            &["<two@example.org> alias"],
        ),
        // Section 5.2.7.1.
        (
            &["staff@example.org"],
            &["<owner-staff@example.org> BODY=8BITMIME: \
               <ann@example.org> ORCPT=rfc822;ann@example.org, <far@example.net> ORCPT=rfc822;far@example.net"],
            &["<staff@example.org> list"],
        ),
        // Each member gets it once, from the sender if that names it.
        (
            &["staff@example.org", "board@example.org", "ann@example.org"],
            &[
                "<x@example.net> RET=HDRS ENVID=1 BY=9;N BODY=8BITMIME: <ann@example.org> NOTIFY=SUCCESS,FAILURE",
                "<owner-staff@example.org> BODY=8BITMIME: <far@example.net> ORCPT=rfc822;far@example.net",
                "<owner-board@example.org> BODY=8BITMIME: <sue@example.com> ORCPT=rfc822;sue@example.com",
            ],
            &["<staff@example.org> list", "<board@example.org> list"],
        ),
    ] {
        let delivery = RecordingDelivery::new();
        let stack = AliasLayer::new(directory(LISTS)).layer(delivery.clone());
        let to: Vec<_> = to.iter().map(|to| format!("{to} {ASKED}")).collect();
        let to: Vec<_> = to.iter().map(String::as_str).collect();
        let message = from("RET=HDRS ENVID=1 BY=9;N BODY=8BITMIME", &to, "Subject: x\r\n\r\n");
        let session = message.session.clone();
        stack.oneshot(message).await.unwrap();
        let messages = delivery.messages();
        assert!(messages.iter().all(|message| message.content == b"Subject: x\r\n\r\n"));
        let delivered: Vec<_> = messages.iter().map(|message| written(&message.envelope)).collect();
        assert_eq!(delivered, envelopes, "{to:?}");
        let left = session.transaction().remove::<Expansion>();
        let left = left.map(|left| {
            assert_eq!(left.sender.to_string(), "<x@example.net>");
            let kind = |is_list| if is_list { "list" } else { "alias" };
            let one = |one: &smtp_core::Expanded| format!("{} {}", one.recipient, kind(one.is_list));
            left.recipients.iter().map(one).collect::<Vec<_>>()
        });
        assert_eq!(left.unwrap_or_default(), expanded, "{to:?}");
    }
}

#[tokio::test]
async fn who_wants_success_alone_hears_nothing_from_several_members() {
    let delivery = RecordingDelivery::new();
    let stack = AliasLayer::new(directory(LISTS)).layer(delivery.clone());
    stack.oneshot(from("", &["two@example.org NOTIFY=SUCCESS"], Body::empty())).await.unwrap();
    let recipients = &delivery.messages()[0].envelope.recipients;
    assert!(recipients.iter().all(|r| r.parameters.get("NOTIFY").unwrap().to_string() == "NOTIFY=NEVER"));
}

#[tokio::test]
async fn what_fails_for_one_sender_does_not_fail_for_the_other() {
    let inner = service_fn(|message: Message| async move {
        match message.envelope.sender.to_string().as_str() {
            "<x@example.net>" => Ok(Reply::new(250, "2.0.0 here").into()),
            "<owner-staff@example.org>" => Err(BoxError::from(Reply::new(452, "4.3.1 full"))),
            _ => Err("broken".into()),
        }
    });
    let stack = AliasLayer::new(directory(LISTS)).layer(inner);
    let to = ["staff@example.org", "joe@example.org", "board@example.org"];
    let Outcomes::Each(replies) = stack.oneshot(from("", &to, "x\r\n")).await.unwrap() else { panic!() };
    let replies: Vec<_> = replies.iter().map(ToString::to_string).collect();
    assert_eq!(replies, ["452 4.3.1 full", "250 2.0.0 here", "451 4.3.0 delivery failed, try again later"]);
}

#[derive(Clone)]
struct Endless;

impl Spool for Endless {
    type Spooled = Self;

    async fn spool(&self, _: Body) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

impl Replay for Endless {
    fn body(&self) -> Body {
        "kept elsewhere\r\n".into()
    }
}

#[tokio::test]
async fn a_large_message_is_kept_where_the_application_says() {
    let to = ["staff@example.org", "joe@example.org"];
    let delivery = RecordingDelivery::new();
    let layer = AliasLayer::new(directory(LISTS));
    let large = || vec![b'x'; 1024 * 1024 + 1];
    let error = layer.layer(delivery.clone()).oneshot(from("", &to, large())).await.unwrap_err();
    assert_eq!(error.downcast::<Reply>().unwrap().code(), 452);
    assert!(delivery.messages().is_empty());
    layer.clone().spool(Endless).layer(delivery.clone()).oneshot(from("", &to, large())).await.unwrap();
    assert!(delivery.messages().iter().all(|message| message.content == b"kept elsewhere\r\n"));
    // What goes one way is not kept at all.
    layer.layer(delivery.clone()).oneshot(from("", &to[..1], large())).await.unwrap();
    assert_eq!(delivery.messages()[2].content.len(), large().len());
}
