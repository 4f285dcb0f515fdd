use std::fmt::Write as _;

use jiff::Zoned;
use jiff::fmt::StdFmtWrite;
use jiff::fmt::rfc2822::DateTimePrinter;
use smtp_core::{Host, Mailbox};

use super::addresses::names;
use super::{Bcc, SubmissionLayer};
use crate::TraceId;
use crate::header::{Field, fields};

/// One header to be set right.
pub(super) struct Fix<'a> {
    pub(super) rules: &'a SubmissionLayer,
    /// Who sends it.
    pub(super) sender: Option<&'a Mailbox>,
    pub(super) host: &'a Host,
    pub(super) id: TraceId,
    pub(super) now: &'a Zoned,
}

impl Fix<'_> {
    /// The header as it is to be; with an empty line behind it where the message itself has none.
    pub(super) fn header(&self, header: &[u8], without_end: bool) -> Vec<u8> {
        let mut fixed = Vec::with_capacity(header.len() + 256);
        let addressed = fields(header).any(|field| field.is("To") || field.is("Cc"));
        let mut blind = false;
        for field in fields(header) {
            if (field.is("Bcc") || field.is("Resent-Bcc")) && self.rules.bcc != Bcc::Keep {
                blind |= field.is("Bcc");
                continue;
            }
            fixed.extend_from_slice(field.octets);
        }
        // The last line of a message may lack its end.
        if !fixed.is_empty() && !fixed.ends_with(b"\r\n") {
            fixed.extend_from_slice(b"\r\n");
        }
        if blind && !addressed && self.rules.bcc == Bcc::EmptyIfAlone {
            fixed.extend_from_slice(b"Bcc:\r\n");
        }
        fixed.extend_from_slice(self.missing(header).as_bytes());
        if without_end {
            fixed.extend_from_slice(b"\r\n");
        }
        fixed
    }

    fn missing(&self, header: &[u8]) -> String {
        let has = |name| fields(header).any(|field: Field<'_>| field.is(name));
        let mut text = String::new();
        // Writing into a string cannot fail.
        if !has("Date") {
            text.push_str("Date: ");
            let _ = DateTimePrinter::new().print_zoned(self.now, StdFmtWrite(&mut text));
            text.push_str("\r\n");
        }
        if !has("Message-ID") {
            let host = self
                .host
                .domain()
                .map_or_else(|| self.host.to_string(), |domain| domain.to_ascii().to_owned());
            let _ = write!(text, "Message-ID: <{}@{host}>\r\n", self.id);
        }
        if let Some(sender) = self.sender.filter(|_| self.rules.sender && !has("Sender")) {
            let mut from = fields(header).filter(|field| field.is("From"));
            if !from.any(|field| names(field.value(), sender)) {
                let _ = write!(text, "Sender: {sender}\r\n");
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use jiff::tz::{TimeZone, offset};
    use smtp_core::testing::domain;

    use super::*;

    const DATE: &str = "Date: Fri, 3 Jul 2026 04:05:06 +0200\r\n";
    const ID: &str = "Message-ID: <ID@mx.example.org>\r\n";

    fn fixed(rules: &SubmissionLayer, header: &str) -> String {
        let now = date(2026, 7, 3).at(4, 5, 6, 0).to_zoned(TimeZone::fixed(offset(2))).unwrap();
        let id = TraceId::new(now.timestamp());
        let sender = "joe@example.org".parse().unwrap();
        let host = domain("mx.example.org").into();
        let fix = Fix { rules, sender: Some(&sender), host: &host, id, now: &now };
        String::from_utf8(fix.header(header.as_bytes(), false)).unwrap().replace(id.as_str(), "ID")
    }

    #[test]
    fn what_is_missing_is_added() {
        let rules = SubmissionLayer::new();
        for (header, added) in [
            ("", format!("{DATE}{ID}")),
            ("date: x\r\n", ID.to_owned()),
            ("Message-Id: <x@y>\r\n", DATE.to_owned()),
            ("DATE :\r\n\tx\r\nmessage-id: <x@y>\r\n", String::new()),
            ("X-Date: x\r\nFrom: a@x\r\n", format!("{DATE}{ID}")),
            ("Resent-Date: x\r\nResent-Message-ID: <x@y>\r\n", format!("{DATE}{ID}")),
        ] {
            assert_eq!(fixed(&rules, header), format!("{header}{added}"));
        }
        assert_eq!(fixed(&rules, "From: a@x"), format!("From: a@x\r\n{DATE}{ID}"));
    }

    #[test]
    fn nobody_learns_of_blind_copies() {
        let rest = "Date: x\r\nMessage-ID: <x@y>\r\n";
        let (to, bcc) = ("To: a@x\r\n", "bcc: b@x,\r\n c@x\r\nResent-Bcc: d@x\r\nBCC : e@x\r\n");
        for (rule, header, expected) in [
            (Bcc::Remove, format!("{bcc}{to}{rest}"), format!("{to}{rest}")),
            (Bcc::Remove, format!("{bcc}{rest}"), rest.to_owned()),
            (Bcc::EmptyIfAlone, format!("{to}{bcc}{rest}"), format!("{to}{rest}")),
            (Bcc::EmptyIfAlone, format!("{rest}{bcc}"), format!("{rest}Bcc:\r\n")),
            (Bcc::Keep, format!("{bcc}{to}{rest}"), format!("{bcc}{to}{rest}")),
        ] {
            assert_eq!(fixed(&SubmissionLayer::new().bcc(rule), &header), expected);
        }
    }

    #[test]
    fn who_sends_is_named_where_that_is_asked_for() {
        let rest = "Date: x\r\nMessage-ID: <x@y>\r\n";
        for (header, added) in [
            ("From: Joe <JOE@example.org>\r\n", ""),
            ("From: boss@example.org\r\n", "Sender: joe@example.org\r\n"),
            ("From: \"joe@example.org\" <boss@example.org>\r\n", "Sender: joe@example.org\r\n"),
            ("From: boss@example.org\r\nsender: x@example.org\r\n", ""),
        ] {
            let header = format!("{header}{rest}");
            assert_eq!(fixed(&SubmissionLayer::new().sender(), &header), format!("{header}{added}"));
            assert_eq!(fixed(&SubmissionLayer::new(), &header), header);
        }
    }
}
