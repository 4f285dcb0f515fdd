//! The part for programs: `message/delivery-status` (RFC 3464) or `message/global-delivery-status` (RFC 6533).

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::SystemTime;

use bytes::BytesMut;
use smtp_core::extension::{EnvelopeId, HoldFor, HoldUntil, OriginalRecipient, TypedParameter};
use smtp_core::{AddressLiteral, EnhancedStatus, ForwardPath, Host, Reply};

use super::{Fate, Notice, Notifier, Report, field};

/// How many lines of a reply are shown at most.
const MAX_LINES: usize = 32;

/// The fields of the message, and those of each recipient.
pub(super) fn content(notifier: &Notifier, notice: &Notice<'_>, utf8: bool) -> String {
    let lines = notice.share_of(MAX_LINES);
    let mut fields = Fields { text: String::with_capacity(1024), notice, utf8, lines };
    fields.message(notifier);
    for report in notice.reports() {
        fields.text.push_str("\r\n");
        fields.recipient(report);
    }
    fields.text
}

struct Fields<'a> {
    text: String,
    notice: &'a Notice<'a>,
    utf8: bool,
    /// How many lines of a reply are shown.
    lines: usize,
}

impl Fields<'_> {
    fn message(&mut self, notifier: &Notifier) {
        let original = self.notice.original;
        let parameters = &original.sender.parameters;
        if let Ok(Some(id)) = parameters.typed::<EnvelopeId>() {
            self.push("Original-Envelope-Id", id.as_str());
        }
        self.push("Reporting-MTA", &format!("dns; {}", notifier.host));
        let address = original.client.map(AddressLiteral::from);
        match (original.received_from, address) {
            (Some(name), Some(address)) => {
                self.push("Received-From-MTA", &format!("dns; {name} ({address})"));
            }
            (Some(name), None) => self.push("Received-From-MTA", &format!("dns; {name}")),
            (None, Some(address)) => self.push("Received-From-MTA", &format!("dns; {address}")),
            (None, None) => {}
        }
        self.push_date("Arrival-Date", Some(original.arrived));
        // RFC 2852 section 5.
        self.push_date("Deliver-By-Date", original.deadline().map(|deadline| deadline.time));
        // RFC 4865 section 5.
        if let Some(value) = value::<HoldFor>(parameters) {
            self.push("Future-Release-Request", &format!("for;{value}"));
        } else if let Some(value) = value::<HoldUntil>(parameters) {
            self.push("Future-Release-Request", &format!("until;{value}"));
        }
    }

    fn recipient(&mut self, report: &Report<'_>) {
        if let Some(original) = report.original_recipient() {
            let address = self.address(&original);
            self.push("Original-Recipient", &address);
        }
        let address = match &report.recipient.path {
            ForwardPath::Mailbox(mailbox) if !mailbox.is_ascii() => match OriginalRecipient::new(mailbox) {
                Some(typed) => self.address(&typed),
                None => format!("utf-8; {mailbox}"),
            },
            ForwardPath::Mailbox(mailbox) => format!("rfc822; {mailbox}"),
            _ => "rfc822; postmaster".to_owned(),
        };
        self.push("Final-Recipient", &address);
        self.push("Action", report.fate.action());
        self.push("Status", &status(report, self.notice));
        if let Some(reply) = report.reply {
            self.reply(reply);
        }
        self.push_date("Last-Attempt-Date", report.last_attempt);
        if let Some(id) = self.notice.original.id {
            self.push("Final-Log-ID", id);
        }
        if report.fate == Fate::Delayed {
            self.push_date("Will-Retry-Until", report.retried_until);
        }
    }

    /// What a server said, and which (RFC 3461 sections 6.3 and 9.2), or what is wrong here.
    fn reply(&mut self, reply: &Reply) {
        let Some(remote) = reply.remote() else {
            if !reply.is_positive() {
                let lines = reply.lines().take(self.lines).map(|line| field::clean(shown(line), self.utf8));
                field::push_lines(&mut self.text, "Diagnostic-Code", "X-Local;", lines);
            }
            return;
        };
        self.push("Remote-MTA", &remote_mta(&remote.host));
        let lines = self.written(reply).into_iter().map(Cow::Owned);
        field::push_lines(&mut self.text, "Diagnostic-Code", "smtp;", lines);
    }

    /// The lines of a reply that are shown, in the form that they have on the wire.
    fn written(&self, reply: &Reply) -> Vec<String> {
        let mut octets = BytesMut::new();
        if self.utf8 {
            reply.encode_utf8(&mut octets);
        } else {
            reply.encode(&mut octets);
        }
        let text = String::from_utf8_lossy(&octets);
        let mut lines: Vec<_> = text.lines().take(self.lines).map(str::to_owned).collect();
        // The last one that is shown is the last one: a blank behind its code says so.
        if let Some(last) = lines.last_mut().filter(|last| last.get(3..4) == Some("-")) {
            last.replace_range(3..4, " ");
        }
        lines
    }

    fn address(&self, recipient: &OriginalRecipient) -> String {
        let is_utf8 = recipient.address_type() == "utf-8";
        match recipient.to_value().filter(|_| is_utf8 && !self.utf8) {
            Some(escaped) => escaped.replacen(';', "; ", 1),
            None => format!("{}; {}", recipient.address_type(), recipient.address()),
        }
    }

    fn push(&mut self, name: &str, value: &str) {
        field::push(&mut self.text, name, value, self.utf8);
    }

    fn push_date(&mut self, name: &str, time: Option<SystemTime>) {
        let date = time.map(|time| self.notice.date(time)).filter(|date| !date.is_empty());
        if let Some(date) = date {
            self.push(name, &date);
        }
    }
}

