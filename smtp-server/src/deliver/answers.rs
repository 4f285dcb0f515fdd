//! What is answered where no layer has an answer of its own.

use smtp_core::{Capability, Command, Dialect, Hello, Mail, Recipient, Reply, Session};

use super::Deliver;

const HELP: &str = "2.0.0 Commands: HELO EHLO MAIL RCPT DATA BDAT RSET VRFY EXPN HELP NOOP QUIT\n\
                    Extensions are listed in the answer to EHLO; see RFC 5321";

impl<D> Deliver<D> {
    pub(super) fn answer(&self, command: Command, session: &Session) -> Reply {
        match command {
            Command::Connect => Reply::new(220, greeting(session)),
            Command::Helo(_) => Reply::new(250, session.server_name().to_string()),
            Command::Ehlo(hello) | Command::Lhlo(hello) => self.ehlo(&hello, session),
            Command::Mail(mail) => self.mail(mail),
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
        capabilities.insert(
            Capability::new("SIZE")
                .argument(&self.max_message_size.to_string())
                .mail_parameters(&["SIZE"])
                .line_allowance(26),
        );
        capabilities.insert(Capability::new("8BITMIME").mail_parameters(&["BODY"]).line_allowance(17));
        reply
    }

    fn mail(&self, mail: Mail) -> Reply {
        if let Some(size) = mail.parameters.get("SIZE") {
            let digits = |value: &&str| value.len() <= 20 && value.bytes().all(|byte| byte.is_ascii_digit());
            match size.value().filter(digits).and_then(|value| value.parse::<u64>().ok()) {
                Some(size) if size <= self.max_message_size => {}
                Some(_) => return Reply::new(552, "5.3.4 message too large"),
                None => return Reply::new(501, "5.5.4 malformed SIZE"),
            }
        }
        if let Some(body) = mail.parameters.get("BODY") {
            let known =
                |value: &str| ["7BIT", "8BITMIME"].iter().any(|known| value.eq_ignore_ascii_case(known));
            if !body.value().is_some_and(known) {
                return Reply::new(501, "5.5.4 BODY must be 7BIT or 8BITMIME");
            }
        }
        Reply::new(250, "2.1.0 sender OK").and_sender(mail)
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
