//! Command lines and the state of the protocol: any line is a command or refused as one, the order
//! of commands holds, and what was read is written in a form that is read as the same.

use std::sync::Arc;

use smtp_server::protocol::{Protocol, Step};
use smtp_server::{
    Capability, Command, ConnectionInfo, Dialect, Identity, Leniency, Parameters, Query, Reply,
    SyntaxErrorKind,
};

use crate::parameter;
use crate::stub_tls::{facts, stub_tls};
use crate::wire::replies;

/// What a session must look like, by the replies alone.
#[derive(Debug, Default, PartialEq)]
struct Expected {
    greeted: bool,
    tls: bool,
    authenticated: bool,
    /// How many recipients the open transaction has.
    transaction: Option<usize>,
}

/// The first octets say how the server is set up and what it answers, the others are lines.
pub fn check(data: &[u8]) {
    let [setup, answers, lines @ ..] = data else { return };
    let mut protocol = new_protocol(*setup);
    let mut expected = Expected::default();
    let mut answers = *answers;
    for line in lines.split(|octet| *octet == b'\n') {
        answers = answers.rotate_left(1);
        let positive = answers & 1 == 0;
        let before = seen(&protocol);
        let step = protocol.line(line);
        let closes = play(&mut protocol, step, positive, &mut expected, *setup);
        assert_eq!(
            seen(&protocol),
            expected,
            "behind {:?}, from {before:?}",
            line.escape_ascii().to_string()
        );
        if closes {
            return;
        }
    }
}

fn new_protocol(setup: u8) -> Protocol {
    let dialect = if setup & 1 == 0 { Dialect::Smtp } else { Dialect::Lmtp };
    let leniency = if setup & 2 == 0 { Leniency::default() } else { Leniency::all() };
    let mut protocol = Protocol::with_leniency(ConnectionInfo::default().dialect(dialect), leniency);
    protocol.settle(Reply::new(220, "ready"));
    protocol
}

fn seen(protocol: &Protocol) -> Expected {
    let session = protocol.session();
    Expected {
        greeted: session.hello().is_some(),
        tls: session.tls().is_some(),
        authenticated: session.identity().is_some(),
        transaction: session.envelope().map(|envelope| envelope.recipients.len()),
    }
}

/// Answers a command; tells whether that ends the session.
fn play(protocol: &mut Protocol, step: Step, positive: bool, expected: &mut Expected, setup: u8) -> bool {
    let answer = |positive_code: u16| if positive { positive_code } else { 550 };
    let reply = match step {
        Step::Call(Command::Invalid(error)) => {
            let reply = error.reply();
            assert!(reply.is_permanent(), "{reply}");
            let ends = matches!(error.kind(), SyntaxErrorKind::Chunk | SyntaxErrorKind::Foreign);
            let close = settle(protocol, reply);
            assert!(close || !ends);
            return close;
        }
        Step::Call(Command::StartTls) => {
            assert!(!expected.tls);
            if !positive {
                return settle(protocol, Reply::new(454, "4.7.0 not now"));
            }
            let settled = protocol.settle(Reply::new(220, "2.0.0 go ahead").and_upgrade(stub_tls));
            assert!(settled.upgrade.is_some());
            protocol.upgraded(Arc::new(facts()));
            *expected = Expected { tls: true, ..Expected::default() };
            return false;
        }
        Step::Call(command) => {
            is_read_back(&command, setup);
            match &command {
                Command::Helo(_) | Command::Ehlo(_) | Command::Lhlo(_) if positive => {
                    expected.greeted = true;
                    expected.transaction = None;
                }
                Command::Mail(_) => {
                    assert!(expected.greeted && expected.transaction.is_none());
                    expected.transaction = positive.then_some(0);
                }
                Command::Rcpt(_) => {
                    let count = expected.transaction.as_mut().expect("a sender");
                    *count += usize::from(positive);
                }
                Command::Rset => expected.transaction = None,
                Command::Quit => return settle(protocol, Reply::new(221, "2.0.0 bye")),
                Command::Other(unknown) => assert_eq!(unknown.verb(), unknown.verb().to_ascii_uppercase()),
                _ => {}
            }
            let mut reply = Reply::new(answer(250), "2.0.0 answered");
            if matches!(command, Command::Ehlo(_) | Command::Lhlo(_)) {
                let all = Capability::new("X-ALL").line_allowance(1000);
                let all = all.mail_parameters(&parameter::OF_MAIL).rcpt_parameters(&parameter::OF_RCPT);
                reply.capabilities_mut().insert(all);
                reply.capabilities_mut().insert(Capability::new("SMTPUTF8"));
            }
            reply
        }
        Step::Auth { mechanism, .. } => {
            assert!(matches!(mechanism.len(), 1..=20) && mechanism == mechanism.to_ascii_uppercase());
            assert!(expected.greeted && !expected.authenticated && expected.transaction.is_none());
            if !positive {
                return settle(protocol, Reply::new(535, "5.7.8 no"));
            }
            expected.authenticated = true;
            Reply::new(235, "2.7.0 yes").and_authenticate(Identity::new("alice", "PLAIN"))
        }
        Step::Data => return content(protocol, positive, expected),
        Step::Chunk { size, refused: Some(error), .. } => {
            assert!(i64::try_from(size).is_ok());
            error.reply()
        }
        Step::Chunk { size, last, refused: None } => {
            assert!(i64::try_from(size).is_ok());
            if last {
                return content(protocol, positive, expected);
            }
            assert!(expected.transaction.is_some_and(|count| count > 0));
            return false;
        }
    };
    settle(protocol, reply)
}