/// The beginning of a line of a reply, as long as lines of replies are on the wire.
pub(super) fn shown(line: &str) -> &str {
    &line[..line.floor_char_boundary(480)]
}

fn remote_mta(host: &str) -> String {
    match (host.parse::<IpAddr>(), host.parse::<Host>()) {
        (Ok(address), _) => format!("dns; {}", AddressLiteral::from(address)),
        (_, Ok(host)) => format!("dns; {host}"),
        // The path of a socket, say.
        _ => format!("X-Local; {host}"),
    }
}

/// The value of `Status` (RFC 3463).
fn status(report: &Report<'_>, notice: &Notice<'_>) -> String {
    let said = report.reply.and_then(said);
    let class = match report.fate {
        Fate::Delivered | Fate::Relayed | Fate::PassedOn | Fate::Expanded => 2,
        Fate::Failed | Fate::OutOfTime => 5,
        Fate::Expired | Fate::Delayed => 4,
    };
    let (subject, detail) = match report.fate {
        Fate::OutOfTime => (4, 7),
        Fate::Delayed if notice.is_overdue() => (4, 7),
        // What is the matter says more than that it took too long (section 3.5 there).
        Fate::Expired => said.filter(|said| *said != (0, 0)).unwrap_or((4, 7)),
        _ => said.unwrap_or((0, 0)),
    };
    format!("{class}.{subject}.{detail}")
}

/// Subject and detail of a reply: of its enhanced status code, or else what its code says.
pub(super) fn said(reply: &Reply) -> Option<(u16, u16)> {
    let status = reply.status().map(|status: EnhancedStatus| (status.subject(), status.detail()));
    status.filter(|status| *status != (0, 0)).or(match reply.code().get() {
        421 => Some((3, 2)),
        450 => Some((2, 0)),
        451 => Some((3, 0)),
        452 => Some((3, 1)),
        500 | 502 | 503 => Some((5, 1)),
        501 | 504 | 555 => Some((5, 4)),
        551 => Some((1, 6)),
        552 => Some((2, 2)),
        553 => Some((1, 3)),
        556 => Some((1, 10)),
        _ => None,
    })
}

fn value<T: TypedParameter>(parameters: &smtp_core::Parameters) -> Option<String> {
    parameters.typed::<T>().ok().flatten()?.to_value()
}
