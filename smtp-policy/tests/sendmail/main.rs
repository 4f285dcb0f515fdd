//! The same access map and the same dialogues, through Sendmail 8.17 and through this crate's layers: the
//! codes of all replies are the same, and the enhanced codes of refusals.

#![cfg(unix)]

// Their unwraps are those of tests.
#[cfg(test)]
mod certificates;
#[cfg(test)]
mod daemon;
mod dialogue;
#[cfg(test)]
mod next_hop;
#[cfg(test)]
mod ours;
#[cfg(test)]
mod program;
#[cfg(test)]
mod secured;

use std::fmt::Debug;
use std::net::Ipv4Addr;

use daemon::Sendmail;
use dialogue::{CLIENTS, OFFERS, RECIPIENTS, SENDERS};
use ours::Ours;
use secured::Secured;
use smtp_core::{DistinguishedName, Fingerprint, PeerCertificate, TlsInfo, Verify};
use smtp_policy::access_map::{DelayChecks, Remote};

/// What both answered, and where they differ.
#[derive(Default)]
struct Comparison {
    compared: usize,
    differences: Vec<String>,
}

impl Comparison {
    fn add<T: PartialEq + Debug>(&mut self, what: &str, theirs: &T, ours: &T) {
        self.compared += 1;
        if theirs != ours {
            self.differences.push(format!("{what}: sendmail {theirs:?}, ours {ours:?}"));
        }
    }

    fn end(self, at_least: usize) {
        let Self { compared, differences } = self;
        assert!(differences.is_empty(), "{} of {compared}:\n{}", differences.len(), differences.join("\n"));
        assert!(compared >= at_least, "{compared}");
    }
}

/// Asks both the same, and shows all that they answer differently.
async fn compare(feature: &str, delay: Option<DelayChecks>) {
    let (sendmail, layers) = (Sendmail::start(feature), Ours::new(delay));
    let mut comparison = Comparison::default();
    for (from, lines) in dialogues(delay.is_some()) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let theirs = sendmail.talk(from, &lines);
        let ours = layers.talk(from, &lines).await;
        assert_eq!(theirs.len(), ours.len(), "{from}");
        let said = std::iter::once("(greeting)").chain(lines.iter().copied());
        for ((line, theirs), ours) in said.zip(theirs).zip(ours) {
            comparison.add(&format!("{from} {line}"), &theirs, &ours);
        }
    }
    comparison.end(100);
}

fn dialogues(delayed: bool) -> Vec<(Ipv4Addr, Vec<String>)> {
    let greeted = || vec!["EHLO client.example".to_owned()];
    let mail = |sender: &str| format!("MAIL FROM:{sender}");
    let rcpt = |recipient: &str| format!("RCPT TO:{recipient}");
    let stranger = Ipv4Addr::new(127, 0, 40, 1);
    let mut dialogues = Vec::new();
    // Each sender, to a recipient whom everybody may write to where that is what refuses.
    let mut lines = greeted();
    for sender in SENDERS {
        lines.push(mail(sender));
        if delayed {
            lines.extend([rcpt("<root@local.example>"), rcpt("<postmaster@local.example>")]);
        }
        lines.push("RSET".to_owned());
    }
    dialogues.push((stranger, lines));
    // Each recipient.
    let mut lines = greeted();
    lines.push(mail("<stranger@example.com>"));
    lines.extend(RECIPIENTS.map(rcpt));
    lines.push("DATA".to_owned());
    dialogues.push((stranger, lines));
    // Each client; where it may not send there are no recipients.
    for client in CLIENTS {
        for sender in ["<stranger@example.com>", "<welcome@example.com>"] {
            let mut lines = greeted();
            lines.push(mail(sender));
            if delayed || may_send(client) {
                lines.extend(["<root@local.example>", "<x@other.example>", "<x@relay.example>"].map(rcpt));
            }
            lines.push("RSET".to_owned());
            dialogues.push((Ipv4Addr::from(client), lines));
        }
    }
    dialogues
}

/// Without a sender there is no order in RCPT.
fn may_send(client: [u8; 4]) -> bool {
    matches!(
        client,
        [127, 0, 3, 4] | [127, 0, 4 | 7 | 10, _] | [127, 0, 11, 12] | [127, 0, 12, 1] | [127, 0, 40, 1]
    )
}

