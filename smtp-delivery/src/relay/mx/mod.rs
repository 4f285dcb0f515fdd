//! The servers of the recipients' domains, as the DNS names them (RFC 5321 section 5).
//!
//! [`Relay::by_mx`](super::Relay::by_mx) divides the recipients of a message by their domains and looks
//! for the servers of each:
//!
//! - Those that MX records name, in the order of their preference, and in random order where that is the
//!   same; without MX records, the domain itself. Names may be aliases. The addresses of a host are tried
//!   one after the other, IPv6 and IPv4 in turn. An address literal is the server itself.
//! - A server that cannot be reached, is not as secure as it has to be, turns every message away
//!   ([no service](super::Relay)), or breaks off before it can have the message, gives way to the next
//!   one, if what was read of the message is still at hand: up to 64 KiB of it are. What a server says to
//!   the sender and to the recipients holds.
//! - If we are one of the servers ourselves, by name or by address, those with the same preference and
//!   worse ones are left out: they would give the message back. Nobody left means that the mail goes in
//!   circles.
//! - A domain may say that it takes no mail (RFC 7505).
//!
//! | | The outcome |
//! |---|---|
//! | the domain does not exist, or has neither MX records nor addresses | 550 5.1.2 |
//! | the domain takes no mail | 556 5.1.10 |
//! | the address is that of no server (`<postmaster>`, `[0.0.0.0]`, a literal of another kind) | 550 5.1.3 |
//! | none of its servers has an address | 550 5.4.4 |
//! | the mail goes in circles | 554 5.4.6 |
//! | the DNS does not answer | 451 4.4.3 |
//!
//! A message for several domains is [spooled](crate::Spooled), and goes to up to ten of them at the same
//! time. Domains with the same MX records have one transaction, if nothing about TLS and AUTH
//! [depends](smtp_core::client::ClientTls::depends_on_domain) on the domain.
//!
//! The [`Destination`](smtp_core::client::Destination) of each connection has the domain, and whether
//! DNSSEC vouches for the way from it to the host: with that DANE and MTA-STS decide.
//!
//! ```
//! use std::net::IpAddr;
//! use smtp_core::{BoxFuture, Domain};
//! use smtp_delivery::Relay;
//! use smtp_delivery::relay::mx::{LookupError, MailExchanger, MailExchangers, Mx, MxLookup};
//!
//! /// Everything goes to one host. `DnsMx::of_system()?.build()?` asks the DNS.
//! struct OneHost;
//!
//! impl MxLookup for OneHost {
//!     fn mail_exchangers(&self, _: &Domain) -> BoxFuture<Result<MailExchangers, LookupError>> {
//!         Box::pin(async { Ok(vec![MailExchanger::new(10, "mx.example.org")].into()) })
//!     }
//!
//!     fn addresses(&self, _: &str) -> BoxFuture<Result<Vec<IpAddr>, LookupError>> {
//!         Box::pin(async { Ok(vec!["192.0.2.1".parse().unwrap()]) })
//!     }
//! }
//!
//! let own: Domain = "relay.example.net".parse()?;
//! let relay = Relay::by_mx(Mx::new(OneHost).own_name(own));
//! # let _ = relay;
//! # Ok::<(), smtp_core::AddressError>(())
//! ```

mod deliver;
#[cfg(feature = "dns")]
mod dns;
mod group;
mod level;
mod lookup;
mod options;
mod plan;
mod refusal;
mod way;

#[cfg(feature = "dns")]
pub use dns::{DnsMx, DnsMxBuilder};
pub use lookup::{LookupError, MailExchanger, MailExchangers, MxLookup};
pub use options::Mx;
