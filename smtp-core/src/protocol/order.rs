//! The order of commands (RFC 5321 section 4.1.4) and the parameters that were claimed.

use super::Protocol;
use crate::command::Parsed;
use crate::extension::BodyType;
use crate::{Dialect, Parameters, SyntaxError, SyntaxErrorKind as Kind};

impl Protocol {
    /// Whether the command may come now.
    pub(super) fn check_order(&self, parsed: &Parsed) -> Result<(), SyntaxError> {
        let session = self.session();
        let order = |text| Err(SyntaxError::new(Kind::Order, text));
        if self.refused && !matches!(parsed, Parsed::Quit) {
            return order("no service here, QUIT is all that is left");
        }
        let greeted = session.hello().is_some();
        let lmtp = session.info().dialect == Dialect::Lmtp;
        let other_dialect = |text| Err(SyntaxError::new(Kind::Command, text));
        match parsed {
            Parsed::Helo(_) | Parsed::Ehlo(_) if lmtp => other_dialect("this is LMTP, send LHLO"),
            Parsed::Lhlo(_) if !lmtp => other_dialect("this is SMTP, send EHLO"),
            Parsed::StartTls if session.tls().is_some() => order("TLS is in use already"),
            Parsed::Auth { .. } if session.login().is_some() => order("already authenticated"),
            Parsed::Auth { .. } if session.envelope().is_some() => order("not within a mail transaction"),
            Parsed::Auth { .. } if !session.hello().is_some_and(|hello| hello.extended) => {
                order("send EHLO first")
            }
            Parsed::Mail(_) if !greeted => order("send EHLO or HELO first"),
            Parsed::Mail(_) if session.envelope().is_some() => order("a sender was given already"),
            Parsed::Rcpt(_) if session.envelope().is_none() => order("send MAIL first"),
            Parsed::Data | Parsed::Bdat { .. } => match session.envelope() {
                None => order("send MAIL first"),
                // RFC 2033 section 4.2 knows one code only.
                Some(envelope) if lmtp && envelope.recipients.is_empty() => order("no valid recipients"),
                Some(envelope) if envelope.recipients.is_empty() => {
                    Err(SyntaxError::new(Kind::NoRecipients, "no valid recipients"))
                }
                // RFC 3030 section 3: binary content has no end that DATA could find.
                Some(envelope)
                    if matches!(parsed, Parsed::Data)
                        && envelope.sender.body_type() == BodyType::BinaryMime =>
                {
                    order("binary content comes by BDAT")
                }
                Some(_) => Ok(()),
            },
            _ => Ok(()),
        }
    }

    /// Whether the transaction allows what stands in an address (RFC 6531 section 3.5).
    pub(super) fn check_charset(&self, parsed: &Parsed) -> Result<(), SyntaxError> {
        let allowed = match parsed {
            Parsed::Mail(mail) => mail.path.is_ascii() || mail.needs_utf8(),
            Parsed::Rcpt(recipient) => {
                let ascii = recipient.path.is_ascii()
                    && recipient.parameters.iter().all(|parameter| parameter.is_ascii());
                ascii || self.session().envelope().is_some_and(|envelope| envelope.sender.needs_utf8())
            }
            _ => true,
        };
        if allowed { Ok(()) } else { Err(SyntaxError::needs_utf8()) }
    }

    /// Whether each parameter belongs to a capability that was offered.
    pub(super) fn check_parameters(&self, parsed: &Parsed) -> Result<(), SyntaxError> {
        let capabilities = self.session().capabilities();
        let claimed = |parameters: &Parameters, is_claimed: &dyn Fn(&str) -> bool| match parameters
            .iter()
            .find(|parameter| !is_claimed(parameter.keyword()))
        {
            None => Ok(()),
            Some(parameter) => {
                let text = format!("parameter {} not recognized", parameter.keyword());
                Err(SyntaxError::new(Kind::Parameter, text))
            }
        };
        match parsed {
            Parsed::Mail(mail) => {
                claimed(&mail.parameters, &|keyword| capabilities.claims_mail_parameter(keyword))
            }
            Parsed::Rcpt(recipient) => {
                claimed(&recipient.parameters, &|keyword| capabilities.claims_rcpt_parameter(keyword))
            }
            _ => Ok(()),
        }
    }
}
