//! What the client has proved, and to whom its message may go.

use smtp_server::testing::RecordingDelivery;

use super::moves::{CONTENT, Move};

pub(crate) struct Model {
    delivery: RecordingDelivery,
    /// The client has shown alice's password in this session, and was believed.
    authenticated: bool,
    /// The client comes from the network of a partner.
    partner: bool,
    /// The server waits for the response to a challenge.
    challenged: bool,
    /// The sender was given in this session.
    in_transaction: bool,
    /// The recipients of the transaction that were accepted.
    accepted: usize,
    relayed: usize,
    delivered: usize,
    out_of_step: bool,
}

impl Model {
    pub(crate) fn new(delivery: RecordingDelivery) -> Self {
        Self {
            delivery,
            authenticated: false,
            partner: false,
            challenged: false,
            in_transaction: false,
            accepted: 0,
            relayed: 0,
            delivered: 0,
            out_of_step: false,
        }
    }

    /// Whether moves and replies no longer belong together.
    pub(crate) fn is_out_of_step(&self) -> bool {
        self.out_of_step
    }

    /// Takes the reply to a move; gives what the server asked for.
    pub(crate) fn settle(&mut self, step: &Move, reply: &str) -> Option<&'static [u8]> {
        let positive = reply.starts_with('2');
        if std::mem::take(&mut self.challenged) {
            // Whatever the line says, it is a response.
            let good = matches!(step, Move::GoodResponse);
            assert!(good || !positive, "{reply:?} to {step:?} as a response");
            self.authenticated |= good && reply.starts_with("235");
            // What stands behind it in the same write are commands now.
            self.out_of_step =
                matches!(step, Move::ImpatientData | Move::StartTlsAndMore | Move::Bdat { .. });
            return None;
        }
        match step {
            Move::AuthAsk if reply.starts_with("334") => self.challenged = true,
            Move::AuthGood if reply.starts_with("235") => self.authenticated = true,
            // Who is nobody may be so; it is no proof.
            Move::AuthAnonymous => {}
            Move::AuthBad | Move::AuthAsk | Move::GoodResponse | Move::Cancel => {
                assert!(!positive, "{reply:?} to {step:?}");
            }
            Move::StartTls | Move::StartTlsAndMore if positive => self.forget(self.partner),
            Move::BecomeStranger if positive => self.forget(false),
            Move::BecomePartner if positive => self.forget(true),
            Move::Mail | Move::MailUtf8 | Move::NullMail if positive => {
                (self.in_transaction, self.accepted) = (true, 0);
            }
            Move::Rcpt(address) if positive => {
                let may = self.authenticated || self.partner;
                assert!(self.in_transaction, "a recipient without a sender of this session");
                assert!(address.open || may, "{reply:?} to a stranger for {}", address.text);
                self.accepted += 1;
                self.relayed += usize::from(!address.open);
            }
            Move::Data | Move::ImpatientData if reply.starts_with("354") => {
                return Some(match step {
                    Move::Data => content(),
                    _ => b"",
                });
            }
            // The lines behind it are commands now, each with a reply of its own.
            Move::StartTlsAndMore | Move::ImpatientData => self.out_of_step = true,
            Move::Bdat { last: true } => self.received(reply),
            Move::Garbage => assert!(!positive, "{reply:?}"),
            _ => {}
        }
        None
    }

    /// Takes the reply to a message. What came in the same write may have been delivered before it is read.
    pub(crate) fn received(&mut self, reply: &str) {
        if !reply.starts_with('2') {
            return;
        }
        let messages = self.delivery.messages();
        let message = messages.get(self.delivered).expect("what is answered so was delivered");
        assert!(self.in_transaction, "a message of another session");
        assert_eq!(message.envelope.recipients.len(), self.accepted, "{:?}", message.envelope);
        self.delivered += 1;
        self.in_transaction = false;
    }

    /// Nothing was delivered but what was answered so. Tells how many recipients elsewhere were accepted of who
    /// may send there.
    pub(crate) fn finish(self) -> usize {
        assert_eq!(self.delivery.messages().len(), self.delivered);
        self.relayed
    }

    /// The session begins anew: nothing that was proved before counts.
    fn forget(&mut self, partner: bool) {
        self.partner = partner;
        self.authenticated = false;
        self.in_transaction = false;
    }
}

/// The content with its end.
fn content() -> &'static [u8] {
    static WHOLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    WHOLE.get_or_init(|| format!("{CONTENT}.\r\n").into_bytes())
}
