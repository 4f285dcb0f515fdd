use std::sync::{Arc, Mutex};

use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand, TlsOutcome};
use smtp_core::{BoxError, CertificateProblem as Problem, Reply, TlsInfo, Transport, Upgrade, Verify};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

use super::*;
use crate::pki::{Ca, Wish};
use crate::{Authorities, ClientCertificates, ServerTls};

const HOST: &str = "mx.example.org";

fn server(ca: &Ca, wish: &Wish) -> ServerTls {
    let (certificate, key) = ca.issue(wish);
    ServerTls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap()
}

fn client(ca: &Ca, demand: Demand) -> RelayTls {
    let authorities = Authorities::new().pem(ca.pem().as_bytes());
    RelayTls::builder().authorities(authorities).default_demand(demand).build().unwrap()
}

/// A handshake as the decision for the destination has it; both sides' facts.
async fn shake(
    client: &RelayTls,
    destination: &Destination,
    server: &ServerTls,
) -> (Result<Arc<TlsInfo>, BoxError>, Result<Arc<TlsInfo>, BoxError>) {
    let upgrade = match client.decide(destination, TlsDemand::None).await.unwrap() {
        TlsDecision::IfOffered(upgrade) | TlsDecision::Required(upgrade) | TlsDecision::Implicit(upgrade) => {
            upgrade
        }
        decision => panic!("{decision:?}"),
    };
    let (near, far) = duplex(64 * 1024);
    let serve = async {
        let mut upgraded = server.upgrade(Transport::new(far)).await?;
        // Tickets come with the first octets.
        upgraded.transport.write_all(b"220 hello\r\n").await?;
        upgraded.transport.flush().await?;
        let _ = upgraded.transport.read(&mut [0; 1]).await;
        Ok(upgraded.tls)
    };
    let call = async {
        let mut upgraded = upgrade.upgrade(Transport::new(near)).await?;
        upgraded.transport.read_exact(&mut [0; 11]).await?;
        Ok(upgraded.tls)
    };
    tokio::join!(call, serve)
}

#[tokio::test]
async fn what_is_demanded_decides_which_certificate_will_do() {
    let (ca, stranger) = (Ca::new("CA"), Ca::new("stranger"));
    let expired = Wish { years: (2010, 2020), ..Wish::server(HOST) };
    for (server, expected) in [
        (server(&ca, &Wish::server(HOST)), None),
        (server(&ca, &Wish::server("mx.example.net")), Some(Problem::WrongName)),
        (server(&ca, &expired), Some(Problem::Expired)),
        (server(&stranger, &Wish::server(HOST)), Some(Problem::UnknownIssuer)),
    ] {
        let destination = Destination::new(HOST, 25);
        for demand in [Demand::Opportunistic, Demand::Required] {
            let tls = shake(&client(&ca, demand), &destination, &server).await.0.unwrap();
            assert_eq!(tls.problem, expected);
            assert_eq!(tls.verify == Verify::Ok, expected.is_none());
            assert_eq!(tls.server_name.as_deref(), Some(HOST));
        }
        let (called, served) = shake(&client(&ca, Demand::Verified), &destination, &server).await;
        match expected {
            None => assert_eq!(called.unwrap().verify, Verify::Ok),
            Some(problem) => {
                let error = called.unwrap_err();
                let error: &HandshakeError = error.downcast_ref().unwrap();
                assert_eq!(error.problem(), Some(problem));
                // It is told why.
                assert!(served.unwrap_err().to_string().contains("alert"));
            }
        }
    }
}

