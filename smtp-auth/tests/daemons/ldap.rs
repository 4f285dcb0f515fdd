//! Binds at OpenLDAP's server.

use std::time::Duration;

use smtp_auth::{Ldap, LdapServer, LdapUsers, TrustedRoots, Verdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener};

use crate::login::{all, error, plain, verify};
use crate::slapd::{BASE, HOST, Place, READER, Slapd};

fn by_template() -> LdapUsers {
    LdapUsers::template(&format!("uid={{user}},{BASE}")).unwrap()
}

fn by_search(filter: &str) -> LdapUsers {
    LdapUsers::search(BASE, filter).unwrap().account(READER.0, READER.1.into())
}

#[tokio::test]
async fn users_bind_as_a_template_says() {
    let slapd = Slapd::start();
    let logins = [
        ("alice", "correct horse", Verdict::Accepted),
        ("alice@example.org", "correct horse", Verdict::Accepted),
        ("alice", "correct horsf", Verdict::Refused),
        ("alice", "", Verdict::Refused),
        ("", "", Verdict::Refused),
        ("alice\0", "correct horse", Verdict::Refused),
        ("alice", "correct horse\0", Verdict::Refused),
        ("alicf", "correct horse", Verdict::Refused),
        ("none", "x", Verdict::Refused),
        ("none", "", Verdict::Refused),
        // What a name looks like, it does not do.
        ("joe,x=(*)", "secret", Verdict::Accepted),
        ("alice,ou=people", "correct horse", Verdict::Refused),
        ("*", "secret", Verdict::Refused),
        ("old", "secret", Verdict::Expired),
        ("old", "wrong", Verdict::Refused),
        ("new", "secret", Verdict::Expired),
        ("new", "wrong", Verdict::Refused),
    ];
    all(&Ldap::new(LdapServer::unix(slapd.place.socket()), by_template()), &logins).await;
    all(&Ldap::new(LdapServer::plaintext(HOST, slapd.port), by_template()), &logins).await;
}

#[tokio::test]
async fn users_are_searched_for() {
    let slapd = Slapd::start();
    let server = LdapServer::unix(slapd.place.socket());
    let users = by_search("(|(uid={name})(mail={name}))");
    let logins = [
        ("alice", "correct horse", Verdict::Accepted),
        ("a@example.org", "correct horse", Verdict::Accepted),
        ("alice@example.org", "correct horsf", Verdict::Refused),
        ("alice@example.net", "correct horse", Verdict::Refused),
        ("nobody", "x", Verdict::Refused),
        ("joe,x=(*)", "secret", Verdict::Accepted),
        ("joe@example.org", "secret", Verdict::Accepted),
        ("*", "secret", Verdict::Refused),
        ("joe*", "secret", Verdict::Refused),
        ("x)(uid=alice", "correct horse", Verdict::Refused),
        // Two entries.
        ("twin@example.org", "secret", Verdict::Refused),
        ("twin1", "secret", Verdict::Accepted),
        ("old", "secret", Verdict::Expired),
    ];
    all(&Ldap::new(server.clone(), users.clone()), &logins).await;

    let named = Ldap::new(server.clone(), users.clone().name_attribute("UID"));
    let alice = || Verdict::AcceptedAs("alice".to_owned());
    let logins = [
        ("alice", "correct horse", Verdict::Accepted),
        ("ALICE", "correct horse", alice()),
        ("a@example.org", "correct horse", alice()),
        ("a@example.org", "wrong", Verdict::Refused),
        ("joe@example.org", "secret", Verdict::AcceptedAs("joe,x=(*)".to_owned())),
        ("old", "secret", Verdict::Expired),
        ("nobody", "x", Verdict::Refused),
    ];
    all(&named, &logins).await;

    // Two values, and none.
    for attribute in ["title", "mobile"] {
        let named = Ldap::new(server.clone(), users.clone().name_attribute(attribute));
        assert!(error(&named).await.contains(&format!("not one value of {attribute}")));
    }
}

#[tokio::test]
async fn a_search_needs_its_rights() {
    let slapd = Slapd::start();
    let server = LdapServer::unix(slapd.place.socket());
    let wrong = by_search("(uid={user})").account(READER.0, "wrong".into());
    assert!(error(&Ldap::new(server.clone(), wrong)).await.contains("account of the search is refused"));
    let anonymous = LdapUsers::search(BASE, "(uid={user})").unwrap();
    assert!(error(&Ldap::new(server, anonymous)).await.contains("the search failed"));
}

