use super::{Extension, TypedParameter};
use crate::{Capability, Mail, Reply, Session};

/// SIZE (RFC 1870): tells the largest message, and refuses those that are declared to be larger.
///
/// That a message is no larger than it was declared to be is for whoever reads it:
/// [`Body::limit`](crate::Body::limit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    max: u64,
}

impl Size {
    /// Takes messages of up to `octets`.
    pub fn new(octets: u64) -> Self {
        Self { max: octets }
    }

    /// The largest message in octets.
    pub fn max(&self) -> u64 {
        self.max
    }
}

impl Extension for Size {
    fn capability(&self, _: &Session) -> Option<Capability> {
        let size = Capability::new("SIZE").argument(&self.max.to_string());
        Some(size.mail_parameters(&["SIZE"]).line_allowance(26))
    }

    fn check_mail(&self, mail: &Mail, _: &Session) -> Result<(), Reply> {
        match mail.parameters.typed::<DeclaredSize>().map_err(|error| error.reply())? {
            Some(DeclaredSize(size)) if size > self.max => Err(Reply::new(552, "5.3.4 message too large")),
            _ => Ok(()),
        }
    }
}

/// `SIZE=` of MAIL: how many octets the client is about to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeclaredSize(pub u64);

impl TypedParameter for DeclaredSize {
    const KEYWORD: &'static str = "SIZE";

    /// Up to 20 digits (RFC 1870 section 5). What does not fit into 64 bits is nobody's message.
    fn from_value(value: Option<&str>) -> Option<Self> {
        let value = value.filter(|value| matches!(value.len(), 1..=20))?;
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| Self(value.parse().unwrap_or(u64::MAX)))
    }

    fn to_value(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}
