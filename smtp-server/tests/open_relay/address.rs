//! Recipients, and what is known of each: whether a stranger may send there.

use proptest::prelude::*;

#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// As it stands in RCPT, without the brackets.
    pub(crate) text: String,
    /// Whether anybody may send there.
    pub(crate) open: bool,
}

/// Somebody elsewhere.
pub(crate) fn foreign() -> Address {
    Address { text: "victim@foreign.example".to_owned(), open: false }
}

pub(crate) fn address() -> impl Strategy<Value = Address> {
    prop_oneof![1 => open(), 3 => closed()]
}

fn open() -> impl Strategy<Value = Address> {
    const ADDRESSES: &[&str] = &[
        "joe@example.org",
        "JOE@Example.ORG",
        "\"joe\"@example.org",
        "staff@example.org",
        "anybody@lists.example.org",
        "@route.example,@other.example:joe@example.org",
        "x@backup.example",
        "x@partner.example",
        "postmaster",
        "nobody@example.org",
    ];
    prop::sample::select(ADDRESSES).prop_map(|text| Address { text: text.to_owned(), open: true })
}

/// Who is elsewhere, and every way to write it so that it looks local.
fn closed() -> impl Strategy<Value = Address> {
    let users = prop::sample::select(&["victim", "joe", "\"a b\"", "j\u{f6}rg"][..]);
    let hosts = prop::sample::select(
        &[
            "foreign.example",
            "[192.0.2.9]",
            "[127.0.0.1]",
            "[IPv6:2001:db8::9]",
            "m\u{fc}nchen.example",
            "xn--mnchen-3ya.example",
            "localhost",
            "example.org.foreign.example",
            "evilexample.org",
            "example.or",
            "org",
        ][..],
    );
    let locals = prop::sample::select(
        &["example.org", "EXAMPLE.org", "lists.example.org", "backup.example", "partner.example"][..],
    );
    (users, hosts, locals, 0..12).prop_map(|(user, host, local, form)| {
        let plain = user.trim_matches('"');
        let text = match form {
            0 | 1 => format!("{user}@{host}"),
            2 => format!("{plain}%{host}@{local}"),
            3 => format!("{host}!{plain}@{local}"),
            4 => format!("\"{plain}@{host}\"@{local}"),
            5 => format!("\"{plain}%{host}\"@{local}"),
            6 => format!("\"{host}!{plain}\"@{local}"),
            7 => format!("@{local}:{user}@{host}"),
            8 => format!("@{local},@route.example:{user}@{host}"),
            9 => format!("{plain}%{host}%route.example@{local}"),
            10 => format!("\"@route.example:{plain}@{host}\"@{local}"),
            _ => format!("{local}!{plain}@{host}"),
        };
        Address { text, open: false }
    })
}
