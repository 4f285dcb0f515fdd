use bytes::Bytes;
use smtp_core::{Acceptance, Body, Outcomes};
use smtp_delivery::Lmtp;
use smtp_delivery::relay::{Pool, PoolOptions};
use tower::{Service, ServiceExt};

use crate::server::Dovecot;
use crate::{message, statuses};

const CONTENT: &str = "Subject: dots\r\n\r\n.\r\n..\r\n.x\r\n\r\n8-bit: \u{e4}\u{f6}\r\n.\r\n";

/// As Dovecot keeps it.
fn in_mailbox(content: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(content).replace("\r\n", "\n").into_bytes()
}

#[tokio::test]
async fn messages_arrive_as_they_were_sent() {
    let dovecot = Dovecot::start();
    let over_tcp = Lmtp::to("127.0.0.1", dovecot.port);
    let over_unix = Lmtp::unix(dovecot.socket());
    for (number, mut lmtp) in [over_tcp, over_unix].into_iter().enumerate() {
        let to = ["jane@example.org", "jim+detail@example.org"];
        let outcomes = lmtp.call(message(&to, CONTENT)).await.unwrap();
        let Outcomes::Each(each) = &outcomes else { panic!("each has an answer of its own: {outcomes:?}") };
        assert!(each.iter().all(|reply| reply.remote().unwrap().acceptance == Acceptance::Delivered));
        assert_eq!(statuses(outcomes, 2), ["250 2.0.0", "250 2.0.0"]);
        for user in ["jane", "jim"] {
            assert_eq!(dovecot.messages(user), vec![in_mailbox(CONTENT.as_bytes()); number + 1]);
        }
    }
}

#[tokio::test]
async fn large_messages_arrive_whole() {
    let dovecot = Dovecot::start();
    let header = Bytes::from_static(b"Subject: large\r\n\r\n");
    let lines: Vec<u8> = (0..300_000).flat_map(|n| format!(".{n}\r\n").into_bytes()).collect();
    let chunks: Vec<_> = std::iter::once(header.clone())
        .chain(lines.chunks(7001).map(Bytes::copy_from_slice))
        .map(Ok)
        .collect();
    let body = Body::from_stream(futures::stream::iter(chunks));
    let outcomes = Lmtp::unix(dovecot.socket()).oneshot(message(&["jane@example.org"], body)).await.unwrap();
    assert_eq!(statuses(outcomes, 1), ["250 2.0.0"]);
    let expected = in_mailbox(&[&header[..], &lines].concat());
    assert!(dovecot.messages("jane") == [expected]);
}

#[tokio::test]
async fn one_connection_serves_several_messages() {
    let dovecot = Dovecot::start();
    let pool = Pool::new(PoolOptions::default());
    let mut lmtp = Lmtp::to("127.0.0.1", dovecot.port).pool(pool.clone());
    for number in 1..4 {
        let outcomes =
            lmtp.call(message(&["jane@example.org", "nobody@example.org"], CONTENT)).await.unwrap();
        assert_eq!(statuses(outcomes, 2), ["250 2.0.0", "550 5.1.1"]);
        assert_eq!((dovecot.messages("jane").len(), pool.idle()), (number, 1));
    }
}

#[tokio::test]
async fn outcomes_differ() {
    let dovecot = Dovecot::start();
    let to = ["nobody@example.org", "jane@example.org", "full@example.org", "jim@example.org"];
    let expected = ["550 5.1.1", "250 2.0.0", "552 5.2.2", "250 2.0.0"];
    for mut lmtp in [Lmtp::to("127.0.0.1", dovecot.port), Lmtp::unix(dovecot.socket())] {
        let outcomes = lmtp.call(message(&to, CONTENT)).await.unwrap();
        assert_eq!(statuses(outcomes, to.len()), expected);
    }
    for (user, messages) in [("jane", 2), ("jim", 2), ("full", 0)] {
        assert_eq!(dovecot.messages(user).len(), messages, "{user}");
    }
    let outcomes = Lmtp::unix(dovecot.socket()).oneshot(message(&["nobody@example.org"; 2], CONTENT)).await;
    assert_eq!(statuses(outcomes.unwrap(), 2), ["550 5.1.1", "550 5.1.1"]);
}

#[tokio::test]
async fn a_server_that_is_away_is_waited_for() {
    let socket = {
        let dovecot = Dovecot::start();
        let path = dovecot.socket();
        assert!(path.exists());
        path
    };
    let outcomes = Lmtp::unix(socket).oneshot(message(&["jane@example.org"], CONTENT)).await.unwrap();
    assert_eq!(statuses(outcomes, 1), ["451 4.4.1"]);
}
