use super::{Extension, TypedParameter};
use crate::{Capability, Mail, Reply, Session};

/// SMTPUTF8 (RFC 6531): addresses and header fields may be UTF-8.
///
/// Where it is offered the protocol takes local parts and domains in UTF-8 from transactions that
/// ask for it, and from VRFY and EXPN. Whoever stores or passes on such a message must keep it as
/// it is, or refuse it: next hops that lack the extension cannot have it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SmtpUtf8;

/// `SMTPUTF8` of MAIL: the message needs the extension.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct SmtpUtf8Option;

impl SmtpUtf8 {
    pub(crate) const KEYWORD: &'static str = "SMTPUTF8";
}

impl Extension for SmtpUtf8 {
    fn capability(&self, _: &Session) -> Option<Capability> {
        Some(Capability::new(Self::KEYWORD).mail_parameters(&[Self::KEYWORD]).line_allowance(10))
    }

    fn check_mail(&self, mail: &Mail, _: &Session) -> Result<(), Reply> {
        mail.parameters.typed::<SmtpUtf8Option>().map(drop).map_err(|error| error.reply())
    }
}

impl TypedParameter for SmtpUtf8Option {
    const KEYWORD: &'static str = SmtpUtf8::KEYWORD;

    fn from_value(value: Option<&str>) -> Option<Self> {
        value.is_none().then_some(Self)
    }

    fn to_value(&self) -> Option<String> {
        None
    }
}
