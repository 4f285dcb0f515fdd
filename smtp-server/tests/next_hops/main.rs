//! Relaying to servers that this project did not write, Postfix with Cyrus SASL and Exim, and to our
//! own.
//!
//! They listen on sockets that no other process sees, and what they deliver is compared octet by
//! octet. A program that is missing is a failure: `ci/test.sh` installs them all.

mod exim;
mod mail;
mod mx;
mod notifications;
mod ours;
mod postfix;
mod proxy;
mod queue;
mod tls;

use smtp_server::auth::Mechanism;
use smtp_server::auth::client::{AuthClient, Credentials};
use smtp_server::delivery::Relay;
use smtp_server::tls::Demand;

use exim::Exim;
use mail::{as_stored, assert_same, content, relay, split_at, split_header};
use postfix::Postfix;

const PASSWORD: &str = "correct horse, =battery";

fn joe(name: &str) -> Credentials {
    Credentials::password(name, PASSWORD)
}

/// Each mechanism of Cyrus SASL that our client knows, and whether it needs TLS.
const OF_CYRUS: [(Mechanism, bool); 6] = [
    (Mechanism::SCRAM_SHA_256, false),
    (Mechanism::SCRAM_SHA_512, false),
    (Mechanism::SCRAM_SHA_1, false),
    (Mechanism::CRAM_MD5, false),
    (Mechanism::PLAIN, true),
    (Mechanism::LOGIN, true),
];

/// The user of Cyrus SASL, who has a realm.
const OF_REALM: &str = "joe@example.net";

#[tokio::test]
async fn postfix_lets_us_in_by_each_mechanism() {
    let postfix = Postfix::start("");
    for (mechanism, needs_tls) in OF_CYRUS {
        let credentials = joe(OF_REALM).mechanisms([mechanism]);
        let told = postfix.relay().auth(AuthClient::new(credentials.clone()));
        let outcome = relay(told, &[], content()).await;
        if needs_tls {
            assert_eq!(outcome, ["451 4.7.8 cannot log in at the next hop"], "{mechanism}");
            let told = postfix.relay().auth(AuthClient::new(credentials.plaintext_without_tls()));
            assert!(relay(told, &[], content()).await[0].starts_with("250 2.0.0 Ok: queued"), "{mechanism}");
        } else {
            assert!(outcome[0].starts_with("250 2.0.0 Ok: queued"), "{mechanism}: {outcome:?}");
        }
        let line = postfix.logs("sasl_method=");
        assert!(line.contains(&format!("sasl_method={mechanism}, sasl_username={OF_REALM}")), "{line}");
        postfix.logs("status=sent");
    }
    assert_eq!(postfix.mails().len(), OF_CYRUS.len());
}

#[tokio::test]
async fn postfix_is_logged_in_to_by_the_strongest_mechanism() {
    let postfix = Postfix::start("");
    let told = postfix.relay().auth(AuthClient::new(joe(OF_REALM)));
    assert!(relay(told, &[], content()).await[0].starts_with("250 "));
    assert!(postfix.logs("sasl_method=").contains("sasl_method=SCRAM-SHA-256,"));
}

#[tokio::test]
async fn postfix_does_not_let_everybody_in() {
    let postfix = Postfix::start("");
    for (mechanism, _) in OF_CYRUS {
        let wrong = Credentials::password(OF_REALM, "wrong").mechanisms([mechanism]).plaintext_without_tls();
        let told = postfix.relay().auth(AuthClient::new(wrong));
        let outcome = relay(told, &[], content()).await;
        assert_eq!(outcome, ["451 4.7.8 cannot log in at the next hop"], "{mechanism}");
        postfix.logs("authentication failed");
    }
    // Nor does it take anything of who says nothing.
    let outcome = relay(postfix.relay(), &[], content()).await;
    assert!(outcome[0].starts_with("554 5.7.1 "), "{outcome:?}");
}

