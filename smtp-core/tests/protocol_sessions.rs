//! Random lines and replies: the facts of the session are what the replies made them, and nothing
//! comes out of its order.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use smtp_core::codec::LineError;
use smtp_core::protocol::{Protocol, Settled, Step};
use smtp_core::{
    BoxError, Capability, Command, ConnectionInfo, Identity, Reply, SyntaxError, TlsInfo, Transport, Upgraded,
};

/// What the facts must be.
#[derive(Debug, Clone, Default, PartialEq)]
struct Facts {
    /// Whether by EHLO.
    hello: Option<bool>,
    tls: bool,
    identity: bool,
    recipients: Option<usize>,
    /// The maps of layers have notes of this connection and of this transaction.
    noted: [bool; 2],
}

#[derive(Debug, Clone, Copy)]
struct Answer {
    code: u16,
    /// Whether the reply has the effect that fits the command.
    effect: bool,
}

const LINES: &[&str] = &[
    "EHLO client.example",
    "HELO client.example",
    "STARTTLS",
    "AUTH PLAIN",
    "MAIL FROM:<a@example.org>",
    "MAIL FROM:<a@example.org> X=1",
    "RCPT TO:<b@example.org>",
    "DATA",
    "BDAT 3",
    "BDAT 3 LAST",
    "BDAT 3 FIRST",
    "BDAT LAST",
    "RSET",
    "NOOP",
    "VRFY b",
    "NONE",
    "LHLO client.example",
    "MAIL",
    "\r",
    "QUIT",
];

/// The code of the refusal, where a command must not reach the stack.
fn refusal(line: &str, facts: &Facts, refused: bool) -> Option<u16> {
    let verb = line.split(' ').next().unwrap_or_default();
    match (line, verb) {
        ("BDAT 3 FIRST" | "BDAT LAST" | "MAIL", _) => Some(501),
        ("\r", _) => Some(500),
        (_, "QUIT") => None,
        _ if refused => Some(503),
        (_, "LHLO") => Some(500),
        (_, "STARTTLS") if facts.tls => Some(503),
        (_, "AUTH") if facts.identity || facts.recipients.is_some() || facts.hello != Some(true) => Some(503),
        (_, "MAIL") if facts.hello.is_none() || facts.recipients.is_some() => Some(503),
        // The parameter is claimed in the answer to EHLO alone.
        ("MAIL FROM:<a@example.org> X=1", _) if facts.hello == Some(false) => Some(555),
        (_, "RCPT" | "DATA" | "BDAT") if facts.recipients.is_none() => Some(503),
        (_, "DATA" | "BDAT") if facts.recipients == Some(0) => Some(554),
        _ => None,
    }
}

fn reply(line: &str, Answer { code, effect }: Answer) -> Reply {
    let mut reply = Reply::new(code, "answered");
    match line.split(' ').next() {
        Some("EHLO") => reply.capabilities_mut().insert(Capability::new("X").mail_parameters(&["X"])),
        Some("AUTH") if effect => reply = reply.and_authenticate(Identity::new("alice", "PLAIN")),
        Some("STARTTLS") if code == 250 => reply = reply.and_upgrade(upgrade),
        _ if effect => {}
        _ => reply = reply.without_effects(),
    }
    reply
}

async fn upgrade(transport: Transport) -> Result<Upgraded, BoxError> {
    Ok(Upgraded { transport, tls: tls() })
}

fn tls() -> Arc<TlsInfo> {
    Arc::new(TlsInfo::new("TLSv1.3", "NONE", 0))
}

impl Facts {
    fn of(protocol: &Protocol) -> Self {
        let session = protocol.session();
        Self {
            hello: session.hello().map(|hello| hello.extended),
            tls: session.tls().is_some(),
            identity: session.identity().is_some(),
            recipients: session.envelope().map(|envelope| envelope.recipients.len()),
            noted: [session.connection().get::<u8>().is_some(), session.transaction().get::<u8>().is_some()],
        }
    }

