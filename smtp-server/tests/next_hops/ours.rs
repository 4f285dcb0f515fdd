//! Our own server as the next hop: what a client declared arrives as it was declared.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtp_server::client::TlsDecision;
use smtp_server::delivery::Relay;
use smtp_server::extension::{
    BinaryMime, DeliverBy, Dsn, EightBitMime, ExtensionLayer, FutureRelease, MtPriority, RequireTls, SmtpUtf8,
};
use smtp_server::policy::RelayLayer;
use smtp_server::testing::{RecordingDelivery, connect, domain};
use smtp_server::tls::{Demand, SelfSigned, ServerTls, StartTlsLayer};
use smtp_server::{Deliver, Transport};
use tower::ServiceBuilder;

use crate::mail::{content, relay};
use crate::tls::Identity;

/// A relay to a server that knows every extension, and what that server takes.
fn pair() -> (Relay, RecordingDelivery, Identity) {
    let identity = Identity::new("mx.example.net");
    let pem = std::fs::read(identity.pem()).expect("a file");
    let delivery = RecordingDelivery::new();
    let stack = ServiceBuilder::new()
        .layer(StartTlsLayer::new(ServerTls::from_pem(&pem, &pem).expect("a certificate")))
        .layer(ExtensionLayer::new(EightBitMime))
        .layer(ExtensionLayer::new(BinaryMime))
        .layer(ExtensionLayer::new(SmtpUtf8))
        .layer(ExtensionLayer::new(Dsn))
        .layer(ExtensionLayer::new(MtPriority::new()))
        .layer(ExtensionLayer::new(DeliverBy::new()))
        .layer(ExtensionLayer::new(FutureRelease::at_most(Duration::from_hours(24))))
        .layer(ExtensionLayer::new(RequireTls))
        .layer(RelayLayer::new().local_domains([domain("example.net").into()]))
        .service(Deliver::new(delivery.clone()));
    let relay = Relay::over(move || {
        let connection = connect(stack.clone());
        async { Ok(Transport::new(connection)) }
    });
    let destination = smtp_server::client::Destination::new("mx.example.net", 25);
    (relay.destination(destination), delivery, identity)
}

const OF_MAIL: [&str; 6] =
    ["SIZE=2000", "RET=FULL", "ENVID=a+2Bb", "MT-PRIORITY=-3", "BY=120;NT", "HOLDFOR=60"];
const OF_RCPT: [&str; 2] = ["NOTIFY=SUCCESS,DELAY", "ORCPT=rfc822;Jane+2B@example.org"];

#[tokio::test]
async fn every_parameter_arrives() {
    for of_content in [&["BODY=8BITMIME"][..], &["BODY=8BITMIME", "SMTPUTF8"], &["BODY=BINARYMIME"]] {
        let (to_us, delivery, _) = pair();
        let all = [&OF_MAIL[..], of_content, &OF_RCPT].concat();
        assert_eq!(relay(to_us, &all, content()).await, ["250 2.0.0 recorded"], "{of_content:?}");
        let messages = delivery.messages();
        let envelope = &messages[0].envelope;
        let mut sent: Vec<&str> = [&OF_MAIL[..], of_content].concat();
        let mut arrived: Vec<String> = envelope.sender.parameters.iter().map(ToString::to_string).collect();
        sent.sort_unstable();
        arrived.sort_unstable();
        assert_eq!(arrived, sent);
        let arrived: Vec<String> =
            envelope.recipients[0].parameters.iter().map(ToString::to_string).collect();
        assert_eq!(arrived, OF_RCPT);
        assert_eq!(messages[0].content, content());
    }
}

#[tokio::test]
async fn binary_content_arrives_octet_by_octet() {
    let binary: Vec<u8> =
        (0..200_000_u32).map(|number| (number % 251) as u8).chain(*b"\n.\r\n\r.\n").collect();
    let (to_us, delivery, _) = pair();
    assert_eq!(relay(to_us, &["BODY=BINARYMIME"], binary.clone()).await, ["250 2.0.0 recorded"]);
    assert!(delivery.messages()[0].content == binary);
}

#[tokio::test]
async fn requiretls_goes_on_over_verified_tls_alone() {
    let (to_us, delivery, identity) = pair();
    let outcome =
        relay(to_us.clone().tls(identity.client(Demand::Opportunistic)), &["REQUIRETLS"], content());
    assert_eq!(outcome.await, ["250 2.0.0 recorded"]);
    let message = &delivery.messages()[0];
    assert!(message.envelope.sender.parameters.get("REQUIRETLS").is_some());
    assert_eq!(message.session.tls().map(|tls| &*tls.version), Some("TLSv1.3"));
    let not_secure = "550 5.7.10 next hop is not secure enough for this message";
    let never = to_us.clone().tls(TlsDecision::Never);
    assert_eq!(relay(never, &["REQUIRETLS"], content()).await, [not_secure]);
    let stranger = Identity::new("mx.example.net").client(Demand::Opportunistic);
    let failed = "451 4.7.5 no secure connection to the next hop";
    assert_eq!(relay(to_us.tls(stranger), &["REQUIRETLS"], content()).await, [failed]);
    assert_eq!(delivery.messages().len(), 1);
}

#[tokio::test]
async fn what_is_injected_into_starttls_is_never_read() {
    // A next hop that somebody speaks for, in front of the handshake.
    let issued = SelfSigned::generate(&["mx.example.net"]).expect("a certificate");
    let heard = Arc::new(Mutex::new(Vec::new()));
    let all = heard.clone();
    let relay_to = Relay::over(move || {
        let (near, mut far) = tokio::io::duplex(64 * 1024);
        let all = all.clone();
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            let injected = "220 go\r\n250 2.1.0 all is well\r\n";
            for words in ["220 mx\r\n", "250-mx\r\n250 STARTTLS\r\n", injected] {
                far.write_all(words.as_bytes()).await.expect("somebody reads");
                let mut buffer = [0; 1024];
                let count = far.read(&mut buffer).await.expect("octets");
                all.lock().expect("no panic").extend_from_slice(&buffer[..count]);
            }
        });
        async { Ok(Transport::new(near)) }
    });
    let tls = smtp_server::tls::RelayTls::builder()
        .authorities(smtp_server::tls::Authorities::new().pem(issued.certificate_pem.as_bytes()));
    let told = relay_to.tls(tls.build().expect("it trusts the certificate"));
    assert_eq!(relay(told, &[], content()).await, ["451 4.7.5 no secure connection to the next hop"]);
    assert_eq!(*heard.lock().expect("no panic"), b"EHLO relay.example\r\nSTARTTLS\r\n");
}