#[tokio::test]
async fn a_demand_is_for_a_domain_however_it_is_written() {
    let ca = Ca::new("CA");
    for names in
        [["b\u{fc}cher.example", ".b\u{fc}cher.example"], ["xn--bcher-kva.example", ".XN--bcher-kva.example"]]
    {
        for (name, domain) in names.into_iter().zip(["", "mx."]) {
            let authorities = Authorities::new().pem(ca.pem().as_bytes());
            let client = RelayTls::builder()
                .authorities(authorities)
                .demand_for(name, Demand::Verified)
                .build()
                .unwrap();
            for written in ["b\u{fc}cher.example", "xn--bcher-kva.example"] {
                let domain = smtp_core::Domain::from_utf8(&format!("{domain}{written}")).unwrap();
                let destination = Destination::new("mx.example.net", 25).domain(domain);
                let decision = client.decide(&destination, TlsDemand::None).await.unwrap();
                assert!(matches!(decision, TlsDecision::Required(_)), "{name} {destination:?}: {decision:?}");
            }
        }
    }
}

#[tokio::test]
async fn whoever_forges_an_mx_record_does_not_choose_the_name() {
    let ca = Ca::new("CA");
    let verified = client(&ca, Demand::Verified);
    let mx = |host: &str| Destination::new(host, 25).domain("example.org".parse().unwrap());
    for (host, name, good) in [
        ("mx.example.org", "mx.example.org", true),
        ("mx.example.net", "example.org", true),
        ("mx.example.net", "mx.example.net", false),
        ("mxexample.org", "mxexample.org", false),
    ] {
        let name: &'static str = name;
        let called = shake(&verified, &mx(host), &server(&ca, &Wish::server(name))).await.0;
        assert_eq!(called.is_ok(), good, "{host} with a certificate for {name}");
    }
    // Nobody has forged what DNSSEC vouches for.
    for (secure, good) in [(true, true), (false, false)] {
        let destination = mx("mx.example.net").secure(secure);
        let called = shake(&verified, &destination, &server(&ca, &Wish::server("mx.example.net"))).await.0;
        assert_eq!(called.is_ok(), good, "{secure}");
    }
}

#[tokio::test]
async fn a_session_with_one_name_is_not_resumed_for_another() {
    let ca = Ca::new("CA");
    let verified = client(&ca, Demand::Verified);
    let server = server(&ca, &Wish::server("example.org"));
    let mx = |domain: &str| Destination::new("mx.example.net", 25).domain(domain.parse().unwrap());
    assert!(!shake(&verified, &mx("example.org"), &server).await.0.unwrap().resumed);
    assert!(shake(&verified, &mx("example.com"), &server).await.0.is_err());
    let again = shake(&verified, &mx("example.org"), &server).await.0.unwrap();
    assert_eq!(again.verify, Verify::Ok);
}

#[tokio::test]
async fn a_message_may_demand_more_than_the_table() {
    let ca = Ca::new("CA");
    let client = client(&ca, Demand::Opportunistic);
    let destination = Destination::new(HOST, 25);
    assert!(matches!(client.decide(&destination, TlsDemand::None).await.unwrap(), TlsDecision::IfOffered(_)));
    let TlsDecision::Required(upgrade) = client.decide(&destination, TlsDemand::Verified).await.unwrap()
    else {
        panic!("not required")
    };
    let (near, far) = duplex(64 * 1024);
    let wrong = server(&ca, &Wish::server("other.example.org"));
    let (called, _) = tokio::join!(upgrade.upgrade(Transport::new(near)), wrong.upgrade(Transport::new(far)));
    assert!(called.is_err());
}

#[tokio::test]
async fn ports_of_implicit_tls_are_always_protected() {
    let client = RelayTls::builder().implicit_port(465).build().unwrap();
    for (port, implicit) in [(465, true), (25, false)] {
        let decision = client.decide(&Destination::new(HOST, port), TlsDemand::None).await.unwrap();
        assert_eq!(matches!(decision, TlsDecision::Implicit(_)), implicit);
    }
}

