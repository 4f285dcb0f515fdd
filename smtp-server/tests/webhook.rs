//! Messages posted to a web service over TLS, which is done by `smtp-tls` as for next hops.

use std::sync::Arc;

use peers::Script;
use serde_json::Value;
use smtp_core::testing::{facts, recipient, sender};
use smtp_server::delivery::Webhook;
use smtp_server::tls::{Authorities, Demand, RelayTls, SelfSigned};
use smtp_server::{Envelope, Message};
use tower::ServiceExt;

const CONTENT: &str = "Subject: x\r\n\r\nbody\r\n";

async fn outcome(address: &str, tls: RelayTls) -> String {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients.push(recipient("jane@example.org"));
    let message = Message::new(Arc::new(envelope), CONTENT.into(), facts().session().clone());
    let webhook = Webhook::to(address).expect("an address").tls(tls).signing_key("signing key".into());
    webhook.oneshot(message).await.expect("the body is whole").fold().to_string()
}

#[tokio::test]
async fn only_a_service_with_the_right_certificate_gets_messages() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let issued = SelfSigned::generate(&["localhost"]).unwrap();
    std::fs::write(&certificate, &issued.certificate_pem).unwrap();
    std::fs::write(&key, issued.key_pem.expose()).unwrap();
    let files = [&certificate, &key].map(|file| file.to_str().unwrap());
    let mut receiver = Script::start("python3", "smtp-delivery/tests/webhook/service.py", &files);
    let port: u16 = receiver.line().parse().unwrap();
    let other = SelfSigned::generate(&["localhost"]).unwrap();
    let trusting = |pem: &str, demand| {
        let builder = RelayTls::builder().authorities(Authorities::new().pem(pem.as_bytes()));
        builder.default_demand(demand).build().unwrap()
    };
    let right = format!("https://localhost:{port}/200");
    for demand in [Demand::Verified, Demand::Opportunistic] {
        let tls = trusting(&issued.certificate_pem, demand);
        assert_eq!(outcome(&right, tls).await, "250 2.0.0 the web service took the message");
        let seen: Value = serde_json::from_str(&receiver.line()).unwrap();
        assert_eq!((&seen["signed"], &seen["octets"]), (&true.into(), &CONTENT.len().into()));

        // Whatever is demanded of next hops.
        let insecure = "451 4.7.5 no secure connection to the web service";
        assert_eq!(outcome(&right, trusting(&other.certificate_pem, demand)).await, insecure);
        let wrong = format!("https://127.0.0.1:{port}/200");
        assert_eq!(outcome(&wrong, trusting(&issued.certificate_pem, demand)).await, insecure);
    }
}
