use super::{Extension, TypedParameter, xtext};
use crate::address::Cursor;
use crate::{Capability, LocalPart, Mail, Mailbox, Recipient, Reply, Session};

/// DSN (RFC 3461): the sender says which notifications it wants of what becomes of the message.
///
/// Its promise is kept by whoever sends notifications, or passes the message on to who does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dsn;

impl Extension for Dsn {
    fn capability(&self, _: &Session) -> Option<Capability> {
        Some(
            Capability::new("DSN")
                .mail_parameters(&["RET", "ENVID"])
                .rcpt_parameters(&["NOTIFY", "ORCPT"])
                // The longest of each in front of which stands a space.
                .line_allowance(" NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=".len() + OriginalRecipient::MAX),
        )
    }

    fn check_mail(&self, mail: &Mail, _: &Session) -> Result<(), Reply> {
        mail.parameters.typed::<Ret>().map_err(|error| error.reply())?;
        mail.parameters.typed::<EnvelopeId>().map_err(|error| error.reply())?;
        Ok(())
    }

    fn check_rcpt(&self, recipient: &Recipient, _: &Session) -> Result<(), Reply> {
        recipient.parameters.typed::<Notify>().map_err(|error| error.reply())?;
        recipient.parameters.typed::<OriginalRecipient>().map_err(|error| error.reply())?;
        Ok(())
    }
}

/// `RET=` of MAIL: how much of the message a notification of failure gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ret {
    /// `FULL`: all of it.
    Full,
    /// `HDRS`: its header.
    Headers,
}

impl TypedParameter for Ret {
    const KEYWORD: &'static str = "RET";

    fn from_value(value: Option<&str>) -> Option<Self> {
        let value = value?;
        if value.eq_ignore_ascii_case("FULL") {
            Some(Self::Full)
        } else {
            value.eq_ignore_ascii_case("HDRS").then_some(Self::Headers)
        }
    }

    fn to_value(&self) -> Option<String> {
        Some(
            match self {
                Self::Full => "FULL",
                Self::Headers => "HDRS",
            }
            .to_owned(),
        )
    }
}

/// `ENVID=` of MAIL: by what the sender will know its transaction again. Printable ASCII.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnvelopeId(String);

impl EnvelopeId {
    /// The longest form on the wire, in octets (RFC 3461 section 4.4).
    const MAX: usize = 100;

    /// An identifier of printable ASCII; `None` if it is empty, too long or has something else.
    pub fn new(id: &str) -> Option<Self> {
        let fits = !id.is_empty() && xtext::encode(id.as_bytes()).len() <= Self::MAX;
        (fits && is_printable(id)).then(|| Self(id.to_owned()))
    }

    /// The identifier, decoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TypedParameter for EnvelopeId {
    const KEYWORD: &'static str = "ENVID";

    fn from_value(value: Option<&str>) -> Option<Self> {
        let value = value.filter(|value| value.len() <= Self::MAX)?;
        let id = String::from_utf8(xtext::decode(value)?).ok()?;
        (!id.is_empty() && is_printable(&id)).then_some(Self(id))
    }

    fn to_value(&self) -> Option<String> {
        Some(xtext::encode(self.0.as_bytes()))
    }
}

/// `NOTIFY=` of RCPT: of what the sender wants to hear. `NEVER` is all of them off; without the
/// parameter it is failures, and delays where the server tells of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Notify {
    /// `SUCCESS`: the message was delivered, or went where nothing is heard of it any more.
    pub success: bool,
    /// `FAILURE`: it could not be delivered.
    pub failure: bool,
    /// `DELAY`: it was not delivered yet.
    pub delay: bool,
}

impl Notify {
    /// `NEVER`.
    pub const NEVER: Self = Self { success: false, failure: false, delay: false };
}

impl TypedParameter for Notify {
    const KEYWORD: &'static str = "NOTIFY";