#[tokio::test]
async fn checks_at_once() {
    compare("dnl", None).await;
}

#[tokio::test]
async fn delayed_checks() {
    compare("FEATURE(`delay_checks')dnl", Some(DelayChecks::All)).await;
}

#[tokio::test]
async fn delayed_checks_but_for_friends() {
    compare("FEATURE(`delay_checks', `friend')dnl", Some(DelayChecks::NotForFriends)).await;
}

#[tokio::test]
async fn delayed_checks_for_haters() {
    compare("FEATURE(`delay_checks', `hater')dnl", Some(DelayChecks::ForHaters)).await;
}

#[tokio::test]
async fn how_often_and_how_many_at_once() {
    let (sendmail, layers) = (Sendmail::start("dnl"), Ours::new(None));
    let mut comparison = Comparison::default();
    for from in [[127, 0, 60, 1], [127, 0, 60, 2], [127, 0, 60, 9]].map(Ipv4Addr::from) {
        for _ in 0..4 {
            let ours = layers.talk(from, &[]).await;
            comparison.add(&from.to_string(), &sendmail.talk(from, &[]), &ours);
        }
    }
    for from in [[127, 0, 61, 1], [127, 0, 61, 9]].map(Ipv4Addr::from) {
        let mut open = Vec::new();
        for _ in 0..4 {
            let (mut theirs, mut ours) = (sendmail.connect(from), layers.connect(from));
            comparison.add(&from.to_string(), &theirs.answer(), &ours.say("").await);
            open.push((theirs, ours));
        }
    }
    comparison.end(20);
}

#[tokio::test]
async fn who_may_not_talk_yet() {
    let (sendmail, rules) = (Sendmail::start("dnl"), ours::map().last_rules());
    let mut comparison = Comparison::default();
    for from in [[127, 0, 62, 1], [127, 0, 62, 9], [127, 0, 40, 1]].map(Ipv4Addr::from) {
        let mut early = sendmail.connect(from);
        early.send("EHLO client.example");
        // The driver turns those away who talk within the pause.
        let pause = rules.greet_pause(&Remote::new(None, Some(from.into()))).unwrap_or_default();
        comparison.add(&from.to_string(), &early.answer().0, if pause > 0 { &554 } else { &220 });
    }
    comparison.end(3);
}

#[tokio::test]
async fn what_is_offered_to_whom() {
    let (sendmail, layers) = (Sendmail::start("dnl"), Ours::new(None));
    let mut comparison = Comparison::default();
    for (last, lines) in [
        (1, &["STARTTLS"][..]),
        (2, &["AUTH DIGEST-MD5"]),
        (3, &["MAIL FROM:<stranger@example.com>"]),
        (5, &["EXPN root", "ETRN example.com", "MAIL FROM:<stranger@example.com>"]),
        (6, &["MAIL FROM:<stranger@example.com>"]),
    ] {
        let from = Ipv4Addr::new(127, 0, 33, last);
        let (mut theirs, mut ours) = (sendmail.connect(from), layers.connect(from));
        theirs.answer();
        let mut offered = theirs.offers();
        offered.retain(|keyword| OFFERS.contains(&keyword.as_str()));
        ours.say("EHLO client.example").await;
        let sorted = |mut offers: Vec<String>| {
            offers.sort_unstable();
            offers
        };
        comparison.add(&format!("{from} EHLO"), &sorted(offered), &sorted(ours.offers.clone()));
        for line in lines {
            comparison.add(&format!("{from} {line}"), &theirs.say(line), &ours.say(line).await);
        }
    }
    comparison.end(12);
}

/// What a session within TLS knows of a client that shows one of the certificates.
fn tls(certificate: Option<&str>, asked: bool) -> TlsInfo {
    let mut info = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
    info.verify = match certificate {
        _ if !asked => Verify::Not,
        None => Verify::No,
        Some("stranger.example") => Verify::Fail,
        Some(_) => Verify::Ok,
    };
    let (organisation, issuer) = match certificate {
        Some("friend.example") => ("Friends", ("Friends", "Their CA")),
        Some("stranger.example") => ("Strangers", ("Strangers", "No CA")),
        _ => ("Ours", ("Ours", "Our CA")),
    };
    let name = |organisation: &str, common: &str| {
        DistinguishedName::new([("O", organisation.to_owned()), ("CN", common.to_owned())])
    };
    info.peer_certificate = certificate.filter(|_| asked).map(|common| {
        let (subject, issuer) = (name(organisation, common), name(issuer.0, issuer.1));
        PeerCertificate::new(subject, issuer, Fingerprint([0; 32])).into()
    });
    info
}

