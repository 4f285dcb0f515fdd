use smtp_core::testing::{domain, facts, request};
use smtp_core::{Body, BoxError, Command, Identity, Reply, Request, Route, SessionFacts, TlsInfo, Verify};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use crate::RelayLayer;
use crate::access_map::*;
use crate::client_name::ClientName;

fn layer(text: &str) -> AccessMapLayer {
    AccessMapLayer::new(AccessMap::from_text(text).unwrap()).local_domains([domain("example.org").into()])
}

/// The answer to a line, `passed` where it is that of the stack below.
async fn ask(layer: &AccessMapLayer, line: &str, facts: &SessionFacts) -> String {
    answer(layer, request(line, facts.session())).await
}

async fn answer(layer: &AccessMapLayer, request: Request) -> String {
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "passed")) });
    let reply = layer.layer(inner).oneshot(request).await.unwrap();
    if reply.text() == "passed" { "passed".to_owned() } else { reply.to_string() }
}

#[tokio::test]
async fn a_refused_client_may_say_little() {
    let layer = layer("Connect:192.0.2 ERROR:5.7.1:554 not from there\n");
    for line in ["", "EHLO c.example", "HELO c.example", "NOOP", "RSET", "QUIT", "STARTTLS"] {
        assert_eq!(ask(&layer, line, &facts()).await, "passed", "{line}");
    }
    for line in ["MAIL FROM:<a@b.example>", "RCPT TO:<joe@example.org>", "VRFY joe", "EXPN joe", "AUTH PLAIN"]
    {
        assert_eq!(ask(&layer, line, &facts()).await, "554 5.7.1 not from there", "{line}");
    }
}

#[tokio::test]
async fn a_421_turns_away_at_once() {
    let layer = layer("Connect:192.0.2 ERROR:4.7.0:421 too many of you\n");
    assert_eq!(ask(&layer, "", &facts()).await, "421 4.7.0 too many of you");
}

#[tokio::test]
async fn what_is_taken_from_a_client_is_neither_offered_nor_answered() {
    use smtp_core::Capability;
    let all = ["STARTTLS", "AUTH", "DSN", "ETRN", "EXPN", "SIZE"];
    let inner = service_fn(move |_: Request| async move {
        let mut reply = Reply::new(250, "passed");
        all.iter().for_each(|keyword| reply.capabilities_mut().insert(Capability::new(*keyword)));
        Ok::<_, BoxError>(reply)
    });
    for (letters, offered) in [
        ("S", "AUTH DSN ETRN EXPN SIZE"),
        ("A E X D", "STARTTLS SIZE"),
        ("V s a L B", "STARTTLS AUTH DSN ETRN EXPN SIZE"),
    ] {
        let stack = layer(&format!("Srv_Features:192.0.2 {letters}\n")).layer(inner);
        let reply = stack.oneshot(request("EHLO c.example", facts().session())).await.unwrap();
        let found = &reply.effects().unwrap().capabilities;
        let found: Vec<_> = all.into_iter().filter(|keyword| found.get(keyword).is_some()).collect();
        assert_eq!(found.join(" "), offered, "{letters}");
    }
    let strict = layer("Srv_Features:192.0.2 S A E X l\nSrv_Features: l\n");
    for (line, expected) in [
        ("STARTTLS", "503 5.5.0 STARTTLS is not offered to you"),
        ("AUTH PLAIN", "503 5.3.3 AUTH is not offered to you"),
        ("ETRN example.org", "502 5.7.0 ETRN is not offered to you"),
        ("EXPN staff", "502 5.7.0 EXPN is not offered to you"),
        ("VRFY joe", "passed"),
        ("XYZZY", "passed"),
        ("MAIL FROM:<a@b.example>", "530 5.7.0 authentication required"),
    ] {
        assert_eq!(ask(&strict, line, &facts()).await, expected, "{line}");
    }
    let mut alice = facts();
    alice.set_identity(Identity::new("alice", "PLAIN"));
    assert_eq!(ask(&strict, "MAIL FROM:<a@b.example>", &alice).await, "passed");
}

#[tokio::test]
async fn senders_and_recipients_are_refused() {
    let layer =
        layer("From:spam.example REJECT\nTo:joe@ ERROR:4.2.2:450 full\nTo:sales@example.org REJECT\n");
    for (line, expected) in [
        ("MAIL FROM:<a@spam.example>", "550 5.7.1 access denied"),
        ("MAIL FROM:<>", "passed"),
        ("MAIL FROM:<a@ham.example>", "passed"),
        ("RCPT TO:<joe@example.org>", "450 4.2.2 full"),
        ("RCPT TO:<joe@example.net>", "passed"),
        ("RCPT TO:<Sales+x@example.org>", "550 5.2.1 mailbox disabled for this recipient"),
    ] {
        assert_eq!(ask(&layer, line, &facts()).await, expected, "{line}");
    }
}

#[tokio::test]
async fn tls_is_demanded_at_mail() {
    let layer = layer("TLS_Clt:192.0.2 VERIFY\n");
    let mut facts = facts();
    assert_eq!(ask(&layer, "MAIL FROM:<>", &facts).await, "454 4.7.0 STARTTLS required");
    for (verify, expected) in [(Verify::Fail, "454 4.7.0 authentication failed"), (Verify::Ok, "passed")] {
        let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128);
        tls.verify = verify;
        facts.set_tls(tls.into());
        assert_eq!(ask(&layer, "MAIL FROM:<a@b.example>", &facts).await, expected);
    }
}