fn content(protocol: &mut Protocol, positive: bool, expected: &mut Expected) -> bool {
    let count = expected.transaction.take().expect("a transaction");
    assert!(count > 0, "content without recipients");
    let lmtp = protocol.session().info().dialect == Dialect::Lmtp;
    let settled = protocol.settle_content(Reply::new(if positive { 250 } else { 554 }, "2.0.0 content"));
    assert_eq!(settled.each.len(), if lmtp { count } else { 0 });
    settled.close
}

fn settle(protocol: &mut Protocol, reply: Reply) -> bool {
    let settled = protocol.settle(reply);
    let mut written = bytes::BytesMut::new();
    settled.reply.encode(&mut written);
    assert_eq!(replies(&written, false).len(), 1);
    settled.close
}

/// A command in the form that this crate writes it is read as the same, without any leniency.
fn is_read_back(command: &Command, setup: u8) {
    let (before, line) = match command {
        Command::Helo(hello) if hello.host.is_some() => (0, format!("HELO {hello}")),
        Command::Ehlo(hello) if hello.host.is_some() => (0, format!("EHLO {hello}")),
        Command::Lhlo(hello) if hello.host.is_some() => (0, format!("LHLO {hello}")),
        Command::Mail(mail) => (1, format!("MAIL FROM:{mail}{}", shown(&mail.parameters))),
        Command::Rcpt(recipient) => (2, format!("RCPT TO:{recipient}{}", shown(&recipient.parameters))),
        Command::Vrfy(query) => (usize::from(query.takes_utf8()), format!("VRFY {}", asked(query))),
        Command::Expn(query) => (usize::from(query.takes_utf8()), format!("EXPN {}", asked(query))),
        _ => return,
    };
    // An address may be written in more octets than it came in.
    if line.len() + 2 > 1512 {
        return;
    }
    let mut protocol = new_protocol(setup & 1);
    let hello = if setup & 1 == 0 { "EHLO client.example" } else { "LHLO client.example" };
    for earlier in [hello, "MAIL FROM:<> SMTPUTF8"].iter().take(before) {
        let step = protocol.line(earlier.as_bytes());
        let mut expected = seen(&protocol);
        play(&mut protocol, step, true, &mut expected, setup & 1);
    }
    match protocol.line(line.as_bytes()) {
        Step::Call(again) => assert_eq!(format!("{again:?}"), format!("{command:?}"), "{line}"),
        other => panic!("{line}: {other:?}"),
    }
}

fn asked(query: &Query) -> String {
    format!("{query}{}", if query.takes_utf8() { " SMTPUTF8" } else { "" })
}

fn shown(parameters: &Parameters) -> String {
    parameter::are_read_back(parameters);
    parameters.iter().map(|parameter| format!(" {parameter}")).collect()
}