    fn from_value(value: Option<&str>) -> Option<Self> {
        let value = value?;
        if value.eq_ignore_ascii_case("NEVER") {
            return Some(Self::NEVER);
        }
        let mut notify = Self::NEVER;
        for event in value.split(',') {
            match event.to_ascii_uppercase().as_str() {
                "SUCCESS" => notify.success = true,
                "FAILURE" => notify.failure = true,
                "DELAY" => notify.delay = true,
                _ => return None,
            }
        }
        Some(notify)
    }

    fn to_value(&self) -> Option<String> {
        let events = [(self.success, "SUCCESS"), (self.failure, "FAILURE"), (self.delay, "DELAY")];
        let wanted: Vec<&str> = events.into_iter().filter(|(on, _)| *on).map(|(_, name)| name).collect();
        Some(if wanted.is_empty() { "NEVER".to_owned() } else { wanted.join(",") })
    }
}

/// `ORCPT=` of RCPT: the recipient that the sender wrote, whatever aliases made of it since (RFC 3461
/// section 4.2; UTF-8 addresses RFC 6533 section 3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OriginalRecipient {
    address_type: String,
    address: String,
}

impl OriginalRecipient {
    /// The longest form on the wire, in octets.
    const MAX: usize = 500;

    /// A mailbox of Internet mail: of type `rfc822`, or `utf-8` where it is not ASCII. `None` if it is
    /// too long for the wire.
    pub fn new(mailbox: &Mailbox) -> Option<Self> {
        let address = mailbox.to_string();
        let address_type = if address.is_ascii() { "rfc822" } else { "utf-8" };
        let recipient = Self { address_type: address_type.to_owned(), address };
        (recipient.to_value()?.len() <= Self::MAX).then_some(recipient)
    }

    /// The type of the address in lower case: `rfc822`, `utf-8`, or one of a foreign system.
    pub fn address_type(&self) -> &str {
        &self.address_type
    }

    /// The address, decoded: printable characters.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl TypedParameter for OriginalRecipient {
    const KEYWORD: &'static str = "ORCPT";

    fn from_value(value: Option<&str>) -> Option<Self> {
        let (address_type, address) = value.filter(|value| value.len() <= Self::MAX)?.split_once(';')?;
        let address_type = address_type.to_ascii_lowercase();
        let atom = LocalPart::parse(&mut Cursor::new(address_type.as_bytes())).ok()?;
        let address = if address_type == "utf-8" {
            decode_utf8(address)?
        } else {
            String::from_utf8(xtext::decode(address)?).ok().filter(|address| address.is_ascii())?
        };
        let whole = atom.as_str() == address_type && !atom.is_quoted() && !atom.as_str().contains('.');
        (whole && !address.is_empty() && !address.chars().any(char::is_control))
            .then_some(Self { address_type, address })
    }

    /// In ASCII, whatever the address is.
    fn to_value(&self) -> Option<String> {
        let address = if self.address_type == "utf-8" {
            encode_utf8(&self.address)
        } else {
            xtext::encode(self.address.as_bytes())
        };
        Some(format!("{};{address}", self.address_type))
    }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|octet| matches!(octet, b' '..=b'~'))
}

/// `utf-8-addr-xtext` and `utf-8-addr-unitext` of RFC 6533 section 3: `\x{E4}` stands for a
/// character, and where UTF-8 may be sent it may stand for itself.
fn decode_utf8(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(escaped) = rest.strip_prefix("\\x{") {
            let (digits, behind) = escaped.split_once('}')?;
            let hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let point = u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal && digits.len() <= 6)?;
            decoded.push(char::from_u32(point)?);
            rest = behind;
        } else {
            let plain =
                !character.is_ascii() || matches!(character, '!'..='~') && !"+=\\".contains(character);
            decoded.push(Some(character).filter(|_| plain)?);
            rest = &rest[character.len_utf8()..];
        }
    }
    Some(decoded)
}

fn encode_utf8(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '!'..='~') && !"+=\\".contains(character) {
            encoded.push(character);
        } else {
            encoded.push_str(&format!("\\x{{{:02X}}}", u32::from(character)));
        }
    }
    encoded
}
