//! Found by MX records in a real name server: Postfix and Exim.

use std::{fs, io};

use peers::{HttpsServer, NameServer, Zone};
use smtp_server::auth::Mechanism;
use smtp_server::auth::client::AuthClient;
use smtp_server::delivery::Relay;
use smtp_server::delivery::relay::mx::{DnsMx, Mx};
use smtp_server::delivery::relay::{Pool, PoolOptions};
use smtp_server::tls::{Authorities, DnsResolver, MtaSts, RelayTls, SelfSigned};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};

use crate::exim::{self, Exim};
use crate::mail::{as_stored, assert_same, content, relay, split_header};
use crate::postfix::Postfix;
use crate::tls::Identity;
use crate::{OF_REALM, joe};

/// Gives a server that listens on no port one on loopback.
async fn on_a_port<Fut>(connect: impl Fn() -> Fut + Send + 'static) -> u16
where
    Fut: Future<Output = io::Result<UnixStream>> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("it is bound").port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            if let Ok(mut server) = connect().await {
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            }
        }
    });
    port
}

/// The best server of example.net is not there, the second one is on this port.
fn by_mx(port: u16) -> (NameServer, Relay) {
    let names = NameServer::start(&[Zone::plain(
        "net",
        "example MX 10 down.example\nexample MX 20 mx.example\ndown.example A 127.0.0.9\n\
         mx.example A 127.0.0.1\nmx.example AAAA ::1\n\
         mta-sts.example A 127.0.0.1\n_mta-sts.example TXT \"v=STSv1; id=1;\"\n",
    )]);
    let dns = DnsMx::with_servers([names.address()]).build().expect("a resolver");
    (names, Relay::by_mx(Mx::new(dns).port(port).allow_loopback()))
}

#[tokio::test]
async fn postfix_is_found() {
    let postfix = Postfix::start("");
    let socket = postfix.socket();
    let port = on_a_port(move || UnixStream::connect(socket.clone())).await;
    let (_names, to) = by_mx(port);
    let pool = Pool::new(PoolOptions::default());
    let to = to.auth(AuthClient::new(joe(OF_REALM))).pool(pool.clone());
    for _ in 0..3 {
        let outcome = relay(to.clone(), &["BODY=8BITMIME", "SIZE=2000"], content()).await;
        assert!(outcome[0].starts_with("250 2.0.0 Ok: queued"), "{outcome:?}");
        postfix.logs("status=sent");
        assert_eq!(pool.idle(), 1);
    }
    pool.clear().await;
    // All of them went over one connection, and it ended well.
    let line = postfix.logs("disconnect from");
    assert!(line.contains(" mail=3 rcpt=3 data=3 rset=2 quit=1 "), "{line}");
    let mails = postfix.mails();
    assert_eq!(mails.len(), 3);
    for mail in mails {
        assert_same(split_header(&mail).1, &as_stored(&content()));
    }
}

#[tokio::test]
async fn postfix_is_held_to_the_policy_of_its_domain() {
    let identity = Identity::new("mx.example.net");
    let postfix = Postfix::start(&format!(
        "smtpd_tls_security_level = may\nsmtpd_tls_chain_files = {}\nsmtpd_tls_received_header = yes\n",
        identity.pem().display()
    ));
    let socket = postfix.socket();
    let port = on_a_port(move || UnixStream::connect(socket.clone())).await;
    let (names, to) = by_mx(port);
    let to = to.auth(AuthClient::new(joe(OF_REALM)));

    let issued = SelfSigned::generate(&["mta-sts.example.net"]).expect("a certificate");
    let key = std::str::from_utf8(issued.key_pem.expose()).expect("text");
    let https = HttpsServer::start(&issued.certificate_pem, key);
    fs::create_dir(https.folder().join(".well-known")).expect("a folder");
    let policy = "version: STSv1\r\nmode: enforce\r\nmx: mx.example.net\r\nmax_age: 86400\r\n";
    fs::write(https.folder().join(".well-known/mta-sts.txt"), policy).expect("a file");
    let client = |authorities: Authorities| {
        let authorities = authorities.pem(issued.certificate_pem.as_bytes());
        let resolver = DnsResolver::with_servers([names.address()], Some(&names.anchors()));
        let mta_sts = MtaSts::new(resolver.expect("a file"), &authorities).expect("good authorities");
        let builder = RelayTls::builder().authorities(authorities).mta_sts(mta_sts.port(https.port()));
        builder.build().expect("nothing to read")
    };

    // Its certificate is a stranger's to who does not know the CA.
    let outcome = relay(to.clone().tls(client(Authorities::new())), &[], content()).await;
    assert_eq!(outcome, ["451 4.7.5 no secure connection to the next hop"]);
    let outcome = relay(to.tls(client(identity.authorities())), &[], content()).await;
    assert!(outcome[0].starts_with("250 2.0.0 Ok: queued"), "{outcome:?}");
    postfix.logs("status=sent");
    let mails = postfix.mails();
    assert_eq!(mails.len(), 1);
    let (header, rest) = split_header(&mails[0]);
    assert_same(rest, &as_stored(&content()));
    assert!(header.contains("using TLSv1.3 with cipher"), "{header}");
}

#[tokio::test]
async fn exim_is_found() {
    let server = Exim::new("tls_advertise_hosts =\n");
    let config = server.config();
    let port = on_a_port(move || std::future::ready(exim::connect(&config))).await;
    let (_names, to) = by_mx(port);
    let credentials = joe("joe").mechanisms([Mechanism::CRAM_MD5]);
    let outcome = relay(to.auth(AuthClient::new(credentials)), &["BODY=8BITMIME"], content()).await;
    assert!(outcome[0].starts_with("250 2.0.0 OK id="), "{outcome:?}");
    let mails = server.mails();
    assert_eq!(mails.len(), 1, "{}", server.log());
    assert_same(split_header(&mails[0]).1, &as_stored(&content()));
}