#[tokio::test]
async fn what_postfix_delivers_is_what_was_sent() {
    let postfix = Postfix::start("");
    for (parameters, submitter) in [
        (&["BODY=8BITMIME", "SIZE=2000"][..], "sasl_method="),
        // It believes who is logged in.
        (
            &["BODY=8BITMIME", "SMTPUTF8", "AUTH=jim+2Bx@example.com", "RET=HDRS", "ENVID=a+2Bb"],
            "sasl_sender=jim+2Bx@example.com",
        ),
    ] {
        let told = postfix.relay().auth(AuthClient::new(joe(OF_REALM)));
        let outcome = relay(told, parameters, content()).await;
        assert!(outcome[0].starts_with("250 2.0.0 Ok: queued"), "{outcome:?}");
        postfix.logs(submitter);
        postfix.logs("status=sent");
    }
    let mails = postfix.mails();
    assert_eq!(mails.len(), 2);
    for mail in mails {
        let (header, rest) = split_header(&mail);
        assert_same(rest, &as_stored(&content()));
        assert!(header.contains("Return-Path: <sender@example.com>"), "{header}");
        assert!(header.contains("from relay.example "), "{header}");
    }
}

#[tokio::test]
async fn postfix_hears_which_notifications_are_wanted() {
    let postfix = Postfix::start("");
    let told = postfix.relay().auth(AuthClient::new(joe(OF_REALM)));
    // The sender has a mailbox here, to which the notification goes.
    let parameters = ["RET=HDRS", "ENVID=our-id", "NOTIFY=SUCCESS", "ORCPT=rfc822;jane+2Bx@example.org"];
    assert!(relay(told, &parameters, content()).await[0].starts_with("250 "));
    postfix.logs("sender delivery status notification");
    postfix.logs("status=sent");
    let mails: Vec<String> =
        postfix.mails().iter().map(|mail| String::from_utf8_lossy(mail).into_owned()).collect();
    let notification = mails.iter().find(|mail| mail.contains("Action: delivered"));
    let notification = notification.unwrap_or_else(|| panic!("no notification in {mails:?}"));
    assert!(notification.contains("Original-Envelope-Id: our-id"), "{notification}");
    assert!(notification.contains("Original-Recipient: rfc822;jane+x@example.org"), "{notification}");
}

#[tokio::test]
async fn smuggled_ends_reach_postfix_as_content() {
    let postfix = Postfix::start("smtpd_forbid_bare_newline = no\n");
    let told = postfix.relay().auth(AuthClient::new(joe(OF_REALM)));
    // Postfix of this age takes a bare LF for the end of a line.
    let body = b"Subject: one\r\n\r\na\n.\nMAIL FROM:<evil@example.com>\nRCPT TO:<jane@example.net>\n\
        DATA\nSubject: two\n\nb\n.\r\nc\r\n\0.\r\nd\r\n";
    assert!(relay(told, &[], body.to_vec()).await[0].starts_with("250 "));
    postfix.logs("status=sent");
    let mails = postfix.mails();
    assert_eq!(mails.len(), 1);
    let text = String::from_utf8_lossy(&mails[0]).into_owned();
    assert!(text.contains("\n.\nMAIL FROM:<evil@example.com>\n") && text.ends_with("d\n"), "{text}");
}

#[tokio::test]
async fn postfix_within_tls() {
    let identity = tls::Identity::new("mx.example.net");
    let postfix = Postfix::start(&format!(
        "smtpd_tls_security_level = encrypt\nsmtpd_tls_chain_files = {}\nsmtpd_tls_auth_only = yes\n\
         smtpd_tls_received_header = yes\n",
        identity.pem().display()
    ));
    for (mechanism, _) in OF_CYRUS {
        let told = postfix.relay().tls(identity.client(Demand::Verified));
        let told = told.auth(AuthClient::new(joe(OF_REALM).mechanisms([mechanism])));
        let outcome = relay(told, &[], content()).await;
        assert!(outcome[0].starts_with("250 2.0.0 Ok: queued"), "{mechanism}: {outcome:?}");
        assert!(postfix.logs("sasl_method=").contains(&format!("sasl_method={mechanism},")));
        postfix.logs("status=sent");
    }
    for mail in postfix.mails() {
        let (header, rest) = split_header(&mail);
        assert_same(rest, &as_stored(&content()));
        assert!(header.contains("using TLSv1.3 with cipher"), "{header}");
    }
    // Without TLS it takes nothing, and where TLS has to be verified a stranger gets nothing.
    let outcome = relay(postfix.relay(), &[], content()).await;
    assert!(outcome[0].starts_with("530 5.7.0 Must issue a STARTTLS"), "{outcome:?}");
    let stranger = tls::Identity::new("mx.example.net");
    let outcome = relay(postfix.relay().tls(stranger.client(Demand::Verified)), &[], content()).await;
    assert_eq!(outcome, ["451 4.7.5 no secure connection to the next hop"]);
    // Who wants it only against listeners takes any certificate.
    let told = postfix.relay().tls(stranger.client(Demand::Opportunistic));
    let outcome = relay(told.auth(AuthClient::new(joe(OF_REALM))), &[], content()).await;
    assert!(outcome[0].starts_with("250 2.0.0 Ok: queued"), "{outcome:?}");
    // It knows nothing of REQUIRETLS.
    let told = postfix.relay().tls(identity.client(Demand::Opportunistic));
    let outcome = relay(told.auth(AuthClient::new(joe(OF_REALM))), &["REQUIRETLS"], content()).await;
    assert_eq!(outcome, ["550 5.7.30 next hop does not support REQUIRETLS"]);
    let told = postfix.relay().tls(stranger.client(Demand::Opportunistic));
    let outcome = relay(told.auth(AuthClient::new(joe(OF_REALM))), &["REQUIRETLS"], content()).await;
    assert_eq!(outcome, ["451 4.7.5 no secure connection to the next hop"]);
}

