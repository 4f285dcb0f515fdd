use smtp_core::{Reply, Session};

/// What is odd about a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suspicion {
    /// Its address has no name. Needs a [`ClientNameLayer`](crate::ClientNameLayer) outside of this layer.
    NameMissing,
    /// Its address has names, and none leads back to it. Needs a [`ClientNameLayer`](crate::ClientNameLayer),
    /// too.
    NameUnconfirmed,
    /// It calls itself by this server's name or address.
    HelloIsOurs,
    /// It calls itself by an address that it does not have.
    HelloIsAnotherAddress,
    /// It calls itself by something that is neither a domain nor an address: where the driver is lenient about
    /// that.
    HelloMalformed,
    /// It calls itself by a name without a dot.
    HelloUnqualified,
    /// It calls itself by a name that does not exist. Needs
    /// [`resolve_with`](super::HelloChecksLayer::resolve_with).
    HelloUnresolvable,
}

/// What is done about it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Nothing; it is not looked for.
    #[default]
    Ignore,
    /// It is put into the [`Suspicions`] of the transaction.
    Note,
    /// Recipients are refused, and it is noted, too.
    Refuse,
}

/// What is odd about the client of a transaction. Stands in
/// [`Session::transaction`](smtp_core::Session::transaction) from MAIL on, if something is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suspicions(pub Vec<Suspicion>);

impl Suspicions {
    /// Whether this is odd.
    pub fn has(&self, suspicion: Suspicion) -> bool {
        self.0.contains(&suspicion)
    }
}

impl Suspicion {
    pub(super) const ALL: [Self; 7] = [
        Self::HelloIsOurs,
        Self::HelloIsAnotherAddress,
        Self::HelloMalformed,
        Self::HelloUnqualified,
        Self::NameMissing,
        Self::NameUnconfirmed,
        Self::HelloUnresolvable,
    ];

    pub(super) fn refusal(self, session: &Session) -> Reply {
        let hello = session.hello().map_or("", |hello| hello.name());
        let address = session.peer_ip().map(|address| address.to_string()).unwrap_or_default();
        let what = match self {
            Self::NameMissing => format!("your address {address} has no name in the DNS"),
            Self::NameUnconfirmed => format!("the name of your address does not lead back to {address}"),
            Self::HelloIsOurs => format!("you are not {hello}; that is this server"),
            Self::HelloIsAnotherAddress => format!("you are not {hello}; your address is {address}"),
            Self::HelloMalformed => format!("{hello}, as you call yourself, is no domain and no address"),
            Self::HelloUnqualified => format!("{hello}, as you call yourself, is no full domain name"),
            Self::HelloUnresolvable => format!("{hello}, as you call yourself, does not exist"),
        };
        Reply::new(550, format!("5.7.1 {what}"))
    }
}