#[tokio::test]
async fn a_server_that_asks_is_shown_our_certificate() {
    let ca = Ca::new("CA");
    let (certificate, key) = ca.issue(&Wish::server(HOST));
    let server = ServerTls::builder()
        .certificate_pem(certificate.as_bytes(), key.as_bytes())
        .client_authorities(Authorities::new().pem(ca.pem().as_bytes()))
        .client_certificates(ClientCertificates::Require)
        .build()
        .unwrap();
    let (own, own_key) = ca.issue(&Wish::client("out.example.net"));
    let client = RelayTls::builder().certificate_pem(own.as_bytes(), own_key.as_bytes()).build().unwrap();
    let (called, served) = shake(&client, &Destination::new(HOST, 25), &server).await;
    let (called, served) = (called.unwrap(), served.unwrap());
    assert_eq!(served.verified_peer().unwrap().subject.common_name(), Some("out.example.net"));
    // Both ends bind to the same.
    for name in ["tls-exporter", "tls-server-end-point"] {
        assert_eq!(called.channel_binding(name), served.channel_binding(name));
        assert!(called.channel_binding(name).is_some());
    }
}

#[tokio::test]
async fn certificates_of_version_1_will_do_where_any_will() {
    let both = include_bytes!("../certificate/testdata/version1.pem");
    let server = ServerTls::from_pem(both, both).unwrap();
    let ca = Ca::new("CA");
    for oldest in [crate::TlsVersion::Tls12, crate::TlsVersion::Tls13] {
        let policy = crate::TlsPolicy::default().oldest(oldest);
        let policy = if oldest == crate::TlsVersion::Tls12 {
            policy.cipher_suites([
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            ])
        } else {
            Ok(policy)
        };
        let client = RelayTls::builder().policy(policy.unwrap()).build().unwrap();
        let tls = shake(&client, &Destination::new(HOST, 25), &server).await.0.unwrap();
        assert_eq!(tls.verify, Verify::Fail);
    }
    let verified = client(&ca, Demand::Verified);
    assert!(shake(&verified, &Destination::new(HOST, 25), &server).await.0.is_err());
}

#[tokio::test]
async fn hosts_without_a_name_are_spoken_to_as_well() {
    let ca = Ca::new("CA");
    let server = server(&ca, &Wish { names: &["192.0.2.1"], ..Wish::server("x") });
    for (host, problem) in [
        ("192.0.2.1", None),
        ("192.0.2.2", Some(Problem::WrongName)),
        ("a_b!.example", Some(Problem::WrongName)),
    ] {
        let opportunistic = client(&ca, Demand::Opportunistic);
        let tls = shake(&opportunistic, &Destination::new(host, 25), &server).await.0.unwrap();
        assert_eq!(tls.problem, problem, "{host}");
    }
    assert!(
        client(&ca, Demand::Verified)
            .decide(&Destination::new("a_b!.example", 25), TlsDemand::None)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn outcomes_are_reported_in_the_words_of_the_rfc() {
    let heard: Arc<Mutex<Vec<TlsReport>>> = Arc::default();
    let reports = Arc::clone(&heard);
    let ca = Ca::new("CA");
    let client = RelayTls::builder()
        .authorities(Authorities::new().pem(ca.pem().as_bytes()))
        .default_demand(Demand::Verified)
        .on_outcome(move |report| reports.lock().unwrap().push(report))
        .build()
        .unwrap();
    let destination = Destination::new(HOST, 25);
    let wrong = shake(&client, &destination, &server(&ca, &Wish::server("other.example"))).await.0;
    client.outcome(&destination, TlsOutcome::Failed(&*wrong.unwrap_err()));
    client.outcome(&destination, TlsOutcome::NotOffered);
    client.outcome(&destination, TlsOutcome::Refused(&Reply::new(454, "4.7.0 not now")));
    let right = shake(&client, &destination, &server(&ca, &Wish::server(HOST))).await.0.unwrap();
    client.outcome(&destination, TlsOutcome::Established(&right));
    let heard = heard.lock().unwrap();
    let words: Vec<_> = heard.iter().map(|report| report.failure.map(TlsFailure::as_str)).collect();
    assert_eq!(
        words,
        [
            Some("certificate-host-mismatch"),
            Some("starttls-not-supported"),
            Some("starttls-not-supported"),
            None
        ]
    );
    assert!(heard.iter().all(|report| report.domain == HOST && report.policy.as_str() == "no-policy-found"));
}
