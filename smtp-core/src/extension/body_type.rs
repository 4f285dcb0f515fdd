use super::{Extension, TypedParameter};
use crate::{Capability, Mail, Reply, Session};

/// 8BITMIME (RFC 6152): content may have octets above 127.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EightBitMime;

/// BINARYMIME (RFC 3030): content may be any octets, not divided into lines. It comes by BDAT only,
/// and can be passed on by BDAT only.
///
/// It stacks beside 8BITMIME, which knows nothing of it: `BODY=BINARYMIME` is taken where both are
/// offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BinaryMime;

/// `BODY=` of MAIL: what the content may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BodyType {
    /// `7BIT`: lines of ASCII.
    SevenBit,
    /// `8BITMIME`: lines of octets.
    EightBitMime,
    /// `BINARYMIME`: octets.
    BinaryMime,
}

impl BodyType {
    fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7BIT",
            Self::EightBitMime => "8BITMIME",
            Self::BinaryMime => "BINARYMIME",
        }
    }
}

impl TypedParameter for BodyType {
    const KEYWORD: &'static str = "BODY";

    fn from_value(value: Option<&str>) -> Option<Self> {
        let known = [Self::SevenBit, Self::EightBitMime, Self::BinaryMime];
        known.into_iter().find(|kind| value.is_some_and(|value| value.eq_ignore_ascii_case(kind.name())))
    }

    fn to_value(&self) -> Option<String> {
        Some(self.name().to_owned())
    }
}

impl Extension for EightBitMime {
    fn capability(&self, _: &Session) -> Option<Capability> {
        Some(Capability::new("8BITMIME").mail_parameters(&["BODY"]).line_allowance(17))
    }

    fn check_mail(&self, mail: &Mail, session: &Session) -> Result<(), Reply> {
        check(mail, session)
    }
}

impl Extension for BinaryMime {
    fn capability(&self, _: &Session) -> Option<Capability> {
        // The length is that of 8BITMIME's parameter (RFC 3030 section 3).
        Some(Capability::new("BINARYMIME").mail_parameters(&["BODY"]))
    }

    fn check_mail(&self, mail: &Mail, session: &Session) -> Result<(), Reply> {
        check(mail, session)
    }
}

fn check(mail: &Mail, session: &Session) -> Result<(), Reply> {
    match mail.parameters.typed::<BodyType>().map_err(|error| error.reply())? {
        Some(BodyType::BinaryMime) if session.capabilities().get("BINARYMIME").is_none() => {
            Err(Reply::new(501, "5.5.4 BODY must be 7BIT or 8BITMIME"))
        }
        _ => Ok(()),
    }
}
