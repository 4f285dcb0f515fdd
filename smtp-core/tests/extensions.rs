//! The parameters of the extensions: every form that their RFCs allow and none other, written as
//! they are read; what is offered; and what the layer refuses.

use std::fmt::Debug;
use std::time::Duration;

use smtp_core::extension::{
    BinaryMime, BodyType, ByMode, DeclaredSize, DeliverBy, DeliverByTime, Dsn, EightBitMime, EnvelopeId,
    Extension, ExtensionLayer, FutureRelease, HoldFor, HoldUntil, MtPriority, Notify, OriginalRecipient,
    Priority, RequireTls, RequireTlsOption, Ret, Size, SmtpUtf8, SmtpUtf8Option, TypedParameter,
};
use smtp_core::testing::{facts, request};
use smtp_core::{Parameter, Parameters, Reply, Request, TlsInfo};
use tower::{BoxError, Layer, ServiceExt, service_fn};

fn read<T: TypedParameter>(parameter: &str) -> Option<T> {
    let mut parameters = Parameters::default();
    parameters.insert(Parameter::parse(parameter).unwrap_or_else(|| panic!("{parameter}")));
    parameters.typed::<T>().ok().flatten()
}

/// Each of `good` is read, written, and read as the same; none of `bad` is read.
fn check<T: TypedParameter + PartialEq + Debug>(good: &[&str], bad: &[&str]) {
    for parameter in good {
        let value: T = read(parameter).unwrap_or_else(|| panic!("{parameter}"));
        let mut parameters = Parameters::default();
        parameters.set(&value);
        let written = parameters.get(T::KEYWORD).expect("just set").to_string();
        assert_eq!(read::<T>(&written), Some(value), "{parameter} {written}");
    }
    for parameter in bad {
        assert_eq!(read::<T>(parameter), None, "{parameter}");
    }
}

#[test]
fn rfc1870_size() {
    check::<DeclaredSize>(
        &["SIZE=0", "size=1000", "SIZE=99999999999999999999"],
        &["SIZE", "SIZE=-1", "SIZE=+1", "SIZE=1k", "SIZE=100000000000000000000"],
    );
    assert_eq!(read("SIZE=99999999999999999999"), Some(DeclaredSize(u64::MAX)));
}

#[test]
fn rfc6152_and_3030_body() {
    check::<BodyType>(
        &["BODY=7BIT", "BODY=8bitmime", "BODY=BINARYMIME"],
        &["BODY", "BODY=8BIT", "BODY=7BIT,8BITMIME"],
    );
}

#[test]
fn rfc3461_ret_envid_notify() {
    check::<Ret>(&["RET=FULL", "RET=hdrs"], &["RET", "RET=BODY"]);
    let long = format!("ENVID={}", "x".repeat(100));
    check::<EnvelopeId>(
        &["ENVID=QQ314159", "ENVID=a+2Bb+3D+20c", &long],
        &["ENVID", "ENVID=a+2bc", "ENVID=+00", "ENVID=+C3+A4", &format!("{long}x")],
    );
    assert_eq!(EnvelopeId::new("a=b c").unwrap().to_value().as_deref(), Some("a+3Db+20c"));
    assert_eq!(EnvelopeId::new(&"=".repeat(34)), None);
    check::<Notify>(
        &["NOTIFY=NEVER", "NOTIFY=success", "NOTIFY=SUCCESS,FAILURE,DELAY", "NOTIFY=DELAY,DELAY"],
        &["NOTIFY", "NOTIFY=NEVER,DELAY", "NOTIFY=SUCCESS,", "NOTIFY=ALWAYS", "NOTIFY=,"],
    );
}