#[tokio::test]
async fn passwords_go_through_tls() {
    let slapd = Slapd::start();
    let logins =
        [("alice", "correct horse", Verdict::Accepted), ("alice", "correct horsf", Verdict::Refused)];
    let (port, tls_port, roots) = (slapd.port, slapd.tls_port, slapd.place.roots());
    let tls = LdapServer::tls(HOST, tls_port, &roots).unwrap();
    all(&Ldap::new(tls, by_template()), &logins).await;
    let start_tls = LdapServer::start_tls(HOST, port, &roots).unwrap();
    all(&Ldap::new(start_tls, by_search("(uid={user})")), &logins).await;
    let strangers = TrustedRoots::Web;
    for server in [
        LdapServer::tls(HOST, tls_port, &strangers),
        LdapServer::start_tls(HOST, port, &strangers),
        // The certificate is for the name.
        LdapServer::tls("127.0.0.1", tls_port, &roots),
    ] {
        let error = error(&Ldap::new(server.unwrap(), by_template())).await;
        assert!(error.contains("no TLS") && error.contains("certificate"), "{error}");
    }
}

#[tokio::test]
async fn a_directory_that_is_away_is_waited_for() {
    let place = Place::new();
    let store = Ldap::new(LdapServer::unix(place.socket()), by_template());
    assert!(error(&store).await.contains("the directory is not there"));
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 454);

    let Slapd { place, daemon, .. } = place.start();
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 235);
    assert_eq!(plain(&store, "alice", "wrong").await.code(), 535);
    assert_eq!(plain(&store, "old", "secret").await.to_string().split(' ').nth(1), Some("5.7.13"));
    drop(daemon);
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 454);
    let _slapd = place.start();
    assert_eq!(plain(&store, "alice", "correct horse").await.code(), 235);
}

#[tokio::test]
async fn a_directory_that_hangs_holds_nobody_up_for_long() {
    let slapd = Slapd::start();
    let store = Ldap::new(LdapServer::unix(slapd.place.socket()), by_template()).max_concurrent(1);
    let (patient, impatient) =
        (store.clone().timeout(Duration::from_millis(200)), store.clone().timeout(Duration::from_millis(50)));
    slapd.daemon.signal("-STOP");
    let (first, second) = tokio::join!(error(&patient), error(&impatient));
    assert!(first.contains("no answer within"), "{first}");
    assert!(second.contains("too many logins are waiting"), "{second}");
    slapd.daemon.signal("-CONT");
    assert_eq!(verify(&store, "alice", "correct horse").await.unwrap(), Verdict::Accepted);
}

#[tokio::test]
async fn something_else_harms_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let store = Ldap::new(LdapServer::unix(&socket), by_template());
    let deep = b"\x30\x84\0\0\xff\0".repeat(10_000);
    // The library panics at some of these.
    let answers: [&[u8]; 7] = [
        b"",
        b"220 mail.example.org ESMTP\r\n",
        b"\x30\x00",
        b"\x30\x05\x02\x01\x01\x61\x00",
        b"\x30\x08\x02\x01\x01\x61\x03\x0a\x01\x00",
        b"\x30\x84\xff\xff\xff\xff",
        &deep,
    ];
    for answer in answers {
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            // The request comes first.
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        };
        let ((), error) = tokio::join!(serve, error(&store));
        assert!(error.starts_with("the credential store cannot answer: "), "{error}");
    }
}

#[tokio::test]
async fn without_start_tls_no_password_is_sent() {
    let listener = TcpListener::bind((HOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let place = Place::new();
    let store = Ldap::new(LdapServer::start_tls(HOST, port, &place.roots()).unwrap(), by_template());
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = vec![0; 1024];
        let length = stream.read(&mut heard).await.unwrap();
        heard.truncate(length);
        // An extended response: unavailable.
        stream.write_all(b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00").await.unwrap();
        stream.read_to_end(&mut heard).await.unwrap();
        heard
    };
    let (heard, error) = tokio::join!(serve, error(&store));
    assert!(error.contains("StartTLS is refused"), "{error}");
    assert!(heard.ends_with(b"1.3.6.1.4.1.1466.20037"), "{heard:?}");
}
