use std::net::{IpAddr, SocketAddr};

use smtp_core::Host;

/// Where connections come from: a local address, and the name that goes with it.
///
/// ```
/// use smtp_delivery::relay::Source;
///
/// let source = Source::new("192.0.2.25".parse()?).name("out.example.org".parse::<smtp_core::Domain>()?);
/// # let _ = source;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    address: IpAddr,
    name: Option<Host>,
}

impl Source {
    /// This address of the computer.
    pub fn new(address: IpAddr) -> Self {
        Self { address, name: None }
    }

    /// How to call ourselves in EHLO on connections from here: what the DNS says of the address.
    #[must_use]
    pub fn name(mut self, name: impl Into<Host>) -> Self {
        self.name = Some(name.into());
        self
    }
}

/// One source for each family of addresses; without one, the system chooses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    v4: Option<Source>,
    v6: Option<Source>,
}

impl Sources {
    /// Takes the place of the source of the same family.
    pub(super) fn set(&mut self, source: Source) {
        let place = if source.address.is_ipv4() { &mut self.v4 } else { &mut self.v6 };
        *place = Some(source);
    }

    /// The address to bind to, for connections to this one.
    pub(super) fn address(&self, to: IpAddr) -> Option<SocketAddr> {
        self.towards(to).map(|source| SocketAddr::new(source.address, 0))
    }

    /// The name that goes with it.
    pub(super) fn name(&self, to: IpAddr) -> Option<&Host> {
        self.towards(to)?.name.as_ref()
    }

    fn towards(&self, to: IpAddr) -> Option<&Source> {
        if to.is_ipv4() { self.v4.as_ref() } else { self.v6.as_ref() }
    }
}
