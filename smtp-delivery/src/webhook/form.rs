use bytes::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use smtp_core::{Body, BoxError, Envelope, ForwardPath, Recipient, Session};

use super::content::Content;
use super::json;

pub(super) const FROM: &str = "x-envelope-from";
pub(super) const TO: &str = "x-envelope-to";

/// How a message and its envelope are put into a request; see the [module](super).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// The message is the body, the envelope stands in header fields.
    #[default]
    Raw,
    /// Both are parts of a `multipart/form-data`, as a form with a file has them.
    Multipart,
}

/// What the form makes of one message.
pub(super) struct Formed {
    pub(super) content_type: String,
    pub(super) fields: HeaderMap,
    start: Bytes,
    end: Bytes,
}

impl Form {
    pub(super) fn of(self, envelope: &Envelope, session: &Session) -> Result<Formed, BoxError> {
        let message_type = if envelope.sender.needs_utf8() { "message/global" } else { "message/rfc822" };
        if self == Self::Raw {
            let fields = fields(envelope)?;
            let (start, end) = (Bytes::new(), Bytes::new());
            return Ok(Formed { content_type: message_type.to_owned(), fields, start, end });
        }
        // Nobody who writes a message can know it.
        let boundary = format!("{:032x}", rand::random::<u128>());
        let start = format!(
            "--{boundary}\r\n\
             Content-Disposition: form-data; name=\"envelope\"\r\n\
             Content-Type: application/json\r\n\r\n\
             {}\r\n\
             --{boundary}\r\n\
             Content-Disposition: form-data; name=\"message\"; filename=\"message.eml\"\r\n\
             Content-Type: {message_type}\r\n\r\n",
            json::envelope(envelope, session)
        );
        Ok(Formed {
            content_type: format!("multipart/form-data; boundary={boundary}"),
            fields: HeaderMap::new(),
            start: start.into(),
            end: format!("\r\n--{boundary}--\r\n").into(),
        })
    }
}

impl Formed {
    /// The message in this form; `length` is that of the message, where it is known.
    pub(super) fn content(&self, message: Body, length: Option<u64>) -> Content {
        let around = (self.start.len() + self.end.len()) as u64;
        Content::new(self.start.clone(), message, self.end.clone(), length.map(|length| length + around))
    }

    /// The fields that are signed.
    pub(super) fn signed(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let named = |name| self.fields.get_all(name).iter().map(move |value| (name, value.as_bytes()));
        named(FROM).chain(named(TO))
    }
}

fn fields(envelope: &Envelope) -> Result<HeaderMap, BoxError> {
    let mut fields = HeaderMap::new();
    let from = envelope.sender.path.mailbox().map(ToString::to_string).unwrap_or_default();
    fields.insert(HeaderName::from_static(FROM), HeaderValue::from_bytes(from.as_bytes())?);
    for recipient in &envelope.recipients {
        let to = HeaderValue::from_bytes(address(recipient).as_bytes())?;
        fields.try_append(HeaderName::from_static(TO), to)?;
    }
    Ok(fields)
}

pub(super) fn address(recipient: &Recipient) -> String {
    match &recipient.path {
        ForwardPath::Mailbox(mailbox) => mailbox.to_string(),
        ForwardPath::Postmaster => "postmaster".to_owned(),
    }
}
