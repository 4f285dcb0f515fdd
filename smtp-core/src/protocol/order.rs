//! The order of commands (RFC 5321 section 4.1.4) and the parameters that were claimed.

use super::Protocol;
use crate::command::Parsed;
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
                Some(_) => Ok(()),
            },
            _ => Ok(()),
        }
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