#[tokio::test]
async fn a_discarded_message_is_read_and_forgotten() {
    let layer = layer("From:spam.example DISCARD\nTo:trap@example.org DISCARD\n");
    let facts = facts();
    let data = || Request::new(Command::Data(Body::from("Subject: x\r\n\r\n")), facts.session().clone());
    assert_eq!(ask(&layer, "MAIL FROM:<a@spam.example>", &facts).await, "passed");
    assert_eq!(answer(&layer, data()).await, "250 2.0.0 message accepted for delivery");
    // Another sender of the same session is another matter.
    assert_eq!(ask(&layer, "MAIL FROM:<a@ham.example>", &facts).await, "passed");
    assert_eq!(answer(&layer, data()).await, "passed");
    assert_eq!(ask(&layer, "RCPT TO:<trap@example.org>", &facts).await, "250 2.1.5 recipient ok");
    assert_eq!(answer(&layer, data()).await, "250 2.0.0 message accepted for delivery");
}

#[tokio::test]
async fn quarantine_needs_somebody_who_holds_back() {
    let layer = layer("From:odd.example QUARANTINE:looks odd\n");
    let facts = facts();
    let refused = "451 4.7.1 message is to be held back, try again later";
    assert_eq!(ask(&layer, "MAIL FROM:<a@odd.example>", &facts).await, refused);
    assert_eq!(ask(&layer.mark_quarantined(), "MAIL FROM:<a@odd.example>", &facts).await, "passed");
    let marked = facts.session().transaction().get::<Quarantined>();
    assert_eq!(marked, Some(Quarantined("looks odd".into())));
}

#[tokio::test]
async fn delayed_checks_leave_those_alone_who_logged_in() {
    let layer = layer("Connect:192.0.2 REJECT\nSpam:abuse@example.org FRIEND\n")
        .delay_checks(DelayChecks::NotForFriends);
    let mut facts = facts();
    facts.start_transaction(smtp_core::testing::sender("a@b.example"));
    for (recipient, expected) in
        [("joe@example.org", "550 5.7.1 access denied"), ("abuse@example.org", "passed")]
    {
        assert_eq!(ask(&layer, &format!("RCPT TO:<{recipient}>"), &facts).await, expected);
    }
    facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
    assert_eq!(ask(&layer, "RCPT TO:<joe@example.org>", &facts).await, "passed");
}

/// The route that `RelayLayer` gives, or its refusal.
async fn route(layer: &RelayLayer, recipient: &str, facts: &SessionFacts) -> String {
    let inner = service_fn(|request: Request| async move {
        let Command::Rcpt(recipient) = request.command else { panic!("RCPT went in") };
        let local = recipient.route == Some(Route::Local);
        Ok::<_, BoxError>(Reply::new(250, if local { "local" } else { "relay" }))
    });
    let request = request(&format!("RCPT TO:<{recipient}>"), facts.session());
    layer.layer(inner).oneshot(request).await.unwrap().text().to_owned()
}

#[tokio::test]
async fn the_map_relays_for_and_to() {
    let relay = |text: &str| {
        let layer = RelayLayer::new().local_domains([domain("example.org").into()]);
        layer.access_map(AccessMap::from_text(text).unwrap())
    };
    let (denied, facts) = ("relaying denied for example.net", facts());
    assert_eq!(route(&relay("Connect:192.0.2 RELAY\n"), "x@example.net", &facts).await, "relay");
    assert_eq!(route(&relay("Connect:192.0.2 RELAY\n"), "x@example.org", &facts).await, "local");
    assert_eq!(route(&relay("Connect:192.0.2 OK\n"), "x@example.net", &facts).await, denied);
    assert_eq!(route(&relay("From:client.example RELAY\n"), "x@example.net", &facts).await, denied);
    let to = relay("To:example.net RELAY\nConnect:mx.example.com RELAY\n");
    assert_eq!(route(&to, "x@sub.example.net", &facts).await, "relay");
    assert_eq!(
        route(&to, "x%example.com@example.net", &facts).await,
        "relaying denied for addresses routed through example.net"
    );
    assert_eq!(route(&to, "x@example.com", &facts).await, "relaying denied for example.com");
    facts.session().connection().insert(ClientName(domain("mx.example.com")));
    assert_eq!(route(&to, "x@example.com", &facts).await, "relay");
}

#[tokio::test]
async fn hosts_and_certificates_may_be_trusted() {
    use smtp_core::{DistinguishedName, Fingerprint, PeerCertificate};
    let layer = RelayLayer::new()
        .trusted_hosts([".partner.example".parse().unwrap()])
        .trusted_certificates("/CN=Ours", None)
        .trusted_certificates("/CN=Public", Some("/CN=mx.example.com"));
    let named = facts();
    named.session().connection().insert(ClientName(domain("mx.partner.example")));
    assert_eq!(route(&layer, "x@example.net", &named).await, "relay");
    for (verify, issuer, subject, trusted) in [
        (Verify::Ok, "Ours", "anybody", true),
        (Verify::Fail, "Ours", "anybody", false),
        (Verify::Ok, "Public", "mx.example.com", true),
        (Verify::Ok, "Public", "other.example.com", false),
    ] {
        let name = |common: &str| DistinguishedName::new([("CN", common)]);
        let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128);
        tls.verify = verify;
        let certificate = PeerCertificate::new(name(subject), name(issuer), Fingerprint([0; 32]));
        tls.peer_certificate = Some(Box::new(certificate));
        let mut facts = facts();
        facts.set_tls(tls.into());
        assert_eq!(route(&layer, "x@example.net", &facts).await == "relay", trusted, "{issuer} {subject}");
    }
}
