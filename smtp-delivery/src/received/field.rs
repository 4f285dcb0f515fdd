use std::fmt::Write as _;

use jiff::Zoned;
use jiff::fmt::StdFmtWrite;
use jiff::fmt::rfc2822::DateTimePrinter;
use smtp_core::{AddressLiteral, Dialect, Envelope, Session};

use super::TraceId;

/// The longest user name that is shown, in octets; lines end long before 998 (RFC 5322 section
/// 2.1.1).
const MAX_NAME: usize = 128;

/// One field and what it is made of.
pub(super) struct Field<'a> {
    pub(super) session: &'a Session,
    pub(super) envelope: &'a Envelope,
    pub(super) id: TraceId,
    pub(super) now: &'a Zoned,
    pub(super) user_name: bool,
}

impl Field<'_> {
    /// The folded field with its CRLF.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::with_capacity(384);
        text.push_str("Received: from ");
        self.push_from(&mut text);
        text.push_str("\r\n\tby ");
        self.push_by(&mut text);
        // Writing into a string cannot fail, here and below.
        let _ = write!(text, " id {}\r\n\t", self.id);
        let clauses = text.len();
        // One recipient alone may be named: several would learn of each other.
        if let [recipient] = &self.envelope.recipients[..] {
            let _ = write!(text, "for {}", recipient.path);
        }
        self.push_tls(&mut text, clauses);
        if text.len() == clauses {
            text.truncate(clauses - "\r\n\t".len());
            text.push_str(";\r\n\t");
        } else {
            text.push_str("; ");
        }
        let _ = DateTimePrinter::new().print_zoned(self.now, StdFmtWrite(&mut text));
        text.push_str("\r\n");
        text
    }

    /// `client.example ([192.0.2.1]) (authenticated as alice)`
    fn push_from(&self, text: &mut String) {
        let address = self.session.peer_ip().map(AddressLiteral::from);
        match (self.session.hello(), &address) {
            (Some(hello), Some(address)) => {
                let _ = write!(text, "{hello} ({address})");
            }
            (Some(hello), None) => {
                let _ = write!(text, "{hello} (local)");
            }
            (None, Some(address)) => {
                let _ = write!(text, "{address} ({address})");
            }
            (None, None) => text.push_str("localhost (local)"),
        }
        self.push_forwarder(text);
        if let Some(identity) = self.session.identity() {
            text.push_str(" (authenticated");
            if self.user_name {
                text.push_str(" as ");
                push_comment_text(text, identity.authenticated_name());
            }
            text.push(')');
        }
    }

    /// `tls TLS_AES_256_GCM_SHA384 group X25519MLKEM768` (RFC 8314 section 7.4), on a line of its own.
    fn push_tls(&self, text: &mut String, clauses: usize) {
        let Some(tls) = self.session.tls() else { return };
        if text.len() > clauses {
            text.push_str("\r\n\t");
        }
        text.push_str("tls ");
        push_word(text, &tls.cipher);
        if let Some(group) = &tls.group {
            text.push_str(" group ");
            push_word(text, group);
        }
    }

    /// ` (by way of [192.0.2.10], which says TLSv1.3 TLS_AES_128_GCM_SHA256)`
    fn push_forwarder(&self, text: &mut String) {
        let Some(proxied) = &self.session.info().proxied else { return };
        text.push_str(" (by way of ");
        match proxied.by.ip() {
            Some(address) => {
                let _ = write!(text, "{}", AddressLiteral::from(address));
            }
            None => text.push_str("local"),
        }
        if let Some(tls) = &proxied.tls {
            text.push_str(", which says ");
            push_comment_text(text, &tls.to_string());
        }
        text.push(')');
    }

    /// `mx.example.org with ESMTPS (version=TLSv1.3 cipher=.. bits=256 verify=NO)`
    fn push_by(&self, text: &mut String) {
        let session = self.session;
        let tls = session.tls();
        let _ = write!(text, "{} with ", session.server_name());
        // RFC 3848 has its letters for ESMTP and LMTP, RFC 6531 section 4.3 for messages in UTF-8.
        let extended = session.hello().is_some_and(|hello| hello.extended);
        let utf8 = self.envelope.sender.needs_utf8();
        text.push_str(match (extended, session.info().dialect) {
            (true, Dialect::Lmtp) if utf8 => "UTF8LMTP",
            (true, Dialect::Lmtp) => "LMTP",
            (true, _) if utf8 => "UTF8SMTP",
            (true, _) => "ESMTP",
            (false, _) => "SMTP",
        });
        if extended && tls.is_some() {
            text.push('S');
        }
        if extended && session.identity().is_some() {
            text.push('A');
        }
        if let Some(tls) = tls {
            text.push_str(" (version=");
            push_comment_text(text, &tls.version);
            text.push_str(" cipher=");
            push_comment_text(text, &tls.cipher);
            let _ = write!(text, " bits={} verify={})", tls.bits, tls.verify);
        }
    }
}

