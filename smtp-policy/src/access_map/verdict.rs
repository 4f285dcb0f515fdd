//! What the map says of a command: Sendmail's `check_relay`, `check_mail` and `check_rcpt`.

use smtp_core::{Command, ForwardPath, Mail, Recipient, Reply, ReversePath, Session};

use super::layer::{DelayChecks, Settings};
use super::{AccessRules, Action, Remote, SpamWish};

/// What becomes of a command.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// The map has nothing against it.
    Pass,
    /// It is refused; the second is the rule.
    Refuse(Reply, &'static str),
    /// The message is thrown away.
    Discard,
    /// The message is held back, for this reason.
    Quarantine(Box<str>),
}

const CLIENT: &str = "Connect";
const SENDER: &str = "From";
const RECIPIENT: &str = "To";
const TLS: &str = "TLS_Clt";
const FEATURES: &str = "Srv_Features";

pub(super) fn judge(
    rules: &AccessRules,
    settings: &Settings,
    command: &Command,
    session: &Session,
) -> Verdict {
    let delayed = settings.delay.is_some();
    if let Some(refused) = not_offered(rules, command, session) {
        return refused;
    }
    match command {
        Command::Connect => match client(rules, session) {
            Some(Verdict::Refuse(reply, rule)) if !delayed && reply.code() == 421 => {
                Verdict::Refuse(reply, rule)
            }
            _ => Verdict::Pass,
        },
        Command::Auth(_) | Command::Vrfy(_) | Command::Expn(_) if !delayed => {
            refusal_of_client(rules, session)
        }
        Command::Mail(mail) if !delayed => {
            let client = client(rules, session);
            if let Some(refused @ Verdict::Refuse(..)) = client {
                return refused;
            }
            stricter(client, sender(rules, mail, session).unwrap_or(Verdict::Pass))
        }
        Command::Rcpt(recipient) => {
            let known = rules.recipient(&recipient.path, is_local(settings, recipient));
            match known.map(|action| verdict(action, RECIPIENT)) {
                Some(verdict) => verdict,
                None if delayed => Verdict::Pass,
                // Who connected before the entry was there.
                None => refusal_of_client(rules, session),
            }
        }
        _ => Verdict::Pass,
    }
}

/// What `Srv_Features:` has against a command.
fn not_offered(rules: &AccessRules, command: &Command, session: &Session) -> Option<Verdict> {
    let features = rules.features(&Remote::client(session))?;
    let refusal = features.refusal(command, session.identity().is_some())?;
    Some(Verdict::Refuse(refusal, FEATURES))
}

/// The client's verdict holds for all its messages, where that of a message is not stricter.
fn stricter(client: Option<Verdict>, message: Verdict) -> Verdict {
    match (client, message) {
        (Some(client), Verdict::Pass) => client,
        (_, message) => message,
    }
}

/// `check_relay`; `None` if the map does not know the client.
fn client(rules: &AccessRules, session: &Session) -> Option<Verdict> {
    rules.client(&Remote::client(session)).map(|action| verdict(action, CLIENT))
}

/// `check_mail`; `None` if the map does not know the sender.
fn sender(rules: &AccessRules, mail: &Mail, session: &Session) -> Option<Verdict> {
    if let Some(refused) = tls(rules, session) {
        return Some(refused);
    }
    match &mail.path {
        // Bounces are always taken (RFC 5321 section 4.5.5).
        ReversePath::Mailbox(mailbox) => rules.sender(mailbox).map(|action| verdict(action, SENDER)),
        _ => None,
    }
}

fn tls(rules: &AccessRules, session: &Session) -> Option<Verdict> {
    let client = Remote::client(session);
    let demand = rules.tls_of_client(&client)?;
    let unmet = demand.unmet(session.tls().map(|tls| &**tls), &client.name())?;
    Some(Verdict::Refuse(unmet, TLS))
}

fn refusal_of_client(rules: &AccessRules, session: &Session) -> Verdict {
    match client(rules, session) {
        Some(refused @ Verdict::Refuse(..)) => refused,
        _ => Verdict::Pass,
    }
}

/// What is left to check of a recipient who is good, and to whom may be relayed.
pub(super) fn judge_late(
    rules: &AccessRules,
    settings: &Settings,
    which: DelayChecks,
    recipient: &Recipient,
    session: &Session,
) -> Verdict {
    let local = is_local(settings, recipient);
    let wish = rules.spam_wish(&recipient.path, local);
    let checked = match which {
        DelayChecks::All => true,
        DelayChecks::NotForFriends => wish != Some(SpamWish::Friend),
        DelayChecks::ForHaters => wish == Some(SpamWish::Hater),
    };
    let relayed =
        session.identity().is_some() || rules.relays_for_certificate(session.tls().map(|tls| &**tls));
    if relayed || !checked {
        return tls(rules, session).unwrap_or(Verdict::Pass);
    }
    let of_sender = session.envelope().and_then(|envelope| sender(rules, &envelope.sender, session));
    // A sender who is welcome is welcome from everywhere.
    of_sender.or_else(|| client(rules, session)).unwrap_or(Verdict::Pass)
}

fn is_local(settings: &Settings, recipient: &Recipient) -> bool {
    match &recipient.path {
        ForwardPath::Mailbox(mailbox) => {
            mailbox.domain().is_some_and(|domain| settings.local.contains(domain))
        }
        _ => true,
    }
}

fn verdict(action: &Action, rule: &'static str) -> Verdict {
    match action {
        Action::Ok | Action::Relay | Action::Skip => Verdict::Pass,
        Action::Reject if rule == RECIPIENT => {
            Verdict::Refuse(Reply::new(550, "5.2.1 mailbox disabled for this recipient"), rule)
        }
        Action::Reject => Verdict::Refuse(Reply::new(550, "5.7.1 access denied"), rule),
        Action::Refuse(refusal) => Verdict::Refuse(refusal.reply(), rule),
        Action::Discard => Verdict::Discard,
        Action::Quarantine(reason) => Verdict::Quarantine(reason.clone()),
    }
}