#[test]
fn rfc3461_and_6533_orcpt() {
    let long = format!("ORCPT=rfc822;{}", "x".repeat(493));
    check::<OriginalRecipient>(
        &[
            "ORCPT=rfc822;joe@example.org",
            "ORCPT=RFC822;a+2Bb@c",
            "ORCPT=x400;/S=+20x/".replace("S=", "S+3D").as_str(),
            "ORCPT=utf-8;j\\x{F6}e@example.org",
            &long,
        ],
        &[
            "ORCPT",
            "ORCPT=joe@example.org",
            "ORCPT=rfc822;",
            "ORCPT=;joe@x",
            "ORCPT=rfc.822;joe@x",
            "ORCPT=\"rfc822\";joe@x",
            "ORCPT=rfc822;a+0D+0Ab",
            "ORCPT=rfc822;+C3+B6",
            "ORCPT=utf-8;\\x{D800}",
            "ORCPT=utf-8;\\x{+41}",
            "ORCPT=utf-8;\\x{A",
            "ORCPT=utf-8;\\x{0A}",
            "ORCPT=utf-8;a\\b",
            "ORCPT=utf-8;a+41",
            &format!("{long}x"),
        ],
    );
    let recipient: OriginalRecipient = read("ORCPT=utf-8;j\\x{F6}e@x").unwrap();
    assert_eq!((recipient.address_type(), recipient.address()), ("utf-8", "j\u{f6}e@x"));
    let recipient = OriginalRecipient::new(&"a+b@example.org".parse().unwrap()).unwrap();
    assert_eq!(recipient.to_value().as_deref(), Some("rfc822;a+2Bb@example.org"));
}

#[test]
fn rfc2852_by() {
    check::<DeliverByTime>(
        &["BY=120;R", "BY=-120;N", "BY=+5;nt", "BY=0;N", "BY=999999999;RT"],
        &["BY", "BY=120", "BY=0;R", "BY=-1;R", "BY=1;X", "BY=;R", "BY=--1;N", "BY=1000000000;N", "BY=1;N;"],
    );
    let by: DeliverByTime = read("BY=-7;NT").unwrap();
    assert_eq!((by.seconds(), by.mode(), by.is_traced()), (-7, ByMode::Notify, true));
}

#[test]
fn rfc4865_hold() {
    check::<HoldFor>(
        &["HOLDFOR=1", "HOLDFOR=999999999"],
        &["HOLDFOR", "HOLDFOR=0", "HOLDFOR=+1", "HOLDFOR=1000000000", "HOLDFOR=1h"],
    );
    check::<HoldUntil>(
        &["HOLDUNTIL=2030-01-01T00:00:00Z", "HOLDUNTIL=2030-01-01t12:00:00+01:00"],
        &[
            "HOLDUNTIL",
            "HOLDUNTIL=2030-01-01",
            "HOLDUNTIL=2030-01-01T00:00:00",
            "HOLDUNTIL=2030-13-01T00:00:00Z",
            "HOLDUNTIL=tomorrow",
        ],
    );
}

#[test]
fn rfc6710_priority() {
    check::<Priority>(
        &["MT-PRIORITY=0", "MT-PRIORITY=-9", "MT-PRIORITY=9"],
        &[
            "MT-PRIORITY",
            "MT-PRIORITY=10",
            "MT-PRIORITY=-10",
            "MT-PRIORITY=+1",
            "MT-PRIORITY=-0",
            "MT-PRIORITY=01",
        ],
    );
}

#[test]
fn rfc6531_and_8689_take_no_value() {
    check::<SmtpUtf8Option>(&["SMTPUTF8"], &["SMTPUTF8=yes"]);
    check::<RequireTlsOption>(&["REQUIRETLS"], &["REQUIRETLS=yes"]);
}

/// What an extension offers, and the codes that these commands get.
async fn offered(extension: impl Extension, tls: bool, lines: &[&str]) -> (Option<String>, Vec<u16>) {
    let keyword = {
        let mut facts = facts();
        facts.set_tls(TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128).into());
        extension.capability(facts.session()).expect("offered").keyword().to_owned()
    };
    let stack = ExtensionLayer::new(extension)
        .layer(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.0.0 OK")) }));
    let mut facts = facts();
    if tls {
        facts.set_tls(TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128).into());
    }
    let hello = request("EHLO client.example", facts.session());
    let mut reply = stack.clone().oneshot(hello).await.expect("a reply");
    let capability = reply.capabilities_mut().get(&keyword).map(ToString::to_string);
    let mut codes = Vec::new();
    for line in lines {
        let reply = stack.clone().oneshot(request(line, facts.session())).await.expect("a reply");
        codes.push(reply.code().get());
    }
    (capability, codes)
}