/// Writes text of any origin into a comment, so that it can neither end the comment nor the line.
fn push_comment_text(text: &mut String, value: &str) {
    let harmless = |c: char| matches!(c, ' '..='~') && !matches!(c, '(' | ')' | '\\');
    text.extend(value.chars().take(MAX_NAME).map(|c| if harmless(c) { c } else { '?' }));
}

/// Writes a name of TLS where a word has to stand.
fn push_word(text: &mut String, value: &str) {
    let harmless = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    text.extend(value.chars().filter(harmless).take(MAX_NAME));
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::Arc;

    use jiff::civil::date;
    use jiff::tz::{TimeZone, offset};
    use smtp_core::testing::{domain, recipient, sender};
    use smtp_core::{
        Capabilities, ConnectionInfo, Hello, Host, Identity, Peer, Proxied, ProxiedTls, SessionFacts,
        TlsInfo, Verify,
    };

    use super::*;

    fn facts(peer: &str, hello: &str) -> SessionFacts {
        let peer = match peer {
            "" => Peer::Local,
            peer => Peer::Ip(SocketAddr::new(peer.parse().unwrap(), 25_000)),
        };
        let mut facts = SessionFacts::new(ConnectionInfo::new(peer, domain("mx.example.org")));
        if let Some(host) = hello.strip_prefix("EHLO ") {
            facts.set_hello(Hello::extended(host.parse::<Host>().unwrap()), Capabilities::new());
        } else if let Some(host) = hello.strip_prefix("HELO ") {
            facts.set_hello(Hello::plain(host.parse::<Host>().unwrap()), Capabilities::new());
        }
        facts
    }

    fn with_tls(peer: &str, hello: &str) -> SessionFacts {
        let mut facts = facts(peer, "");
        let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
        tls.verify = Verify::No;
        tls.group = Some("X25519MLKEM768".into());
        facts.set_tls(Arc::new(tls));
        let host = hello.strip_prefix("EHLO ").unwrap().parse::<Host>().unwrap();
        facts.set_hello(Hello::extended(host), Capabilities::new());
        facts
    }

    fn authenticated(mut facts: SessionFacts, name: &str) -> SessionFacts {
        facts.set_identity(Identity::new(name, "PLAIN"));
        facts
    }

    fn text(facts: &SessionFacts, recipients: &[&str], user_name: bool) -> String {
        let zone = TimeZone::fixed(offset(2));
        let now = date(2026, 7, 3).at(4, 5, 6, 0).to_zoned(zone).unwrap();
        let mut envelope = Envelope::new(sender("joe@example.com"));
        envelope.recipients.extend(recipients.iter().map(|address| recipient(address)));
        let id = TraceId::new(now.timestamp());
        let field = Field { session: facts.session(), envelope: &envelope, id, now: &now, user_name };
        field.to_text().replace(id.as_str(), "ID")
    }

    #[test]
    fn has_sendmails_form() {
        let tls = "(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NO)";
        for (facts, from, by) in [
            (facts("192.0.2.1", "HELO a.example"), "a.example ([192.0.2.1])", "SMTP".to_owned()),
            (facts("192.0.2.1", "EHLO a.example"), "a.example ([192.0.2.1])", "ESMTP".to_owned()),
            (facts("::ffff:192.0.2.1", "EHLO [192.0.2.1]"), "[192.0.2.1] ([192.0.2.1])", "ESMTP".to_owned()),
            (facts("2001:db8::1", "EHLO [IPv6:::1]"), "[IPv6:::1] ([IPv6:2001:db8::1])", "ESMTP".to_owned()),
            (facts("", "EHLO a.example"), "a.example (local)", "ESMTP".to_owned()),
            (facts("", ""), "localhost (local)", "SMTP".to_owned()),
            (facts("192.0.2.1", ""), "[192.0.2.1] ([192.0.2.1])", "SMTP".to_owned()),
            (
                authenticated(facts("192.0.2.1", "EHLO a.example"), "alice"),
                "a.example ([192.0.2.1]) (authenticated as alice)",
                "ESMTPA".to_owned(),
            ),
            (with_tls("192.0.2.1", "EHLO a.example"), "a.example ([192.0.2.1])", format!("ESMTPS {tls}")),
            (
                authenticated(with_tls("192.0.2.1", "EHLO a.example"), "alice@example.org"),
                "a.example ([192.0.2.1]) (authenticated as alice@example.org)",
                format!("ESMTPSA {tls}"),
            ),
        ] {
            let clause = match facts.session().tls() {
                Some(_) => "\r\n\ttls TLS_AES_256_GCM_SHA384 group X25519MLKEM768",
                None => "",
            };
            let expected = format!(
                "Received: from {from}\r\n\tby mx.example.org with {by} id ID\r\n\
                 \tfor <jane@example.org>{clause}; Fri, 3 Jul 2026 04:05:06 +0200\r\n"
            );
            assert_eq!(text(&facts, &["jane@example.org"], true), expected);
        }
    }

    #[test]
    fn names_no_recipient_if_there_are_several() {
        let facts = facts("192.0.2.1", "EHLO a.example");
        let expected = "Received: from a.example ([192.0.2.1])\r\n\tby mx.example.org with ESMTP id ID;\r\n\
                        \tFri, 3 Jul 2026 04:05:06 +0200\r\n";
        assert_eq!(text(&facts, &["jane@example.org", "jim@example.org"], true), expected);
        assert_eq!(text(&facts, &[], true), expected);
    }

    #[test]
    fn says_what_protected_it_even_if_nobody_is_named() {
        let text = text(&with_tls("192.0.2.1", "EHLO a.example"), &[], true);
        let end = "verify=NO) id ID\r\n\ttls TLS_AES_256_GCM_SHA384 group X25519MLKEM768; \
                   Fri, 3 Jul 2026 04:05:06 +0200\r\n";
        assert!(text.ends_with(end), "{text}");
    }

    #[test]
    fn says_who_forwarded_it_and_that_it_is_hearsay() {
        let peer = Peer::Ip("198.51.100.7:4000".parse().unwrap());
        let mut proxied = Proxied::new(Peer::Ip("192.0.2.10:5000".parse().unwrap()));
        let info = ConnectionInfo::new(peer, domain("mx.example.org"));
        let facts = SessionFacts::new(info.clone().proxied(proxied.clone()));
        let start = "Received: from [198.51.100.7] ([198.51.100.7]) (by way of [192.0.2.10])\r\n\tby";
        assert!(text(&facts, &[], true).starts_with(start));
        let mut tls = ProxiedTls::default();
        (tls.version, tls.cipher) = (Some("TLSv1.3".to_owned()), Some("X)\r\nY".to_owned()));
        proxied.tls = Some(tls);
        let text = text(&SessionFacts::new(info.proxied(proxied)), &[], true);
        assert!(text.contains("by way of [192.0.2.10], which says TLSv1.3 X??r?nY)\r\n\tby"), "{text}");
        assert!(text.contains(" with SMTP id "), "{text}");
    }

    #[test]
    fn tells_lmtp_from_smtp() {
        let info = ConnectionInfo::new(Peer::Local, domain("mx.example.org"));
        let mut facts = SessionFacts::new(info.dialect(Dialect::Lmtp));
        facts.set_hello(Hello::extended("a.example".parse::<Host>().unwrap()), Capabilities::new());
        assert!(text(&facts, &[], true).contains("by mx.example.org with LMTP id"));
        facts.set_identity(Identity::new("alice", "PLAIN"));
        assert!(text(&facts, &[], true).contains("by mx.example.org with LMTPA id"));
    }

    #[test]
    fn tells_of_messages_in_utf8() {
        let facts = with_tls("192.0.2.1", "EHLO a.example");
        let now = date(2026, 7, 3).at(4, 5, 6, 0).to_zoned(TimeZone::fixed(offset(2))).unwrap();
        let mut envelope = Envelope::new(sender("joe@example.com"));
        envelope.sender.parameters.set(&smtp_core::extension::SmtpUtf8Option);
        let mailbox = smtp_core::Mailbox::from_utf8("j\u{f6}rg@example.org").unwrap();
        envelope.recipients.push(smtp_core::Recipient::new(mailbox.into()));
        let id = TraceId::new(now.timestamp());
        let session = facts.session();
        let text = Field { session, envelope: &envelope, id, now: &now, user_name: true }.to_text();
        assert!(text.contains("by mx.example.org with UTF8SMTPS (version="), "{text}");
        assert!(text.contains("for <j\u{f6}rg@example.org>"), "{text}");
    }

    #[test]
    fn can_leave_the_user_name_out() {
        let facts = authenticated(facts("192.0.2.1", "EHLO a.example"), "alice");
        assert!(text(&facts, &[], false).contains("([192.0.2.1]) (authenticated)\r\n"));
    }

    #[test]
    fn no_name_can_break_the_field() {
        for (name, shown) in [
            ("a)\r\nX-Evil: yes", "a???X-Evil: yes"),
            ("a\\", "a?"),
            ("a(b", "a?b"),
            ("j\u{f6}rg\0", "j?rg?"),
            ("", ""),
        ] {
            let facts = authenticated(facts("192.0.2.1", "EHLO a.example"), name);
            let text = text(&facts, &[], true);
            assert!(text.contains(&format!("(authenticated as {shown})\r\n\tby ")), "{text}");
        }
        let facts = authenticated(facts("192.0.2.1", "EHLO a.example"), &"x".repeat(5000));
        assert!(text(&facts, &["jane@example.org"], true).lines().all(|line| line.len() < 998));
    }
}
