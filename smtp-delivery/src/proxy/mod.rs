//! A server in front of another one, whose answers the client gets while it waits.
//!
//! A [`Relay`](crate::Relay) as a delivery tells the client at the end of the content what the next hop
//! said to everything. A [`Proxy`] of the same relay asks it command by command: MAIL, each RCPT and the
//! content have the next hop's own answer, so that a recipient whom it does not know is refused where it
//! was named, and nobody has to write a bounce. The content goes through as it comes; nothing is stored.
//!
//! It has two places in a stack, for which it is cloned: as a layer in front of `Deliver`, and as the
//! delivery behind it. What stands between them applies as ever: `Received:` is added by a layer of the
//! delivery tier, and who may send where is decided by a policy outside of the proxy.
//!
//! - A command goes on when the stack inside has accepted it, and outside nobody has refused it before.
//!   Recipients whose [`Route`](smtp_core::Route) is not `Relay` are none of the proxy's.
//! - A client has one connection to the next hop, from its first MAIL to its end, and leaves it to the
//!   relay's [`Pool`](crate::relay::Pool) if that has one.
//!   A stack has room for one proxy.
//! - If the message that is to be delivered is not the one that the next hop has accepted, because a layer
//!   has changed the envelope or an outer one has refused a recipient that it had accepted, it is
//!   delivered as by the relay alone: the answer comes at the end of the content.
//! - What the next hop does not say itself, because it cannot be reached for example, is said as by the
//!   relay. A relay [by MX](crate::relay::mx) has a next hop only when all recipients are known: with it, a
//!   proxy is no more than the relay.
//!
//! The client is offered what the stack offers; a message that needs an extension which the next hop lacks
//! is refused at MAIL.
//!
//! ```
//! use smtp_core::SmtpService;
//! use smtp_delivery::{Proxy, ReceivedLayer, Relay};
//! use tower::ServiceBuilder;
//!
//! let proxy = Proxy::new(Relay::to("old.example.net", 25));
//! let delivery = ServiceBuilder::new().layer(ReceivedLayer::new()).service(proxy.clone());
//! let stack = ServiceBuilder::new()
//!     // .layer(RelayLayer::new().relay_domains(["example.net".parse()?]))
//!     .layer(proxy);
//!     // .service(Deliver::new(delivery));
//! # let _ = (delivery, stack);
//! ```

mod delivery;
mod layer;
mod service;
mod slot;

pub use layer::Proxy;
pub use service::ProxyService;
