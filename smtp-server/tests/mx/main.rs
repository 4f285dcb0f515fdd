//! Mail to the servers of domains, by a real name server (NSD) and servers at several addresses of
//! loopback, on one port.

mod dane;
mod hosts;
mod mta_sts;
mod outcomes;
mod recipients;

use std::sync::Arc;

use peers::{NameServer, Zone};
use smtp_server::delivery::Relay;
use smtp_server::delivery::relay::mx::{DnsMx, Mx};
use smtp_server::testing::{domain, facts, recipient, sender};
use smtp_server::{Body, Envelope, Message, Outcomes};
use tower::ServiceExt;

use hosts::Hosts;

const CONTENT: &str = "Subject: hello\r\n\r\n.\r\nworld\r\n";
const RECORDED: &str = "250 2.0.0 recorded";

/// The domains, all below `example`, and the hosts that they name: `a`, `b` and `c` take mail, nobody is at
/// `down`.
const ZONE: &str = "\
    a A 127.0.0.1\n\
    b A 127.0.0.2\n\
    c A 127.0.0.3\n\
    busy A 127.0.0.4\n\
    breaks A 127.0.0.5\n\
    closing A 127.0.0.6\n\
    old A 127.0.0.7\n\
    self A 127.0.0.8\n\
    down A 127.0.0.9\n\
    multi A 127.0.0.9\n\
    multi A 127.0.0.2\n\
    six AAAA ::1\n\
    six A 127.0.0.3\n\
    nobody A 0.0.0.0\n\
    text TXT no\n\
    hostalias CNAME c\n\
    first MX 10 a\n\
    first MX 20 b\n\
    second MX 10 down\n\
    second MX 20 b\n\
    tobusy MX 10 busy\n\
    tobusy MX 20 b\n\
    tobreaks MX 10 breaks\n\
    tobreaks MX 20 b\n\
    toclosing MX 10 closing\n\
    toclosing MX 20 b\n\
    toold MX 10 old\n\
    toold MX 20 b\n\
    tomulti MX 10 multi\n\
    tosix MX 10 six\n\
    alsofirst MX 10 a\n\
    alsofirst MX 20 b\n\
    alias CNAME first\n\
    toalias MX 10 hostalias\n\
    none MX 0 .\n\
    byname MX 10 relay\n\
    byname MX 20 b\n\
    better MX 5 a\n\
    better MX 10 relay\n\
    byaddress MX 10 self\n\
    byaddress MX 20 b\n\
    behind MX 5 down\n\
    behind MX 10 self\n\
    lost MX 10 nowhere\n\
    lost MX 20 text\n\
    lost MX 30 nobody\n\
    alldown MX 10 down\n";

fn name_server() -> NameServer {
    NameServer::start(&[Zone::signed("example", ZONE), Zone::forged("forged", "@ MX 10 a.example.\n")])
}

fn lookup(names: &NameServer) -> DnsMx {
    DnsMx::with_servers([names.address()]).build().expect("a resolver")
}

/// Where mail goes from `relay.example`.
fn mx(names: &NameServer, hosts: &Hosts) -> Mx {
    let own = "127.0.0.8".parse().expect("an address");
    Mx::new(lookup(names)).port(hosts.port()).allow_loopback().own_address(own)
}

fn relay(mx: Mx) -> Relay {
    Relay::by_mx(mx).name(domain("relay.example"))
}

fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@client.example"));
    envelope.recipients = recipients.iter().copied().map(recipient).collect();
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

async fn send(relay: &Relay, recipients: &[&str]) -> Vec<String> {
    match relay.clone().oneshot(message(recipients, CONTENT)).await.expect("the body is whole") {
        Outcomes::All(reply) => vec![reply.to_string()],
        Outcomes::Each(replies) => replies.iter().map(ToString::to_string).collect(),
    }
}
