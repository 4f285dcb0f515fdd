//! Logins by Dovecot's authentication server.

use std::time::Duration;

use smtp_auth::{DovecotAuth, Verdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;

use crate::login::{all, error, plain, verify, verify_from};

#[tokio::test]
async fn passwords_are_verified() {
    let place = peers::Dovecot::new("");
    let _daemon = place.start();
    let longest = "a".repeat(9000);
    let logins = [
        ("alice", "correct horse", Verdict::Accepted),
        ("alice", "correct horsf", Verdict::Refused),
        ("alice", "correct horse ", Verdict::Refused),
        ("alice\0", "correct horse", Verdict::Refused),
        ("alice", "correct horse\0", Verdict::Refused),
        ("alice", &longest, Verdict::Refused),
        ("alicf", "correct horse", Verdict::Refused),
        ("nobody", "x", Verdict::Refused),
        ("al\u{1}ce", "x", Verdict::Refused),
        ("joe@example.org", "secret", Verdict::Accepted),
        ("joe", "secret", Verdict::Refused),
        // As Dovecot spells it.
        ("ALICE", "correct horse", Verdict::AcceptedAs("alice".to_owned())),
        ("shut", "secret", Verdict::Refused),
    ];
    all(&DovecotAuth::new(place.socket()), &logins).await;
}

#[tokio::test]
async fn rules_may_go_by_the_session() {
    let place = peers::Dovecot::new("");
    let _daemon = place.start();
    let store = DovecotAuth::new(place.socket());
    for (address, expected) in
        [("192.0.2.7", Verdict::Accepted), ("198.51.100.7", Verdict::Refused), ("::1", Verdict::Refused)]
    {
        let verdict = verify_from(address, &store, "near", "secret").await;
        assert_eq!(verdict.unwrap(), expected, "{address}");
    }
}

#[tokio::test]
async fn many_ask_at_once() {
    let place = peers::Dovecot::new("");
    let _daemon = place.start();
    let store = DovecotAuth::new(place.socket()).max_concurrent(8);
    let mut logins = tokio::task::JoinSet::new();
    for number in 0..50 {
        let store = store.clone();
        logins.spawn(async move {
            let (password, expected) = match number % 2 {
                0 => ("correct horse", Verdict::Accepted),
                _ => ("wrong", Verdict::Refused),
            };
            assert_eq!(verify(&store, "alice", password).await.unwrap(), expected);
        });
    }
    logins.join_all().await;
}

#[tokio::test]
async fn a_daemon_that_is_away_is_waited_for() {
    let place = peers::Dovecot::new("");
    let store = DovecotAuth::new(place.socket());
    assert!(error(&store).await.contains("Dovecot is not there"));
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 454);

    let daemon = place.start();
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 235);
    assert_eq!(plain(&store, "alice", "wrong").await.code(), 535);
    drop(daemon);
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 454);
    let _daemon = place.start();
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 235);
}

#[tokio::test]
async fn what_dovecot_asks_may_be_away() {
    let place =
        peers::Dovecot::new("passdb {\n driver = checkpassword\n args = /nonexistent/checkpassword\n}");
    let _daemon = place.start();
    let store = DovecotAuth::new(place.socket());
    all(&store, &[("alice", "correct horse", Verdict::Accepted)]).await;
    // Who is not in the first database may be in the second.
    let error = verify(&store, "nobody", "x").await.unwrap_err().to_string();
    assert!(error.contains("Dovecot cannot reach what it asks itself"), "{error}");
}

#[tokio::test]
async fn a_dovecot_without_plain_is_told_of() {
    let place = peers::Dovecot::new("auth_mechanisms = anonymous");
    let _daemon = place.start();
    let error = error(&DovecotAuth::new(place.socket())).await;
    assert!(error.contains("add it to auth_mechanisms"), "{error}");
}

#[tokio::test]
async fn a_daemon_that_hangs_holds_nobody_up_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("client");
    // It is accepted by the kernel, and by nobody else.
    let _listener = UnixListener::bind(&socket).unwrap();
    let store = DovecotAuth::new(&socket).timeout(Duration::from_millis(50));
    let error = error(&store).await;
    assert!(error.contains("no answer within"), "{error}");
}

#[tokio::test]
async fn something_else_at_the_socket_hears_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("client");
    let listener = UnixListener::bind(&socket).unwrap();
    let store = DovecotAuth::new(&socket);
    let endless = b"VERSION\t1\t2\n".repeat(10_000);
    let answers: [(&[u8], &str); 5] = [
        (b"220 mail.example.org ESMTP\r\n", "not Dovecot"),
        (b"VERSION\t2\t0\n", "not Dovecot"),
        (b"VERSION\t1\t2\nMECH\tPLAIN\n", "hung up"),
        (&endless, "too much"),
        (&[b'x'; 100_000], "too much"),
    ];
    for (answer, expected) in answers {
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            // It may have had enough before the end.
            let _ = stream.write_all(answer).await;
            stream.shutdown().await.unwrap();
            let mut heard = Vec::new();
            let _ = stream.read_to_end(&mut heard).await;
            String::from_utf8(heard).unwrap()
        };
        let (heard, error) = tokio::join!(serve, error(&store));
        assert!(error.contains(expected), "{error}");
        assert!(!heard.contains("AUTH"), "{heard}");
    }
}
