//! Logins by Cyrus SASL's daemon.

use std::time::Duration;

use smtp_auth::{Saslauthd, Verdict};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixListener;

use crate::login::{all, error, plain, verify};

#[tokio::test]
async fn passwords_are_verified() {
    let place = peers::Saslauthd::new();
    let _daemon = place.start(&[]);
    let store = Saslauthd::new(place.socket());
    let longer = "a".repeat(257);
    let logins = [
        ("alice", "correct horse", Verdict::Accepted),
        ("alice", "correct horsf", Verdict::Refused),
        ("alice", "correct horse ", Verdict::Refused),
        ("alice\0", "correct horse", Verdict::Refused),
        ("alice", "correct horse\0", Verdict::Refused),
        ("alice", &longer, Verdict::Refused),
        ("alicf", "correct horse", Verdict::Refused),
        ("nobody", "x", Verdict::Refused),
        // Of another service.
        ("bob", "other service", Verdict::Refused),
    ];
    all(&store, &logins).await;
    all(&store.service("imap"), &[("bob", "other service", Verdict::Accepted)]).await;
}

#[tokio::test]
async fn names_have_realms() {
    let place = peers::Saslauthd::new();
    // Joins user and realm again.
    let _daemon = place.start(&["-r"]);
    let store = Saslauthd::new(place.socket());
    let logins = [
        ("joe@example.org", "secret", Verdict::Accepted),
        ("joe@example.net", "secret", Verdict::Refused),
        ("joe", "secret", Verdict::Refused),
    ];
    all(&store, &logins).await;
    all(&store.clone().realm("example.org"), &[("joe", "secret", Verdict::Accepted)]).await;
    all(&store.whole_names(), &[("joe@example.org", "secret", Verdict::Accepted)]).await;
}

#[tokio::test]
async fn a_daemon_that_is_away_is_waited_for() {
    let place = peers::Saslauthd::new();
    let store = Saslauthd::new(place.socket());
    assert!(error(&store).await.contains("saslauthd is not there"));
    let reply = plain(&store, "alice", "correct horse").await;
    assert_eq!(reply.to_string(), "454 4.7.0 temporary authentication failure");

    let daemon = place.start(&[]);
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 235);
    assert_eq!(plain(&store, "alice", "wrong").await.code(), 535);
    drop(daemon);
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 454);
    let _daemon = place.start(&[]);
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 235);
}

#[tokio::test]
async fn a_daemon_that_hangs_holds_nobody_up_for_long() {
    let place = peers::Saslauthd::new();
    let daemon = place.start(&[]);
    let store = Saslauthd::new(place.socket()).max_concurrent(1).timeout(Duration::from_millis(200));
    daemon.signal("-STOP");
    let impatient = store.clone().timeout(Duration::from_millis(50));
    let (first, second) = tokio::join!(error(&store), error(&impatient));
    assert!(first.contains("no answer within"), "{first}");
    assert!(second.contains("too many logins are waiting"), "{second}");
    daemon.signal("-CONT");
    let store = store.timeout(Duration::from_secs(30));
    assert_eq!(verify(&store, "alice", "correct horse").await.unwrap(), Verdict::Accepted);
}

#[tokio::test]
async fn something_else_at_the_socket_is_believed_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("mux");
    let listener = UnixListener::bind(&socket).unwrap();
    let store = Saslauthd::new(&socket);
    let replies: [&[u8]; 4] = [b"", b"\0\x02", b"\x40\x00OK", b"* OK Dovecot ready.\r\n"];
    for reply in replies {
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(reply).await.unwrap();
        };
        let ((), error) = tokio::join!(serve, error(&store));
        assert!(error.contains("saslauthd does not answer"), "{error}");
    }
}
