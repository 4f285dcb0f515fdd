use proptest::prelude::*;
use smtp_core::testing::{domain, recipient};
use smtp_core::{DistinguishedName, Fingerprint, Host, PeerCertificate, TlsInfo, Verify};

use crate::access_map::*;

fn rules(text: &str) -> std::sync::Arc<AccessRules> {
    AccessMap::from_text(text).unwrap_or_else(|error| panic!("{error}")).last_rules()
}

fn remote(name: &str, address: &str) -> Remote {
    let name: Option<Host> = (!name.is_empty()).then(|| domain(name).into());
    Remote::new(name.as_ref(), address.parse().ok())
}

fn action(text: &str) -> Action {
    Action::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn the_closest_entry_of_a_client_counts() {
    let rules = rules(
        "Connect:10\tREJECT\nConnect:10.1\tOK\n10.1.2 DISCARD\nConnect:10.1.2.3 RELAY\nConnect:10.9 SKIP\n\
         Connect:example.org REJECT\nConnect:mx.example.org OK\n.example.net REJECT\nIPv6:2001:0DB8 REJECT\n\
         Connect:IPv6:2001:db8::25 OK\n[192.0.2] ERROR:4.7.1:450 who are you\n",
    );
    for (name, address, expected) in [
        ("", "10.1.2.3", Some("RELAY")),
        ("", "10.1.2.4", Some("DISCARD")),
        ("", "10.1.3.4", Some("OK")),
        ("", "10.100.3.4", Some("REJECT")),
        ("", "10.9.3.4", None),
        ("", "11.1.2.3", None),
        ("", "::ffff:10.1.2.3", Some("RELAY")),
        ("mx.example.org", "10.100.1.1", Some("OK")),
        ("a.b.example.org", "11.1.1.1", Some("REJECT")),
        ("badexample.org", "11.1.1.1", None),
        ("example.net", "11.1.1.1", None),
        ("a.b.example.net", "11.1.1.1", Some("REJECT")),
        ("", "2001:db8::7", Some("REJECT")),
        ("", "2001:db8::25", Some("OK")),
        ("", "2001:db9::25", None),
        ("", "192.0.2.1", Some("ERROR:4.7.1:450 who are you")),
        ("named.example.com", "192.0.2.1", None),
        ("", "", None),
    ] {
        let found = rules.client(&remote(name, address)).map(ToString::to_string);
        assert_eq!(found.as_deref(), expected, "{name} {address}");
    }
}

#[test]
fn the_closest_entry_of_an_address_counts() {
    let rules = rules(
        "From:spam.example REJECT\nFrom:good@spam.example OK\nspammer@ REJECT\nFrom:joe+x@d.example REJECT\n\
         From:jim+*@d.example REJECT\nFrom:sam@d.example REJECT\nTo:nobody@ REJECT\nTo:relay.example RELAY\n\
         To:joe@relay.example REJECT\nboth.example REJECT\nTo:both.example OK\n",
    );
    for (sender, expected) in [
        ("a@spam.example", true),
        ("a@b.Spam.example", true),
        ("GOOD@spam.example", false),
        ("good@b.spam.example", true),
        ("Spammer@example.org", true),
        ("spammer+x@example.org", true),
        ("joe+x@d.example", true),
        ("joe@d.example", false),
        ("joe+y@d.example", false),
        ("jim+y@d.example", true),
        ("jim@d.example", false),
        ("sam+y@d.example", true),
        ("sam@x.d.example", false),
        ("a@both.example", true),
        ("nobody@example.org", false),
    ] {
        let found = rules.sender(&sender.parse().unwrap());
        assert_eq!(found == Some(&Action::Reject), expected, "{sender}");
    }
    for (address, local, expected) in [
        ("nobody@example.org", true, Some(Action::Reject)),
        ("nobody@example.org", false, None),
        ("joe@relay.example", false, Some(Action::Reject)),
        ("x@both.example", false, Some(Action::Ok)),
        ("x@sub.relay.example", false, Some(Action::Relay)),
    ] {
        assert_eq!(rules.recipient(&recipient(address).path, local), expected.as_ref(), "{address}");
    }
    assert!(rules.relays_to(&domain("sub.relay.example").into()));
    assert!(!rules.relays_to(&domain("other.example").into()));
}

#[test]
fn values_refuse_as_they_say() {
    for (text, expected) in [
        ("ERROR:5.1.8:553 bad sender", "553 5.1.8 bad sender"),
        ("\"553 bad sender\"", "553 5.0.0 bad sender"),
        ("550 bad sender", "550 5.0.0 bad sender"),
        ("ERROR:\"450 mailbox full\"", "450 4.0.0 mailbox full"),
        ("error:4.2.2:\"450 mailbox full\"", "450 4.2.2 mailbox full"),
        ("ERROR:4.2.2:550 gone", "550 5.2.2 gone"),
        ("bad sender", "553 5.3.0 bad sender"),
        ("ERROR:4.2.2:no code", "553 5.3.0 no code"),
        ("ERROR:http://example.org says why", "553 5.3.0 http://example.org says why"),
    ] {
        let Action::Refuse(refusal) = action(text) else { panic!("{text}") };
        assert_eq!(refusal.reply().to_string().trim(), expected, "{text}");
    }
    let expected = [
        ("ok", Action::Ok),
        ("Discard", Action::Discard),
        ("QUARANTINE:odd", Action::Quarantine("odd".into())),
    ];
    for (text, expected) in expected {
        assert_eq!(action(text), expected);
    }
}

#[test]
fn what_cannot_be_taken_is_shown_with_its_place() {
    for (text, place, what) in [
        (" Connect:10 OK", (1, 1), "begins with a blank"),
        ("# fine\n\nConnect:10", (3, 11), "no value"),
        ("Connect:10  ", (1, 11), "no value"),
        ("Conect:10 OK", (1, 1), "not known"),
        ("TLS_Srv_Features:x CertFile=x", (1, 1), "cannot be taken"),
        ("Connect: OK", (1, 9), "lacks a key"),
        ("Connect:10.0.0.0/8 OK", (1, 9), "first numbers"),
        ("Connect:192.168. OK", (1, 9), "without a dot"),
        ("Connect:192.168.256 OK", (1, 9), "up to 255"),
        ("Connect:IPv6:2001:db8:: OK", (1, 9), "without the colons"),
        ("Connect:IPv6:xyz OK", (1, 9), "no IPv6 address"),
        ("Connect:joe@example.org OK", (1, 9), "about hosts"),
        ("From:a b@example.org OK", (1, 8), ""),
        ("From:@example.org OK", (1, 6), "no local part"),
        ("From:a@b..c OK", (1, 6), "no domain"),
        ("b\u{fc}cher.example OK", (1, 1), "no domain"),
        ("Connect:10\tERROR:250 fine", (1, 12), "refuses nothing"),
        ("Connect:10\tQUARANTINE:", (1, 12), "lacks a reason"),
        ("Connect:10\tFRIEND", (1, 12), "Spam:"),
        ("Spam:joe@ OK", (1, 11), "FRIEND or HATER"),
        ("10 OK\nConnect:10 OK\n10 REJECT", (3, 1), "in line 1"),
        ("TLS_Clt: VERIFY:many", (1, 10), "number of bits"),
        ("TLS_Clt: VERIFY+CITag:x", (1, 10), "CITag"),
        ("Try_TLS:x perhaps", (1, 11), "NO or YES"),
        ("Srv_Features:x VS", (1, 16), "single letters"),
        ("Srv_Features:x V c", (1, 16), "the feature c cannot be given or taken here"),
        ("AuthInfo:x \"U:joe\" \"P:x\" \"R:example\"", (1, 12), "R: is the realm of DIGEST-MD5"),
        ("AuthInfo:x \"U:joe\" \"R:a\" \"M:PLAIN digest-md5\"", (1, 12), "R: is the realm of DIGEST-MD5"),
        ("CERTIssuer:Example OK", (1, 12), "form"),
        ("CERTIssuer:/CN=x OK", (1, 18), "SUBJECT"),
        ("GreetPause:x long", (1, 14), "whole number"),
        ("AuthInfo:x \"U:a\" \"U:b\"", (1, 12), "twice"),
    ] {
        // A value may be anything, an error text too.
        let Err(error) = AccessMap::from_text(text) else {
            assert!(what.is_empty(), "{text}");
            continue;
        };
        assert_eq!(error.place(), Some(place), "{text}: {error}");
        assert!(error.to_string().contains(what), "{text}: {error}");
    }
    let error = AccessMap::from_text("x..y OK\n10 OK\nz..z OK\n").unwrap_err();
    assert_eq!((error.count(), error.place()), (2, Some((1, 1))));
    let long = "x..y OK\n".repeat(100);
    assert!(AccessMap::from_text(&long).unwrap_err().to_string().ends_with("and 80 more problems"));
}

#[test]
fn credentials_do_not_show() {
    let text = "AuthInfo:mx.example.net \"U:joe\" \"I:login\" \"P=c2VjcmV0\" \"R:realm\" \"M:PLAIN cram-md5\"\n\
                AuthInfo:192.0.2 \"U:jim\" \"P:hidden word\"\nAuthInfo: \"U:any\" \"P:x\"\n";
    let rules = rules(text);
    let info = rules.auth_info(&remote("mx.example.net", "10.0.0.1")).unwrap();
    assert_eq!((info.name(), info.realm.as_deref()), (Some("login"), Some("realm")));
    assert_eq!(info.password.as_ref().unwrap().expose(), b"secret");
    assert_eq!(info.mechanisms, ["PLAIN", "CRAM-MD5"]);
    let info = rules.auth_info(&remote("", "192.0.2.9")).unwrap();
    assert_eq!(info.password.as_ref().unwrap().expose(), b"hidden word");
    assert_eq!(rules.auth_info(&remote("other.example", "")).unwrap().name(), Some("any"));
    let shown = format!("{rules:?}");
    assert!(!shown.contains("hidden") && !shown.contains("secret"), "{shown}");
    for bad in ["\"P=hidden!\"", "\"P:hidden", "\"Phidden\"", "\"P:hidden\" \"P:x\"", "\"X:hidden\"", "P"] {
        let error = AccessMap::from_text(&format!("AuthInfo:x {bad}\n")).unwrap_err();
        assert!(!error.to_string().contains("hidden"), "{error}");
    }
}

fn tls(verify: Verify, bits: u16, issuer: &str, subject: &str) -> TlsInfo {
    let mut info = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", bits);
    info.verify = verify;
    let name = |common: &str| DistinguishedName::new([("C", "US"), ("CN", common)]);
    info.peer_certificate =
        Some(Box::new(PeerCertificate::new(name(subject), name(issuer), Fingerprint([0; 32]))));
    info
}

#[test]
fn demands_on_tls() {
    let good = tls(Verify::Ok, 256, "Example CA", "mx.partner.example");
    let weak = tls(Verify::Ok, 56, "Example CA", "mx.partner.example");
    let bad = tls(Verify::Fail, 256, "Example CA", "mx.partner.example");
    for (demand, tls, expected) in [
        ("OK", None, None),
        ("VERIFY", Some(&good), None),
        ("VERIFY", Some(&bad), Some("454 4.7.0")),
        ("VERIFY", None, Some("454 4.7.0")),
        ("PERM+VERIFY", None, Some("503 5.7.0")),
        ("TEMP+VERIFY", Some(&bad), Some("403 4.7.0")),
        ("ENCR:112", Some(&bad), None),
        ("encr:112", None, Some("454 4.7.0")),
        ("VERIFY:112", Some(&weak), Some("454 4.7.0")),
        ("VERIFY+CN", Some(&good), None),
        ("VERIFY+CN:other.example", Some(&good), Some("454 4.7.0")),
        ("ENCR:112+CN", Some(&bad), Some("454 4.7.0")),
        ("VERIFY:128+CN:MX.partner.example++CI:/C=US/CN=Example+20CA", Some(&good), None),
        ("VERIFY+CS:/C=US/CN=mx.partner.example", Some(&good), None),
        ("VERIFY+CI:/C=US/CN=Other", Some(&good), Some("454 4.7.0")),
    ] {
        let demand = TlsDemand::parse(demand).unwrap();
        let reply = demand.unmet(tls, "mx.partner.example").map(|reply| reply.to_string());
        assert_eq!(reply.as_deref().map(|reply| &reply[..9]), expected, "{demand}");
        assert_eq!(TlsDemand::parse(&demand.to_string()), Ok(demand));
    }
}

#[test]
fn only_a_verified_certificate_relays() {
    let rules = rules(
        "CERTIssuer:/C=US/CN=Ours RELAY\nCERTIssuer:/C=US/CN=Example+20CA SUBJECT\n\
         CERTSubject:/C=US/CN=mx.partner.example RELAY\nCERTSubject:/C=US/CN=stray RELAY\n",
    );
    for (verify, issuer, subject, expected) in [
        (Verify::Ok, "Ours", "anybody", true),
        (Verify::Fail, "Ours", "anybody", false),
        (Verify::Ok, "Example CA", "mx.partner.example", true),
        (Verify::Temp, "Example CA", "mx.partner.example", false),
        (Verify::Ok, "Example CA", "other", false),
        (Verify::Ok, "Unknown CA", "stray", false),
    ] {
        let tls = tls(verify, 256, issuer, subject);
        assert_eq!(rules.relays_for_certificate(Some(&tls)), expected, "{issuer} {subject} {verify}");
    }
    assert!(!rules.relays_for_certificate(None));
}

#[test]
fn hosts_are_looked_up_by_name_and_address_and_have_a_default() {
    let rules = rules(
        "Try_TLS:example.net NO\nSrv_Features:192.0.2 V s\nSrv_Features: S\nTLS_Srv:mx.example.net VERIFY\n\
         TLS_Rcpt:joe@ ENCR:128\nTLS_Rcpt:example.net VERIFY\nTLS_Rcpt: ENCR:1\nGreetPause: 5000\n\
         ClientRate:10 7\nClientConn:127.0.0.1 0\n",
    );
    assert!(!rules.tries_tls(&remote("mx.example.net", "")));
    assert!(rules.tries_tls(&remote("mx.example.org", "")));
    let features = rules.features(&remote("", "192.0.2.1")).unwrap();
    assert_eq!((features.asks_for_certificate(), features.offers_starttls()), (Some(false), Some(true)));
    let features = rules.features(&remote("", "192.0.3.1")).unwrap();
    assert_eq!((features.offers_auth(), features.offers_starttls()), (None, Some(false)));
    assert!(rules.tls_of_server(&remote("mx.example.net", "")).unwrap().is_verified());
    assert_eq!(rules.tls_of_server(&remote("example.net", "")), None);
    assert_eq!(rules.tls_of_recipient(&"joe@a.example".parse().unwrap()).unwrap().bits(), 128);
    assert!(rules.tls_of_recipient(&"x@mx.example.net".parse().unwrap()).unwrap().is_verified());
    assert_eq!(rules.tls_of_recipient(&"x@a.example".parse().unwrap()).unwrap().bits(), 1);
    assert!(rules.has(Tag::TryTls) && rules.has(Tag::GreetPause) && !rules.has(Tag::AuthInfo));
    assert_eq!(rules.greet_pause(&remote("", "")), Some(5000));
    assert_eq!(rules.client_rate(&remote("", "10.1.1.1")), Some(7));
    assert_eq!(rules.client_connections(&remote("", "127.0.0.1")), Some(0));
}

#[test]
fn quotes_that_mean_nothing_hide_nobody() {
    let rules = rules("From:\"joe\"@spam.example REJECT\nTo:\"ann\"@ REJECT\n");
    for sender in ["joe@spam.example", "\"joe\"@spam.example", "\"j\\oe\"@spam.example", "JOE+x@spam.example"]
    {
        assert_eq!(rules.sender(&sender.parse().unwrap()), Some(&Action::Reject), "{sender}");
    }
    assert_eq!(rules.recipient(&"<ann@a.example>".parse().unwrap(), true), Some(&Action::Reject));
}

#[test]
fn a_broken_file_leaves_the_map_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("access");
    std::fs::write(&path, "Connect:10 REJECT\n").unwrap();
    let map = AccessMap::open(&path).unwrap();
    let found = || map.last_rules().client(&remote("", "10.0.0.1")).cloned();
    for (text, expected) in [("Connect:10 REL AY\nx", "REJECT"), ("Connect:10 RELAY\n", "RELAY")] {
        std::fs::write(&path, text).unwrap();
        map.refresh();
        map.refresh();
        assert_eq!(found().unwrap().to_string(), expected);
    }
    assert!(
        AccessMap::open(folder.path().join("none")).unwrap_err().to_string().contains("correct the path")
    );
}