    fn end_transaction(&mut self) {
        self.recipients = None;
        self.noted[1] = false;
    }

    /// What a reply makes of them.
    fn settle(&mut self, line: &str, answer: Answer, upgraded: bool) {
        let positive = answer.code == 250;
        match line.split(' ').next().unwrap_or_default() {
            "EHLO" | "HELO" if positive => {
                self.end_transaction();
                self.hello = Some(line.starts_with('E'));
            }
            "STARTTLS" if upgraded => *self = Self { tls: true, ..Self::default() },
            "AUTH" => self.identity = positive && answer.effect,
            "MAIL" if positive => self.recipients = Some(0),
            "RCPT" if positive => self.recipients = self.recipients.map(|count| count + 1),
            "MAIL" | "DATA" | "BDAT" | "RSET" => self.end_transaction(),
            _ => {}
        }
    }
}

/// Takes a refusal, which changes nothing.
fn refuse(protocol: &mut Protocol, error: &SyntaxError) -> Settled {
    let before = Facts::of(protocol);
    let settled = protocol.settle(error.reply());
    assert_eq!(Facts::of(protocol), before);
    assert!(settled.upgrade.is_none());
    settled
}

fn answer() -> impl Strategy<Value = Answer> {
    (prop_oneof![3 => Just(250), 1 => select(&[421, 451, 550][..])], any::<bool>())
        .prop_map(|(code, effect)| Answer { code, effect })
}

proptest! {
    #[test]
    fn the_facts_are_what_the_replies_made_them(
        greeting in prop_oneof![9 => Just(220), 1 => Just(554)],
        steps in vec((select(LINES), answer()), 0..40),
    ) {
        let mut protocol = Protocol::new(ConnectionInfo::default());
        protocol.settle(Reply::new(greeting, ""));
        let mut facts = Facts::default();
        for (line, answer) in steps {
            let refusal = refusal(line, &facts, greeting == 554);
            let refused = match protocol.line(line.as_bytes()) {
                Step::Call(Command::Invalid(error)) | Step::Chunk { refused: Some(error), .. } => Some(error),
                _ => None,
            };
            prop_assert_eq!(refused.as_ref().map(|error| error.reply().code().get()), refusal, "{}", line);
            if let Some(error) = refused {
                let settled = refuse(&mut protocol, &error);
                prop_assert_eq!(settled.close, line == "BDAT LAST");
                continue;
            }
            let settled = protocol.settle(reply(line, answer));
            prop_assert_eq!(settled.close, line == "QUIT" || answer.code == 421);
            let upgraded = settled.upgrade.is_some();
            prop_assert_eq!(upgraded, line == "STARTTLS" && answer.code == 250);
            if upgraded {
                protocol.upgraded(tls());
                prop_assert_eq!(protocol.session().capabilities().iter().count(), 0);
            }
            facts.settle(line, answer, upgraded);
            prop_assert_eq!(&Facts::of(&protocol), &facts, "{}", line);
            if answer.effect {
                protocol.session().connection().insert(1_u8);
                protocol.session().transaction().insert(1_u8);
                facts.noted = [true, true];
            }
        }
    }

    #[test]
    fn what_is_no_line_changes_nothing(lines in vec(select(LINES), 0..10), too_long in any::<bool>()) {
        let mut protocol = Protocol::new(ConnectionInfo::default());
        protocol.settle(Reply::new(220, ""));
        for line in lines {
            if refusal(line, &Facts::of(&protocol), false).is_none() {
                protocol.line(line.as_bytes());
                protocol.settle(reply(line, Answer { code: 250, effect: true }));
            }
            let bad = if too_long { LineError::TooLong } else { LineError::BareLineEnding };
            let Step::Call(Command::Invalid(error)) = protocol.bad_line(bad) else { panic!("{line}") };
            prop_assert_eq!(error.reply().code().get(), 500);
            prop_assert!(!refuse(&mut protocol, &error).close);
        }
    }
}
