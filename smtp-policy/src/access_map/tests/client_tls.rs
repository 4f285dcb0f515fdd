use std::sync::Arc;

use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand as Wanted};
use smtp_core::testing::recipient;
use smtp_core::{BoxError, TlsInfo, Transport, Upgrade, Upgraded, Verify};

use crate::access_map::{AccessMap, AccessTls};

/// A handshake that leaves this behind.
fn handshake(bits: u16, verify: Verify) -> Arc<dyn Upgrade> {
    Arc::new(move |transport: Transport| async move {
        let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", bits);
        tls.verify = verify;
        Ok::<_, BoxError>(Upgraded { transport, tls: Arc::new(tls) })
    })
}

fn tls(map: &str, inner: TlsDecision) -> AccessTls {
    AccessTls::new(AccessMap::from_text(map).unwrap(), inner)
}

/// What is done about TLS, and what comes of it.
async fn outcome(tls: &AccessTls, host: &str, wanted: Wanted) -> String {
    let shake = |upgrade: Arc<dyn Upgrade>| async move {
        match upgrade.upgrade(Transport::new(tokio::io::empty())).await {
            Ok(_) => "protected".to_owned(),
            Err(error) => error.to_string(),
        }
    };
    match tls.decide(&Destination::new(host, 25), wanted).await {
        Ok(TlsDecision::Never) => "never".to_owned(),
        Ok(TlsDecision::IfOffered(upgrade)) => format!("if offered: {}", shake(upgrade).await),
        Ok(TlsDecision::Required(upgrade)) => format!("required: {}", shake(upgrade).await),
        Ok(TlsDecision::Implicit(upgrade)) => format!("implicit: {}", shake(upgrade).await),
        Ok(_) => panic!("a decision that is not known here"),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn the_map_decides_about_the_hosts_that_it_names() {
    let map = "Try_TLS:old.example NO\n\
               Try_TLS:[192.0.2.7] NO\n\
               Try_TLS:torn.example NO\n\
               TLS_Srv:torn.example ENCR:112\n\
               TLS_Srv:strong.example ENCR:256\n\
               TLS_Srv:weak.example ENCR:112\n\
               TLS_Srv:bank.example VERIFY\n\
               TLS_Srv:never.example PERM+VERIFY\n\
               TLS_Srv:later.example TEMP+ENCR:256\n\
               Try_TLS:odd.example NO\n\
               TLS_Srv:odd.example PERM+ENCR:1\n\
               TLS_Srv:free.example OK\n";
    let tls = tls(map, TlsDecision::IfOffered(handshake(128, Verify::Fail)));
    for (host, expected) in [
        ("mx.old.example", "never"),
        ("192.0.2.7", "never"),
        ("192.0.2.8", "if offered: protected"),
        ("mx.example.org", "if offered: protected"),
        ("free.example", "if offered: protected"),
        ("weak.example", "required: protected"),
        ("strong.example", "required: 454 4.7.0 encryption too weak, 128 bits are less than 256"),
        ("mx.bank.example", "required: 454 4.7.0 authentication failed"),
        ("never.example", "required: 503 5.7.0 authentication failed"),
        ("later.example", "required: 403 4.7.0 encryption too weak, 128 bits are less than 256"),
        ("torn.example", "454 4.7.0 encryption too weak, 0 bits are less than 112"),
        ("odd.example", "503 5.7.0 encryption too weak, 0 bits are less than 1"),
    ] {
        assert_eq!(outcome(&tls, host, Wanted::None).await, expected, "{host}");
    }
    let demanded = outcome(&tls, "mx.old.example", Wanted::Verified).await;
    assert_eq!(demanded, "Try_TLS: is NO for mx.old.example:25, and TLS is demanded");
    for (host, expected) in [
        ("never.example", "503 5.7.0 STARTTLS required"),
        ("later.example", "403 4.7.0 encryption too weak, 0 bits are less than 256"),
        ("mx.bank.example", "454 4.7.0 STARTTLS required"),
        ("mx.example.org", ""),
    ] {
        let refusal = tls.not_offered(&Destination::new(host, 25));
        assert_eq!(refusal.map_or_else(String::new, |reply| reply.to_string()), expected, "{host}");
    }
}

#[tokio::test]
async fn what_is_demanded_is_demanded_however_tls_begins() {
    let map = "TLS_Srv: VERIFY\n";
    for (inner, expected) in [
        (TlsDecision::Never, "454 4.7.0 STARTTLS required"),
        (TlsDecision::Implicit(handshake(128, Verify::Ok)), "implicit: protected"),
        (TlsDecision::Implicit(handshake(128, Verify::No)), "implicit: 454 4.7.0 not authenticated"),
        (TlsDecision::Required(handshake(128, Verify::Ok)), "required: protected"),
    ] {
        assert_eq!(outcome(&tls(map, inner), "bank.example", Wanted::None).await, expected);
    }
}

#[test]
fn recipients_may_demand_more_than_others() {
    let map = "TLS_Rcpt:boss@ VERIFY\nTLS_Rcpt:joe@bank.example OK\nTLS_Rcpt:bank.example PERM+ENCR:256\n\
               TLS_Rcpt: ENCR:1\n";
    let tls = tls(map, TlsDecision::Never);
    let mut facts = TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128);
    facts.verify = Verify::No;
    for (to, facts, expected) in [
        ("joe@example.org", Some(&facts), ""),
        ("joe@example.org", None, "454 4.7.0 encryption too weak, 0 bits are less than 1"),
        ("joe@bank.example", None, ""),
        ("ann@bank.example", Some(&facts), "503 5.7.0 encryption too weak, 128 bits are less than 256"),
        ("boss@example.org", Some(&facts), "454 4.7.0 not authenticated"),
        ("boss@example.org", None, "454 4.7.0 STARTTLS required"),
    ] {
        let checked = tls.check_recipient(&Destination::new("mx.example", 25), &recipient(to), facts);
        let reply = checked.map_or_else(|reply| reply.to_string(), |()| String::new());
        assert_eq!(reply, expected, "{to}");
    }
}
