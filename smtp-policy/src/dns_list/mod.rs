//! What lists in the DNS say of a client and of the domains that it names (RFC 5782).
//!
//! A list of addresses is asked about the client's address, a list of domains about the name in HELO, the
//! domain of the sender and the confirmed name of the client. Each list that has an entry adds its score; what
//! reaches the threshold is refused, with the text of the list. An entry in a list of the good outweighs all
//! others. All are asked at the same time.
//!
//! The lists are asked when there is a recipient whom the rest of the stack accepts, and not about who logged
//! in, or for the postmaster (RFC 5321 section 4.5.1). A list that does not answer within the limit says
//! nothing, and the log tells so; so does one that answers with an error (127.255.255.0/24) or with what is no
//! answer of a list, as those do that were shut down.
//!
//! ```
//! use std::net::Ipv4Addr;
//! use smtp_core::testing::{facts, request, sender};
//! use smtp_core::{BoxError, Reply, Request};
//! use smtp_policy::dns_list::{DnsList, DnsListLayer, ListLookup};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! // In the place of `DnsNames`, which asks name servers.
//! struct Table;
//!
//! impl ListLookup for Table {
//!     async fn answers(&self, name: &str) -> Result<Vec<Ipv4Addr>, BoxError> {
//!         let listed = name == "1.2.0.192.list.example";
//!         Ok(if listed { vec![Ipv4Addr::new(127, 0, 0, 2)] } else { Vec::new() })
//!     }
//!
//!     async fn texts(&self, _: &str) -> Result<Vec<String>, BoxError> {
//!         Ok(vec!["see list.example/why".to_owned()])
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let lists = DnsListLayer::new(Table)
//!     .list(DnsList::of_addresses("list.example".parse()?).codes(["127.0.0.2-11".parse()?]))
//!     .list(DnsList::of_addresses("good.example".parse()?).of_the_good());
//! let stack = ServiceBuilder::new()
//!     .layer(lists)
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) }));
//!
//! let mut facts = facts(); // of a client at 192.0.2.1
//! facts.start_transaction(sender("ann@example.net"));
//! let reply = stack.oneshot(request("RCPT TO:<joe@example.org>", facts.session())).await?;
//! assert_eq!(reply.to_string(), "550 5.7.1 192.0.2.1 is listed by list.example: see list.example/why");
//! # Ok(())
//! # }
//! ```

mod codes;
#[cfg(feature = "dns")]
mod dns;
mod guard;
mod layer;
mod list;
mod lookup;
#[cfg(test)]
mod tests;

pub use codes::{ListCodes, ListCodesError};
pub use guard::{DnsListGuard, Listing, Listings};
pub use layer::DnsListLayer;
pub use list::{DnsList, DomainOf};
pub use lookup::ListLookup;
