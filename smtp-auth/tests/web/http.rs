use std::net::{IpAddr, TcpListener};
use std::time::Duration;

use smtp_auth::{
    CredentialStore, HttpOptions, HttpStore, HttpStoreBuilder, PasswordLogin, StoreError, TrustedRoots,
    Verdict,
};
use smtp_core::testing::facts;
use smtp_core::{ConnectionInfo, Peer, SessionFacts, TlsInfo};

use crate::hostile::{self, Hostile};
use peers::Script;

fn service(arguments: &[&str]) -> (Script, u16) {
    let mut service = Script::start("python3", "smtp-auth/tests/web/service.py", arguments);
    let port = service.line().parse().unwrap();
    (service, port)
}

fn known(endpoint: String) -> HttpStoreBuilder {
    HttpStore::builder(endpoint).bearer("of the service").signing_key("signing key")
}

async fn login(store: &HttpStore, name: &str, password: &str) -> Result<Verdict, StoreError> {
    store.verify_password(PasswordLogin::new(name, password.into()), facts().session()).await
}

#[tokio::test]
async fn a_service_decides() {
    let (_service, port) = service(&["0"]);
    let store = known(format!("http://127.0.0.1:{port}/login")).build().unwrap();
    let table = [
        ("alice", "pencil", Some(Verdict::Accepted)),
        ("ALICE", "pencil", Some(Verdict::AcceptedAs("alice".to_owned()))),
        ("alice", "pencils", Some(Verdict::Refused)),
        ("nobody", "pencil", Some(Verdict::Refused)),
        ("no", "pencil", Some(Verdict::Refused)),
        ("unauthorized", "pencil", Some(Verdict::Refused)),
        ("old", "pencil", Some(Verdict::Expired)),
        ("strange", "pa\"ss\\w\u{f6}rd", Some(Verdict::Accepted)),
        ("broken", "pencil", None),
        ("nameless", "pencil", None),
    ];
    for (name, password, verdict) in table {
        assert_eq!(login(&store, name, password).await.ok(), verdict, "{name} {password}");
    }
    for stranger in [
        HttpStore::builder(format!("http://127.0.0.1:{port}/")),
        known(format!("http://127.0.0.1:{port}/")).bearer("of another"),
        known(format!("http://127.0.0.1:{port}/")).signing_key("another"),
    ] {
        let stranger = stranger.build().unwrap();
        assert!(login(&stranger, "alice", "pencil").await.is_err());
        assert!(!format!("{stranger:?}").contains("of another"));
    }
}

#[tokio::test]
async fn the_service_hears_of_the_session() {
    let (mut service, port) = service(&["0"]);
    let store = known(format!("http://localhost:{port}/")).build().unwrap();
    let local = SessionFacts::new(ConnectionInfo::default());
    let asked = PasswordLogin::new("alice", "pencil".into());
    store.verify_password(asked, local.session()).await.unwrap();
    let heard = "{\"listener\": \"smtp\", \"name\": \"alice\", \"peer\": null, \"tls\": null}";
    assert_eq!(service.line(), heard);

    let peer = Peer::Ip(("192.0.2.1".parse::<IpAddr>().unwrap(), 1000).into());
    let info = ConnectionInfo::new(peer, facts().session().server_name().clone()).listener("submission");
    let mut facts = SessionFacts::new(info);
    facts.set_tls(TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256).into());
    let asked = PasswordLogin::new("alice", "pencil".into());
    store.verify_password(asked, facts.session()).await.unwrap();
    let heard = "{\"listener\": \"submission\", \"name\": \"alice\", \"peer\": \"192.0.2.1\", \
        \"tls\": {\"cipher\": \"TLS_AES_256_GCM_SHA384\", \"version\": \"TLSv1.3\"}}";
    assert_eq!(service.line(), heard);
}

#[tokio::test]
async fn tls_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("server.pem"), folder.path().join("server.key"));
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (_service, port) = service(&["0", certificate.to_str().unwrap(), key.to_str().unwrap()]);
    let trusting = || HttpOptions::default().trusted_roots(TrustedRoots::File(certificate.clone()));
    let store = known(format!("https://localhost:{port}/")).options(trusting()).build().unwrap();
    assert_eq!(login(&store, "alice", "pencil").await.unwrap(), Verdict::Accepted);
    for (host, options) in [("localhost", HttpOptions::default()), ("127.0.0.1", trusting())] {
        let store = known(format!("https://{host}:{port}/")).options(options).build().unwrap();
        let error = login(&store, "alice", "pencil").await.unwrap_err().to_string();
        assert!(error.contains("certificate"), "{error}");
    }
}

#[tokio::test]
async fn a_service_that_goes_away_and_comes_back_is_noticed() {
    let (first, port) = service(&["0"]);
    let store = known(format!("http://127.0.0.1:{port}/")).build().unwrap();
    assert_eq!(login(&store, "alice", "pencil").await.unwrap(), Verdict::Accepted);
    drop(first);
    for _ in 0..2 {
        let error = login(&store, "alice", "pencil").await.unwrap_err().to_string();
        assert!(!error.contains("pencil") && !error.contains("of the service"), "{error}");
    }
    let (_second, _) = service(&[&port.to_string()]);
    assert_eq!(login(&store, "alice", "pencil").await.unwrap(), Verdict::Accepted);
}

#[tokio::test]
async fn what_is_no_answer_is_none() {
    hostile::each(|problem, address| async move {
        let options = HttpOptions::default().timeout(Duration::from_secs(2));
        let store = HttpStore::builder(address).options(options).build().unwrap();
        let error = login(&store, "alice", "pencil").await.expect_err(problem).to_string();
        assert!(!error.contains("pencil"), "{error}");
    })
    .await;
    for answer in
        ["{\"ok\":\"true\"}", "[]", "{}", "null", "{\"ok\":1}", "{\"ok\":true,\"name\":7}", "{\"ok\":true"]
    {
        let server = Hostile::start(&hostile::json(answer));
        let store = HttpStore::builder(server.address()).build().unwrap();
        assert!(login(&store, "alice", "pencil").await.is_err(), "{answer}");
    }
    let server = Hostile::start(&hostile::json("{\"ok\":true,\"more\":[{}]}"));
    let store = HttpStore::builder(server.address()).build().unwrap();
    assert_eq!(login(&store, "alice", "pencil").await.unwrap(), Verdict::Accepted);
}

#[tokio::test]
async fn nobody_is_sent_elsewhere() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    for status in ["301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = elsewhere.local_addr().unwrap();
        let answer =
            format!("HTTP/1.1 {status}\r\nLocation: http://{location}/\r\nContent-Length: 0\r\n\r\n");
        let server = Hostile::start(&answer);
        let store = HttpStore::builder(server.address()).build().unwrap();
        assert!(login(&store, "alice", "pencil").await.is_err(), "{status}");
        assert!(elsewhere.accept().is_err(), "{status}");
    }
}

#[test]
fn what_cannot_be_used_is_said() {
    for (endpoint, bearer, problem) in [
        ("http://auth.example/", "secret", "https"),
        ("https://user:hunter2@auth.example/", "secret", "password"),
        ("nonsense", "secret", "https"),
        ("https://auth.example/", "a\nb", "ASCII"),
        ("https://auth.example/", "\u{fc}", "ASCII"),
    ] {
        let error = HttpStore::builder(endpoint).bearer(bearer).build().unwrap_err().to_string();
        assert!(error.contains(problem) && !error.contains("hunter2"), "{error}");
    }
}
