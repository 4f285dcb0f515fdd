//! What is answered where no layer has an answer of its own.

use smtp_core::extension::{EightBitMime, Extension as _, Limit};
use smtp_core::{Command, Dialect, Hello, Mail, Recipient, Reply, Session};

use super::Deliver;

const HELP: &str = "2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET VRFY EXPN HELP NOOP QUIT\n\
                    Extensions are listed in the answer to EHLO; see RFC 5321";

impl<D> Deliver<D> {
    pub(super) fn answer(&self, command: Command, session: &Session) -> Reply {
        match command {
            Command::Connect => Reply::new(220, greeting(session)),
            Command::Helo(_) => Reply::new(250, session.server_name().to_string()),
            Command::Ehlo(hello) | Command::Lhlo(hello) => self.ehlo(&hello, session),
            Command::Mail(mail) => self.mail(mail, session),
            Command::Rcpt(recipient) => self.rcpt(recipient, session),
            Command::Rset | Command::Noop => Reply::new(250, "2.0.0 OK"),
            Command::Vrfy(_) => Reply::new(252, "2.0.0 cannot verify, but will try to deliver"),
            Command::Expn(_) => Reply::new(550, "5.7.1 not allowed to expand"),
            Command::Help(_) => Reply::new(214, HELP),
            Command::Quit => Reply::new(221, "2.0.0 bye"),
            Command::Invalid(error) => error.reply(),
            Command::Other(_) => Reply::new(500, "5.5.1 command not recognized"),
            // TLS and AUTH are the business of layers.
            _ => Reply::new(502, "5.5.1 command not implemented"),
        }
    }

    fn ehlo(&self, hello: &Hello, session: &Session) -> Reply {
        let mut reply = Reply::new(250, format!("{} greets {hello}", session.server_name()));
        let capabilities = reply.capabilities_mut();
        for capability in [self.size.capability(session), EightBitMime.capability(session)] {
            capability.into_iter().for_each(|capability| capabilities.insert(capability));
        }
        capabilities.limit(Limit::RcptMax, u32::try_from(self.max_recipients).unwrap_or(u32::MAX));
        reply
    }

    fn mail(&self, mail: Mail, session: &Session) -> Reply {
        let checked = self.size.check_mail(&mail, session).and(EightBitMime.check_mail(&mail, session));
        match checked {
            Ok(()) => Reply::new(250, "2.1.0 sender OK").and_sender(mail),
            Err(refusal) => refusal,
        }
    }

    fn rcpt(&self, recipient: Recipient, session: &Session) -> Reply {
        let present = session.envelope().map_or(0, |envelope| envelope.recipients.len());
        if recipient.route.is_none() {
            Reply::new(550, "5.7.1 relaying denied")
        } else if present >= self.max_recipients {
            Reply::new(452, "4.5.3 too many recipients")
        } else {
            Reply::new(250, "2.1.5 recipient OK").and_recipient(recipient)
        }
    }
}

fn greeting(session: &Session) -> String {
    let protocol = match session.info().dialect {
        Dialect::Smtp => "ESMTP",
        Dialect::Lmtp => "LMTP",
    };
    format!("{} {protocol}", session.server_name())
}