#[tokio::test]
async fn the_layer_offers_and_refuses() {
    let mail = |parameter: &str| format!("MAIL FROM:<a@b.example> {parameter}");
    let (offer, codes) =
        offered(Size::new(1000), false, &[&mail("SIZE=1000"), &mail("SIZE=1001"), &mail("SIZE=x")]).await;
    assert_eq!((offer.as_deref(), &*codes), (Some("SIZE 1000"), &[250, 552, 501][..]));
    let (offer, codes) =
        offered(EightBitMime, false, &[&mail("BODY=8BITMIME"), &mail("BODY=BINARYMIME"), "RSET"]).await;
    assert_eq!((offer.as_deref(), &*codes), (Some("8BITMIME"), &[250, 501, 250][..]));
    let (offer, _) = offered(BinaryMime, false, &[]).await;
    assert_eq!(offer.as_deref(), Some("BINARYMIME"));
    let (offer, codes) = offered(
        Dsn,
        false,
        &[
            &mail("RET=HDRS ENVID=1"),
            &mail("RET=X"),
            "RCPT TO:<a@b.example> NOTIFY=NEVER ORCPT=rfc822;a@b",
            "RCPT TO:<a@b.example> NOTIFY=X",
            "RCPT TO:<a@b.example> ORCPT=x",
        ],
    )
    .await;
    assert_eq!((offer.as_deref(), &*codes), (Some("DSN"), &[250, 501, 250, 501, 501][..]));
    let (offer, codes) = offered(SmtpUtf8, false, &[&mail("SMTPUTF8"), &mail("SMTPUTF8=1")]).await;
    assert_eq!((offer.as_deref(), &*codes), (Some("SMTPUTF8"), &[250, 501][..]));
    let by = DeliverBy::new().at_least(Duration::from_secs(60));
    let (offer, codes) = offered(by, false, &[&mail("BY=60;R"), &mail("BY=59;R"), &mail("BY=59;N")]).await;
    assert_eq!((offer.as_deref(), &*codes), (Some("DELIVERBY 60"), &[250, 553, 250][..]));
    let (offer, codes) = offered(
        MtPriority::new().profile("MIXER"),
        false,
        &[&mail("MT-PRIORITY=3"), &mail("MT-PRIORITY=30")],
    )
    .await;
    assert_eq!((offer.as_deref(), &*codes), (Some("MT-PRIORITY MIXER"), &[250, 501][..]));
}

#[tokio::test]
async fn requiretls_is_offered_within_tls_only() {
    assert_eq!(offered(RequireTls, false, &[]).await.0, None);
    let (offer, codes) =
        offered(RequireTls, true, &["MAIL FROM:<> REQUIRETLS", "MAIL FROM:<> REQUIRETLS=x"]).await;
    assert_eq!((offer.as_deref(), &*codes), (Some("REQUIRETLS"), &[250, 501][..]));
}

#[tokio::test]
async fn messages_are_not_held_for_ever() {
    let (offer, codes) = offered(
        FutureRelease::at_most(Duration::from_secs(86_400)),
        false,
        &[
            "MAIL FROM:<> HOLDFOR=86400",
            "MAIL FROM:<> HOLDFOR=86401",
            "MAIL FROM:<> HOLDUNTIL=2001-01-01T00:00:00Z",
            "MAIL FROM:<> HOLDUNTIL=2999-01-01T00:00:00Z",
            "MAIL FROM:<> HOLDFOR=1 HOLDUNTIL=2001-01-01T00:00:00Z",
        ],
    )
    .await;
    let offer = offer.unwrap();
    let latest = offer.strip_prefix("FUTURERELEASE 86400 ").unwrap();
    assert!(read::<HoldUntil>(&format!("HOLDUNTIL={latest}")).is_some(), "{latest}");
    assert_eq!(codes, [250, 501, 250, 501, 501]);
}
