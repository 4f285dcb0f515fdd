//! What a reply changes: the facts of the session, and what the driver does next.

use super::Protocol;
use crate::{
    Capabilities, Capability, ConnectionInfo, Dialect, Hello, Identity, Mail, Query, Recipient, Reply,
    ReplyCode, Severity, UpgradeFn,
};

/// What the reply to the command in flight will settle.
#[derive(Debug)]
pub(super) enum Pending {
    Connect,
    EarlyTalker,
    Hello(Hello),
    StartTls,
    Auth,
    Mail(Mail),
    Rcpt(Recipient),
    Data,
    Reset,
    /// VRFY or EXPN of a client that takes UTF-8.
    Utf8Query,
    Quit,
    /// A verb that is not ours.
    Extension,
    /// Nobody knows what the octets behind it are.
    Fatal,
    Other,
}

impl Pending {
    pub(super) fn query(query: &Query) -> Self {
        if query.takes_utf8() { Self::Utf8Query } else { Self::Other }
    }
}

/// What a driver does with a reply.
#[derive(Debug)]
pub struct Settled {
    /// The reply to write.
    pub reply: Reply,
    /// The replies to write in its place, if there are any: one for each recipient (LMTP).
    pub each: Vec<Reply>,
    /// Whether the reply may be written in UTF-8.
    pub utf8: bool,
    /// Close the connection behind it.
    pub close: bool,
    /// Hand the transport over behind it.
    pub upgrade: Option<UpgradeFn>,
    /// Call the stack with [`Command::Connect`](crate::Command::Connect) rather than write the reply: the session begins anew.
    pub restart: bool,
}

impl Protocol {
    /// Takes the stack's reply to the command in flight: changes the facts as it says, and gives
    /// back what is to be written and done.
    ///
    /// An effect that does not fit the command is a bug of the stack, and so is a 3xx reply, which
    /// is the driver's to give: it panics in debug builds; in release builds the session ends with
    /// 421.
    pub fn settle(&mut self, mut reply: Reply) -> Settled {
        let effects = reply.take_effects();
        let pending = std::mem::replace(&mut self.pending, Pending::Other);
        let fits = reply.code().severity() != Severity::Intermediate
            && (effects.upgrade.is_none() || matches!(pending, Pending::StartTls))
            && (effects.restart.is_none() || matches!(pending, Pending::Extension))
            && (effects.identity.is_none() || matches!(pending, Pending::Auth) || effects.restart.is_some())
            && (effects.sender.is_none() || matches!(pending, Pending::Mail(_)))
            && (effects.recipient.is_none() || matches!(pending, Pending::Rcpt(_)))
            && (effects.each.is_empty() || matches!(pending, Pending::Data));
        debug_assert!(fits, "the reply does not fit the command: {reply:?} to {pending:?}");
        if !fits {
            let reply = Reply::new(421, "4.3.0 internal error, closing connection");
            return Settled {
                reply,
                each: Vec::new(),
                utf8: false,
                close: true,
                upgrade: None,
                restart: false,
            };
        }
        let positive = reply.is_positive();
        let mut close = effects.close || reply.code() == ReplyCode::CLOSING;
        let mut upgrade = None;
        let mut restart = false;
        let utf8 = matches!(pending, Pending::Utf8Query);
        match pending {
            Pending::Connect => self.refused = !positive,
            Pending::EarlyTalker => close |= !positive,
            Pending::Hello(hello) if positive => {
                let capabilities = if hello.extended {
                    own_capabilities(&effects.capabilities)
                } else {
                    Capabilities::new()
                };
                reply = hello_reply(&reply, &capabilities);
                self.facts.set_hello(hello, capabilities);
            }
            Pending::StartTls => {
                debug_assert_eq!(effects.upgrade.is_some(), positive, "STARTTLS needs an upgrade with 220");
                upgrade = effects.upgrade.filter(|_| positive);
                // 220 without a handshake behind it would leave both sides waiting.
                close |= positive && upgrade.is_none();
            }
            Pending::Auth => {
                if let Some(identity) = effects.identity.filter(|_| positive) {
                    self.facts.set_identity(identity);
                }
            }
            Pending::Mail(mail) if positive => self.facts.start_transaction(effects.sender.unwrap_or(mail)),
            Pending::Rcpt(recipient) if positive => {
                self.facts.add_recipient(effects.recipient.unwrap_or(recipient));
            }
            // A refused sender leaves no notes of layers behind, either.
            Pending::Data | Pending::Reset | Pending::Mail(_) => self.facts.end_transaction(),
            Pending::Quit | Pending::Fatal => close = true,
            Pending::Extension => {
                if let Some(info) = effects.restart.filter(|_| positive) {
                    self.restart(*info, effects.identity);
                    restart = true;
                }
            }
            Pending::Hello(_) | Pending::Rcpt(_) | Pending::Utf8Query | Pending::Other => {}
        }
        Settled { reply, each: Vec::new(), utf8, close, upgrade, restart }
    }

    fn restart(&mut self, info: ConnectionInfo, identity: Option<Identity>) {
        self.facts.restart(info);
        if let Some(identity) = identity {
            self.facts.set_identity(identity);
        }
        self.pending = Pending::Connect;
    }

    /// Takes the stack's reply to a message whose content was read: as [`settle`](Self::settle), but
    /// in LMTP there is a reply for each recipient (RFC 2033 section 4.2).
    pub fn settle_content(&mut self, mut reply: Reply) -> Settled {
        let count = self.session().envelope().map_or(0, |envelope| envelope.recipients.len());
        let mut each = reply.take_each();
        if self.session().info().dialect == Dialect::Smtp {
            return self.settle(reply);
        }
        debug_assert!(each.is_empty() || each.len() == count, "a reply for each recipient, or one for all");
        if each.len() != count {
            each = std::iter::repeat_with(|| reply.without_effects()).take(count).collect();
        }
        Settled { each, ..self.settle(reply) }
    }
}

/// What the driver itself offers, in front of what the stack offers.
fn own_capabilities(of_stack: &Capabilities) -> Capabilities {
    let mut capabilities = Capabilities::new();
    for keyword in ["PIPELINING", "CHUNKING", "ENHANCEDSTATUSCODES"] {
        capabilities.insert(Capability::new(keyword));
    }
    for capability in of_stack.iter() {
        capabilities.insert(capability.clone());
    }
    capabilities
}

/// The first line of the stack's reply, then a line for each capability (RFC 5321 section
/// 4.1.1.1). No enhanced status code may stand here (RFC 2034 section 4).
fn hello_reply(reply: &Reply, capabilities: &Capabilities) -> Reply {
    let mut text = reply.lines().next().unwrap_or_default().to_owned();
    for capability in capabilities.iter() {
        text.push('\n');
        text.push_str(&capability.to_string());
    }
    Reply::new(reply.code().get(), text)
}
