//! Faults of clients that a server may choose to overlook.

/// Which breaches of RFC 5321's grammar are overlooked: none by default.
///
/// Each is a fault of clients that are in use. None of them lets anything through that could be
/// understood in two ways.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leniency {
    /// `EHLO my_host`, `EHLO host.`, `EHLO [IPv6:fe80::1%eth0]`: names that are no domain and no address
    /// literal. Containers and desktops have such. They are shown and logged, but are no
    /// [`Host`](crate::Host).
    pub hello_names: bool,
    /// `MAIL FROM: <joe@example.org>`: spaces behind the colon.
    pub space_after_colon: bool,
    /// `MAIL FROM:joe@example.org`: no angle brackets.
    pub bare_addresses: bool,
    /// `RSET now`, `QUIT please`: arguments of commands that have none.
    pub needless_arguments: bool,
}

impl Leniency {
    /// Overlooks everything that can be overlooked.
    pub fn all() -> Self {
        Self { hello_names: true, space_after_colon: true, bare_addresses: true, needless_arguments: true }
    }
}
