use std::fs;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand};

use super::policy::id;
use super::*;
use crate::client::{PolicyKind, TlsFailure, TlsReport};
use crate::pki::{Ca, Wish};
use crate::{Authorities, DnsResolver, RelayTls};
use peers::{HttpsServer, NameServer, Zone};

const TEXT: &str =
    "version: STSv1\r\nmode: enforce\r\nmx: mx.Example.org\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

#[test]
fn a_policy_names_its_servers() {
    let policy = Policy::parse(TEXT).unwrap();
    assert_eq!((policy.mode, policy.max_age.as_secs()), (Mode::Enforce, 604_800));
    for (host, allowed) in [
        ("mx.example.org", true),
        ("MX.example.org.", true),
        ("a.example.net", true),
        ("a.b.example.net", false),
        ("example.net", false),
        (".example.net", false),
        ("xmx.example.org", false),
    ] {
        assert_eq!(policy.allows(host), allowed, "{host}");
    }
}

#[test]
fn what_is_no_policy_is_none() {
    for (from, to, fault) in [
        ("STSv1", "STSv2", "version"),
        ("enforce", "forced", "mode"),
        ("mx", "xx", "server"),
        ("604800", "-1", "max_age"),
        ("604800", "99999999999999999999", "max_age"),
        ("max_age: 604800", "max_age 604800", "colon"),
    ] {
        let error = Policy::parse(&TEXT.replace(from, to)).unwrap_err();
        assert!(error.contains(fault), "{to}: {error}");
    }
    let none = "version: STSv1\nmode: none\nmax_age: 86400\nunknown: x\nmode: enforce\n";
    assert_eq!(Policy::parse(none).unwrap().mode, Mode::None);
    let long = Policy::parse(&TEXT.replace("604800", "9999999999")).unwrap();
    assert_eq!(long.max_age.as_secs(), 31_557_600);
    assert!(Policy::parse(&(TEXT.to_owned() + &"mx: a.example\n".repeat(1000))).is_err());
}

#[test]
fn the_record_has_an_id() {
    for (record, expected) in [
        ("v=STSv1; id=20160831085700Z;", Some("20160831085700Z")),
        ("v=STSv1;id=1", Some("1")),
        ("v=STSv1; other=x; id=1", Some("1")),
        ("v=STSv1;", None),
        ("v=STSv1; id=a-b", None),
        ("v=STSv2; id=1", None),
        ("", None),
    ] {
        assert_eq!(id(record).as_deref(), expected, "{record}");
    }
}

proptest! {
    #[test]
    fn no_text_does_harm(text in "(version|mode|mx|max_age|:| |STSv1|enforce|\\*\\.|[a-z0-9]|\n){0,60}", host in "\\PC{0,20}") {
        if let Ok(policy) = Policy::parse(&text) {
            policy.allows(&host);
        }
        id(&text);
    }
}

/// A domain whose policy is served by OpenSSL.
struct World {
    names: NameServer,
    https: HttpsServer,
    ca: Ca,
}

impl World {
    fn new() -> Self {
        let ca = Ca::new("CA");
        let (certificate, key) = ca.issue(&Wish::server("mta-sts.example"));
        let https = HttpsServer::start(&certificate, &key);
        let zone = "@ MX 10 mx.example.\nmta-sts A 127.0.0.1\n_mta-sts TXT \"v=STSv1; id=1;\"\n";
        let names = NameServer::start(&[Zone::signed("example", zone)]);
        Self { names, https, ca }
    }

    fn publish(&self, text: &str) {
        let folder = self.https.folder().join(".well-known");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("mta-sts.txt"), text).unwrap();
    }

    /// Its client, and what it reports.
    fn client(&self, trusted: &Ca) -> (RelayTls, Arc<Mutex<Vec<TlsReport>>>) {
        let authorities = Authorities::new().pem(trusted.pem().as_bytes());
        let resolver =
            DnsResolver::with_servers([self.names.address()], Some(&self.names.anchors())).unwrap();
        let mta_sts = MtaSts::new(resolver, &authorities).unwrap().port(self.https.port());
        let reports: Arc<Mutex<Vec<TlsReport>>> = Arc::default();
        let heard = Arc::clone(&reports);
        let client = RelayTls::builder()
            .authorities(authorities)
            .mta_sts(mta_sts)
            .on_outcome(move |report| heard.lock().unwrap().push(report))
            .build()
            .unwrap();
        (client, reports)
    }
}

fn mx(host: &str) -> Destination {
    Destination::new(host, 25).domain("example".parse().unwrap())
}

#[tokio::test]
async fn a_policy_is_fetched_and_kept_to() {
    let mut world = World::new();
    world.publish("version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 86400\n");
    let (client, reports) = world.client(&world.ca);
    let decision = client.decide(&mx("mx.example"), TlsDemand::None).await.unwrap();
    assert!(matches!(decision, TlsDecision::Required(_)), "{decision:?}");
    let error = client.decide(&mx("evil.example"), TlsDemand::None).await.unwrap_err();
    assert_eq!(error.to_string(), "evil.example is no server of the policy of MTA-STS");
    let heard = reports.lock().unwrap().clone();
    assert_eq!((heard[0].policy, heard[0].failure), (PolicyKind::Sts, Some(TlsFailure::ValidationFailure)));
    // What was fetched holds, whatever becomes of its server.
    world.https.stop();
    let decision = client.decide(&mx("mx.example"), TlsDemand::None).await.unwrap();
    assert!(matches!(decision, TlsDecision::Required(_)), "{decision:?}");
}

#[tokio::test]
async fn a_policy_that_only_tests_stops_no_mail() {
    let world = World::new();
    world.publish("version: STSv1\nmode: testing\nmx: mx.example\nmax_age: 86400\n");
    let (client, reports) = world.client(&world.ca);
    for host in ["mx.example", "other.example"] {
        let decision = client.decide(&mx(host), TlsDemand::None).await.unwrap();
        assert!(matches!(decision, TlsDecision::IfOffered(_)), "{decision:?}");
    }
    assert_eq!(reports.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_policy_from_a_stranger_is_none() {
    let world = World::new();
    world.publish("version: STSv1\nmode: enforce\nmx: mx.example\nmax_age: 86400\n");
    let (client, _) = world.client(&Ca::new("other"));
    let decision = client.decide(&mx("mx.example"), TlsDemand::None).await.unwrap();
    assert!(matches!(decision, TlsDecision::IfOffered(_)), "{decision:?}");
}

#[tokio::test]
async fn where_there_is_no_policy_nothing_more_is_demanded() {
    let world = World::new();
    let (client, _) = world.client(&world.ca);
    let decision = client.decide(&mx("mx.example"), TlsDemand::None).await.unwrap();
    assert!(matches!(decision, TlsDecision::IfOffered(_)), "{decision:?}");
}
