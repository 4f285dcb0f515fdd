//! The AUTH parameter of MAIL (RFC 4954 section 5).

use smtp_core::extension::{TypedParameter, xtext};
use smtp_core::{Mail, Mailbox, Reply, Session};

use super::rules::OriginatorRule;

/// Who first submitted a message, as `AUTH=` of MAIL says (RFC 4954 section 5).
///
/// Behind an [`AuthLayer`](crate::AuthLayer) it stands for somebody only if the client may name whom
/// it named.
///
/// ```
/// use smtp_auth::Originator;
/// use smtp_core::{Parameter, Parameters};
///
/// let mut parameters = Parameters::default();
/// parameters.insert(Parameter::parse("AUTH=e+3Dmc2@example.com").unwrap());
/// let originator = parameters.typed::<Originator>().unwrap();
/// assert_eq!(originator, Some(Originator::Mailbox("e=mc2@example.com".parse().unwrap())));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Originator {
    /// `<>`: nobody knows, or nobody who is believed.
    Unknown,
    /// This mailbox's owner.
    Mailbox(Mailbox),
}

impl TypedParameter for Originator {
    const KEYWORD: &'static str = "AUTH";

    fn from_value(value: Option<&str>) -> Option<Self> {
        match value? {
            "<>" => Some(Self::Unknown),
            value => String::from_utf8(xtext::decode(value)?).ok()?.parse().ok().map(Self::Mailbox),
        }
    }

    fn to_value(&self) -> Option<String> {
        Some(match self {
            Self::Unknown => "<>".to_owned(),
            Self::Mailbox(mailbox) => xtext::encode(mailbox.to_string().as_bytes()),
        })
    }
}

/// Checks the parameter, and makes `<>` of it if the client may not say what it says.
pub(super) fn check(mail: &mut Mail, rule: &OriginatorRule, session: &Session) -> Result<(), Reply> {
    match mail.parameters.typed::<Originator>() {
        Ok(Some(Originator::Mailbox(mailbox))) if !rule(&mailbox, session) => {
            let peer = &session.info().peer;
            tracing::info!(%peer, originator = %mailbox, "the client may not name this originator");
            mail.parameters.set(&Originator::Unknown);
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) => Err(error.reply()),
    }
}

/// Users may name themselves.
pub(super) fn is_client(mailbox: &Mailbox, session: &Session) -> bool {
    session.identity().is_some_and(|identity| identity.name().eq_ignore_ascii_case(&mailbox.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_values_that_the_rfc_allows() {
        for value in ["<>", "joe@example.com", "e+3Dmc2@example.com"] {
            let originator = Originator::from_value(Some(value)).expect(value);
            assert_eq!(originator.to_value().as_deref(), Some(value));
        }
        for value in [
            "",
            "<",
            "joe",
            "<joe@example.com>",
            "e+3dmc2@example.com",
            "a+@b",
            "a+4",
            "a=b@c",
            "+FF",
            "+00@a",
        ] {
            assert_eq!(Originator::from_value(Some(value)), None, "{value}");
        }
        assert_eq!(Originator::from_value(None), None);
    }
}
