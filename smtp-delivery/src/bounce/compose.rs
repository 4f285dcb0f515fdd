//! The message as a whole: `multipart/report` (RFC 6522) with what people read, what programs read, and what
//! comes back of the original.

use bytes::Bytes;
use memchr::memmem;
use smtp_core::extension::{BodyType, Notify, Priority, RequireTlsOption, Ret, SmtpUtf8Option};
use smtp_core::{Body, Envelope, ForwardPath, Mail, Recipient, ReversePath};

use super::original_content::OriginalContent;
use super::thread::Thread;
use super::{Kind, Notice, Notifier, Returned, Text, field, quoted_printable, status};

/// A notification, to be sent. Where it goes is for the caller to say: its recipient has no route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// From the null sender to one recipient, who wants no notifications of this one.
    pub envelope: Envelope,
    /// The message.
    pub content: Bytes,
}

/// One part of the message.
struct Part {
    media_type: &'static str,
    encoding: &'static str,
    octets: Bytes,
}

pub(super) async fn compose(notifier: &Notifier, notice: &Notice<'_>, content: Body) -> Notification {
    let original = OriginalContent::read(content, wants_whole(notice), notifier.return_limit).await;
    let sender = &notice.original.sender;
    // The form of RFC 6533 is for messages that need UTF-8.
    let utf8 = sender.needs_utf8() || !sender.path.is_ascii();
    // Whether the way back knows UTF-8 is known only if the address has some.
    let raw = !notice.to.is_ascii();
    let text = (notifier.text)(notice, original.returned);
    let parts: Vec<Part> = [
        Some(readable(&text)),
        Some(machine_readable(status::content(notifier, notice, utf8), utf8, raw)),
        returned(&original, utf8, raw),
    ]
    .into_iter()
    .flatten()
    .collect();
    let boundary = boundary(&notice.id, &parts);
    let mut message = header(notifier, notice, &text, &Thread::of(&original), &boundary, raw);
    for part in &parts {
        message
            .extend_from_slice(format!("--{boundary}\r\nContent-Type: {}\r\n", part.media_type).as_bytes());
        message.extend_from_slice(format!("Content-Transfer-Encoding: {}\r\n\r\n", part.encoding).as_bytes());
        message.extend_from_slice(&part.octets);
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Notification { envelope: envelope(notice, &message, raw), content: message.into() }
}

/// All of a message that failed, if its sender wants that (RFC 3461 section 6.2), and its content is not to be
/// protected (RFC 8689 section 5).
fn wants_whole(notice: &Notice<'_>) -> bool {
    let parameters = &notice.original.sender.parameters;
    let failed = matches!(notice.kind, Kind::Failure | Kind::DoubleBounce);
    let protected = parameters.typed::<RequireTlsOption>() != Ok(None);
    failed && !protected && parameters.typed::<Ret>() != Ok(Some(Ret::Headers))
}

fn readable(text: &Text) -> Part {
    let lines: Vec<_> = text.body.lines().map(|line| field::clean(line, true)).collect();
    let octets = lines.join("\r\n").into_bytes();
    let short = lines.iter().all(|line| line.len() <= 76);
    if octets.is_ascii() && short {
        return Part { media_type: "text/plain; charset=us-ascii", encoding: "7bit", octets: octets.into() };
    }
    let media_type =
        if octets.is_ascii() { "text/plain; charset=us-ascii" } else { "text/plain; charset=utf-8" };
    quoted(media_type, &octets)
}

fn machine_readable(fields: String, utf8: bool, raw: bool) -> Part {
    if fields.is_ascii() {
        // The old form, where nothing is lost by it (RFC 6533 section 4.4).
        return Part { media_type: "message/delivery-status", encoding: "7bit", octets: fields.into() };
    }
    debug_assert!(utf8, "what is not of RFC 6533 is ASCII");
    let media_type = "message/global-delivery-status";
    if raw {
        Part { media_type, encoding: "8bit", octets: fields.into() }
    } else {
        quoted(media_type, fields.as_bytes())
    }
}

/// The part with the original; none if there is nothing of it.
fn returned(original: &OriginalContent, utf8: bool, raw: bool) -> Option<Part> {
    let octets = original.octets.clone();
    let is_ascii = octets.is_ascii();
    let part = |media_type, encoding| Part { media_type, encoding, octets: octets.clone() };
    Some(match original.returned {
        Returned::Nothing => return None,
        Returned::Whole if is_ascii => part("message/rfc822", "7bit"),
        Returned::Whole if !utf8 => part("message/rfc822", "8bit"),
        Returned::Whole if raw => part("message/global", "8bit"),
        Returned::Whole => quoted("message/global", &octets),
        _ if is_ascii && original.is_sendable() => part("text/rfc822-headers", "7bit"),
        _ if !utf8 => quoted("text/rfc822-headers", &octets),
        _ if raw && original.is_sendable() => part("message/global-headers", "8bit"),
        _ => quoted("message/global-headers", &octets),
    })
}

fn quoted(media_type: &'static str, octets: &[u8]) -> Part {
    Part { media_type, encoding: "quoted-printable", octets: quoted_printable::encode(octets).into() }
}

/// A line that none of the parts has.
fn boundary(id: &str, parts: &[Part]) -> String {
    let mut boundary = format!("=_{id}");
    while parts.iter().any(|part| memmem::find(&part.octets, boundary.as_bytes()).is_some()) {
        boundary.push('_');
    }
    boundary
}

fn header(
    notifier: &Notifier,
    notice: &Notice<'_>,
    text: &Text,
    thread: &Thread,
    boundary: &str,
    raw: bool,
) -> Vec<u8> {
    let mut header = String::with_capacity(4096);
    let to = match &notice.to {
        ForwardPath::Mailbox(mailbox) => mailbox.to_string(),
        _ => notice.postmaster.clone(),
    };
    let mut push = |name, value: &str| field::push(&mut header, name, value, raw);
    push("Date", &notice.date(notice.now));
    push("From", &format!("Mail Delivery System <{}>", notifier.author()));
    push("To", &format!("<{to}>"));
    push("Message-ID", &format!("<{}@{}>", notice.id, notifier.host));
    if let Some(id) = &thread.in_reply_to {
        push("In-Reply-To", id);
        push("References", &thread.references.join(" "));
    }
    // RFC 3834 section 5.
    push("Auto-Submitted", "auto-replied");
    push("MIME-Version", "1.0");
    push("Content-Type", &format!("multipart/report; report-type=delivery-status; boundary=\"{boundary}\""));
    field::push_text(&mut header, "Subject", &text.subject);
    header.push_str("\r\n");
    header.into_bytes()
}

fn envelope(notice: &Notice<'_>, message: &[u8], raw: bool) -> Envelope {
    let mut sender = Mail::new(ReversePath::Null);
    let (parameters, asked) = (&mut sender.parameters, &notice.original.sender.parameters);
    if raw {
        parameters.set(&SmtpUtf8Option);
    }
    if !message.is_ascii() {
        parameters.set(&BodyType::EightBitMime);
    }
    // What protects the message protects what is said of it (RFC 8689 section 5).
    if let Ok(Some(option)) = asked.typed::<RequireTlsOption>() {
        parameters.set(&option);
    }
    if let Ok(Some(priority)) = asked.typed::<Priority>() {
        parameters.set(&priority);
    }
    let mut recipient = Recipient::new(notice.to.clone());
    // RFC 3461 section 6.1.
    recipient.parameters.set(&Notify::NEVER);
    Envelope { sender, recipients: vec![recipient] }
}
