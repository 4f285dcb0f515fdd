use crate::{Mail, Recipient};

/// The recipients of a message that stood for others, who are in the envelope in their place now.
///
/// Whoever expands them leaves it in the transaction's map of the session. Whoever keeps the message takes it
/// from there: its sender may have asked to hear of such recipients (RFC 3461 section 5.2.7), and nobody
/// further in knows them.
///
/// ```
/// use smtp_core::testing::{facts, recipient, sender};
/// use smtp_core::{Expanded, Expansion};
///
/// let session = facts().session().clone();
/// let staff = Expanded { recipient: recipient("staff@example.org"), is_list: false };
/// session.transaction().insert(Expansion { sender: sender("joe@example.org"), recipients: vec![staff] });
/// assert_eq!(session.transaction().remove::<Expansion>().unwrap().recipients.len(), 1);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// The sender as it was, with its parameters.
    pub sender: Mail,
    /// Those recipients.
    pub recipients: Vec<Expanded>,
}

/// A recipient that stood for others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// The recipient as it was, with its parameters.
    pub recipient: Recipient,
    /// Whether it is a list with a sender of its own. A message to it has arrived with that; one to an alias
    /// is still on its way.
    pub is_list: bool,
}
