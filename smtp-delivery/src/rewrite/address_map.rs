use smtp_core::{BoxFuture, Mailbox, Reply};

/// What becomes of an address.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mapped {
    /// It stays as it is.
    Unchanged,
    /// These take its place; of a sender, the first one does.
    To(Vec<Mailbox>),
    /// It is nobody's: the outcome of this recipient, or of the whole message where it is the sender.
    Refused(Reply),
}

/// Says what becomes of an address; an [`AddressTable`](super::AddressTable), or an async function
/// `Fn(Mailbox) -> Mapped`.
///
/// Each address is looked up once: what comes out is not looked up again. A map that cannot tell refuses
/// with a 4xx.
pub trait AddressMap: Send + Sync + 'static {
    /// What becomes of `mailbox`.
    fn map(&self, mailbox: &Mailbox) -> BoxFuture<Mapped>;
}

impl<F, Fut> AddressMap for F
where
    F: Fn(Mailbox) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Mapped> + Send + 'static,
{
    fn map(&self, mailbox: &Mailbox) -> BoxFuture<Mapped> {
        Box::pin(self(mailbox.clone()))
    }
}
