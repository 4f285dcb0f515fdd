//! Notifications, taken by a Postfix that is strict about MIME.

use std::sync::Arc;
use std::time::SystemTime;

use smtp_server::delivery::bounce::{Notifier, Original, Report};
use smtp_server::testing::{domain, facts, recipient, sender};
use smtp_server::{
    Acceptance, ForwardPath, Mailbox, Message, Outcomes, Parameter, Remote, Reply, ReversePath,
};
use tower::ServiceExt;

use crate::postfix::Postfix;
use crate::{as_stored, assert_same, content, split_at};

const STRICT: &str = "strict_mime_encoding_domain = yes\n\
    strict_8bitmime_body = yes\n\
    smtputf8_enable = yes\n\
    smtpd_recipient_restrictions = reject_unauth_destination\n";

#[tokio::test]
async fn postfix_takes_notifications_as_they_are() {
    let postfix = Postfix::start(STRICT);
    let notifier = Notifier::new(domain("mx.example.org"));
    let labelled = |subject: &str| {
        let mime =
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit";
        format!("Subject: {subject}\r\n{mime}\r\n\r\ngr\u{fc}n\r\n.\r\n").into_bytes()
    };
    let utf8 = labelled("gr\u{fc}n");
    for (address, parameters, content) in [
        ("joe@example.net", &["RET=HDRS"][..], content()),
        ("joe@example.net", &["BODY=8BITMIME", "RET=FULL"], labelled("green")),
        ("joe@example.net", &["SMTPUTF8"], utf8.clone()),
        ("j\u{f6}e@example.net", &["SMTPUTF8"], utf8),
    ] {
        let mut sender = sender("joe@example.net");
        sender.path = ReversePath::from(Mailbox::from_utf8(address).expect("an address"));
        for text in parameters {
            sender.parameters.insert(Parameter::parse(text).expect("a parameter"));
        }
        let mut jane = recipient("jane@example.com");
        jane.path = ForwardPath::from(Mailbox::from_utf8("j\u{e4}ne@example.com").expect("an address"));
        let remote = Remote::new("mx.example.com", Acceptance::Relayed);
        let refused = Reply::new(550, "5.1.1 j\u{e4}ne is unknown\nto all").from_remote(remote);
        let (original, reports) = (Original::new(&sender, SystemTime::now()), [Report::of(&jane, &refused)]);
        let notices = notifier.notices(&original, &reports, SystemTime::now());
        let notification = notifier.compose(&notices[0], content.into()).await;
        let envelope = Arc::new(notification.envelope);
        let message = Message::new(envelope, notification.content.clone().into(), facts().session().clone());
        let relay = postfix.relay().name(domain("mx.example.org"));
        let outcomes = relay.oneshot(message).await.expect("the body is whole");
        let reply = Outcomes::fold(outcomes).to_string();
        assert!(reply.starts_with("250 2.0.0 Ok: queued"), "{address} {parameters:?} {reply}");
        let line = postfix.logs("status=");
        assert!(line.contains("status=sent"), "{line}");
        let mails = postfix.mails();
        let stored = as_stored(&notification.content);
        // It is the one of this name.
        let arrived = mails.iter().filter_map(|mail| split_at(mail, &stored[..200])).next();
        let arrived = arrived.unwrap_or_else(|| panic!("{address} {parameters:?} is not there"));
        assert_same(arrived, &stored);
    }
    assert_eq!(postfix.mails().len(), 4);
}