const NO_TLS: &str = "tls_advertise_hosts =\n";

async fn exim(exim: &Exim, tell: impl FnOnce(Relay) -> Relay, parameters: &[&str]) -> Vec<String> {
    relay(tell(exim.relay()), parameters, content()).await
}

#[tokio::test]
async fn exim_lets_us_in_and_delivers_what_was_sent() {
    let server = Exim::new(NO_TLS);
    for mechanism in [Mechanism::CRAM_MD5, Mechanism::PLAIN, Mechanism::LOGIN] {
        let credentials = joe("joe").mechanisms([mechanism]).plaintext_without_tls();
        let parameters = ["BODY=8BITMIME", "SIZE=2000", "SMTPUTF8", "RET=HDRS", "NOTIFY=NEVER", "AUTH=<>"];
        let outcome = exim(&server, |relay| relay.auth(AuthClient::new(credentials)), &parameters).await;
        assert!(outcome[0].starts_with("250 2.0.0 OK id="), "{mechanism}: {outcome:?}");
        let mails = server.mails();
        assert_eq!(mails.len(), 1, "{mechanism}: {}", server.log());
        let (header, rest) = split_header(&mails[0]);
        assert_same(rest, &as_stored(&content()));
        assert!(header.contains("Return-path: <sender@example.com>"), "{header}");
        assert!(header.contains("helo=relay.example") && header.contains(" with utf8esmtpa "), "{header}");
    }
    let wrong = Credentials::password("joe", "wrong");
    let outcome = exim(&server, |relay| relay.auth(AuthClient::new(wrong)), &[]).await;
    assert_eq!(outcome, ["451 4.7.8 cannot log in at the next hop"]);
    let outcome = exim(&server, |relay| relay, &[]).await;
    assert_eq!(outcome, ["550 5.0.0 log in first"]);
}

#[tokio::test]
async fn exim_within_tls() {
    let identity = tls::Identity::new("mx.example.net");
    let pem = identity.pem();
    let server = Exim::new(&format!(
        "tls_advertise_hosts = *\ntls_certificate = {pem}\ntls_privatekey = {pem}\n",
        pem = pem.display()
    ));
    let tell = |relay: Relay| {
        let relay = relay.tls(identity.client(Demand::Verified));
        relay.auth(AuthClient::new(joe("joe").mechanisms([Mechanism::PLAIN])))
    };
    let outcome = exim(&server, tell, &["BODY=8BITMIME"]).await;
    assert!(outcome[0].starts_with("250 2.0.0 OK id="), "{outcome:?} {}", server.log());
    let mails = server.mails();
    let (header, rest) = split_header(&mails[0]);
    assert_same(rest, &as_stored(&content()));
    assert!(header.contains(" with esmtpsa "), "{header}");
    let plain = Exim::new(NO_TLS);
    let outcome = relay(plain.relay().tls(identity.client(Demand::Verified)), &[], content()).await;
    assert_eq!(outcome, ["451 4.7.4 next hop offers no TLS, without which nothing is sent"]);
}