#[tokio::test]
async fn clients_with_certificates_and_without() {
    let (sendmail, layers) = (Sendmail::start("dnl"), Ours::new(None));
    let rules = ours::map().last_rules();
    let mut comparison = Comparison::default();
    let shown = [
        None,
        Some("client.example"),
        Some("partner.example"),
        Some("friend.example"),
        Some("stranger.example"),
    ];
    let clients = [[34, 1], [34, 2], [34, 3], [34, 4], [34, 5], [34, 6], [34, 7], [33, 4], [40, 1]];
    for from in clients.map(|[third, last]| Ipv4Addr::new(127, 0, third, last)) {
        let mail = "MAIL FROM:<stranger@example.com>";
        let lines = [mail, "RCPT TO:<root@local.example>", "RCPT TO:<x@other.example>"];
        for certificate in shown {
            let mut theirs = Secured::connect(&sendmail, from, certificate);
            let mut ours = layers.connect(from);
            let asked = rules.features(&Remote::new(None, Some(from.into())));
            let asked = asked.and_then(|features| features.asks_for_certificate()) != Some(false);
            ours.set_tls(tls(certificate, asked));
            for line in lines {
                let (theirs, ours) = (theirs.say(line), ours.say(line).await);
                comparison.add(&format!("{from} {certificate:?} {line}"), &theirs, &ours);
                // Without a sender there is no order in RCPT.
                if theirs.0 >= 400 {
                    break;
                }
            }
        }
        let ours = layers.talk(from, &["EHLO client.example", mail]).await;
        comparison.add(&from.to_string(), &sendmail.talk(from, &["EHLO client.example", mail]), &ours);
    }
    comparison.end(90);
}

#[tokio::test]
async fn next_hops() {
    let sendmail = Sendmail::start("dnl");
    let sender = next_hop::Sender::new(&sendmail);
    let mut comparison = Comparison::default();
    for map in [
        "TLS_Srv:127.0.0.1\tVERIFY",
        "TLS_Srv:127.0.0.1\tVERIFY:512",
        "TLS_Srv:127.0.0.1\tPERM+VERIFY",
        "TLS_Srv:127.0\tPERM+VERIFY:512",
        "TLS_Srv:\tTEMP+ENCR:512",
        "TLS_Srv:\tPERM+ENCR:112",
        "TLS_Srv:127.0.0.2\tPERM+VERIFY:512",
        "TLS_Srv:127.0.0.1\tOK\nTLS_Srv:\tPERM+VERIFY:512",
        "Try_TLS:127.0.0.1\tNO",
        "Try_TLS:127.0.0.2\tNO",
        "Try_TLS:127.0.0.1\tNO\nTLS_Srv:127.0.0.1\tPERM+VERIFY",
        "Try_TLS:127.0.0.1\tNO\nTLS_Srv:127.0.0.1\tENCR:112",
        "TLS_Rcpt:root@local.example\tPERM+VERIFY:512",
        "TLS_Rcpt:root@\tTEMP+VERIFY",
        "TLS_Rcpt:local.example\tPERM+ENCR:256",
        "TLS_Rcpt:\tENCR:512",
        "TLS_Rcpt:other.example\tPERM+ENCR:512",
        "AuthInfo:127.0.0.1\t\"U:joe\" \"P:secret\" \"M:CRAM-MD5\"",
        "AuthInfo:127.0.0.2\t\"U:joe\" \"P:secret\" \"M:CRAM-MD5\"",
        "AuthInfo:\t\"U:joe\" \"P:secret\" \"M:CRAM-MD5\"",
    ] {
        let map = format!("{map}\n");
        for offered in [true, false] {
            let ours = next_hop::ours(&map, offered).await;
            comparison.add(&format!("{map}offered: {offered}"), &sender.send(&map, offered), &ours);
        }
    }
    comparison.end(40);
}
