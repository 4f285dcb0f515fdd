use super::{Extension, TypedParameter};
use crate::{Capability, Mail, Reply, Session};

/// REQUIRETLS (RFC 8689): a message that asks for it goes on over verified TLS or not at all.
///
/// It is offered within TLS only. Its promise is kept by whoever passes the message on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequireTls;

/// `REQUIRETLS` of MAIL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct RequireTlsOption;

impl Extension for RequireTls {
    fn capability(&self, session: &Session) -> Option<Capability> {
        session.tls()?;
        Some(Capability::new("REQUIRETLS").mail_parameters(&["REQUIRETLS"]).line_allowance(11))
    }

    fn check_mail(&self, mail: &Mail, _: &Session) -> Result<(), Reply> {
        mail.parameters.typed::<RequireTlsOption>().map(drop).map_err(|error| error.reply())
    }
}

impl TypedParameter for RequireTlsOption {
    const KEYWORD: &'static str = "REQUIRETLS";

    fn from_value(value: Option<&str>) -> Option<Self> {
        value.is_none().then_some(Self)
    }

    fn to_value(&self) -> Option<String> {
        None
    }
}