proptest! {
    #[test]
    fn no_text_panics_the_parser(text in "(?s).{0,200}") {
        let _ = AccessMap::from_text(&text);
    }

    #[test]
    fn no_line_panics_the_parser(
        tag in "(Connect:|From:|To:|Spam:|TLS_Clt:|TLS_Rcpt:|Try_TLS:|Srv_Features:|AuthInfo:|CERTIssuer:|)",
        key in r"(IPv6:|\[)?[0-9a-f.:@+*\]/ä-]{0,20}",
        value in r#"(OK|ERROR:|QUARANTINE:|VERIFY|ENCR:|PERM\+|"U:|P=)?[ -~ä]{0,20}"#,
    ) {
        let _ = AccessMap::from_text(&format!("{tag}{key}\t{value}\n"));
    }

    #[test]
    fn a_value_is_what_its_text_says(text in r#"(OK|ERROR:|ERROR:[0-9]\.[0-9]{1,4}\.7:|QUARANTINE:)?([0-9]{3} )?[ -~]{0,20}"#) {
        if let Ok(action) = Action::parse(&text) {
            prop_assert_eq!(Action::parse(&action.to_string()), Ok(action));
        }
    }

    #[test]
    fn a_demand_is_what_its_text_says(text in r"(PERM\+|TEMP\+)?(VERIFY|ENCR)(:[0-9]{1,3})?(\+(CN|CN:[a-z.+]{1,9}|CI:/[a-z+]{1,9})(\+\+CS:/[a-z+]{1,9})?)?") {
        if let Ok(demand) = TlsDemand::parse(&text) {
            prop_assert_eq!(TlsDemand::parse(&demand.to_string()), Ok(demand));
        }
    }

    #[test]
    fn features_and_keys_are_what_their_texts_say(letters in "[abdelsvxABDELSVX]( [abdelsvxABDELSVX]){0,5}", key in r"(IPv6:)?[0-9a-fA-F.:@+*-]{0,20}") {
        let features = Features::parse(&letters).unwrap();
        prop_assert_eq!(Features::parse(&features.to_string()), Ok(features));
        if let Ok(key) = Key::parse(Tag::From, &key) {
            prop_assert_eq!(Key::parse(Tag::From, key.as_str()), Ok(key));
        }
    }
}
