//! Policies as layers: relaying, VRFY and EXPN, and functions of your own.
//!
//! | You want | Take |
//! |---|---|
//! | to decide where recipients go, and refuse to relay for strangers | [`RelayLayer`] |
//! | to go by Sendmail's access map | [`AccessMapLayer`] |
//! | to have aliases and lists, and refuse who is nobody | [`LocalRecipientsLayer`], [`AliasLayer`] |
//! | to know what the DNS calls clients | [`ClientNameLayer`] |
//! | to answer VRFY and EXPN from a directory | [`ExpandLayer`] |
//! | to let users send with their own addresses only | [`SenderRulesLayer`] |
//! | to have rules for bounces | [`NullSenderLayer`] |
//! | to decide at one stage of a session by a function, and to combine such decisions | [`policy_fn()`] |
//! | to see each command and its reply | [`from_fn()`] |
//! | to end sessions that go on and on | [`SessionLimitsLayer`] |
//! | to slow down who makes mistakes | [`TarpitLayer`] |
//! | to bound how often, by client, network, account or sender | [`RateLimitLayer`] |
//! | to bound how many connections at once | [`ConnectionLimitLayer`] |
//! | to refuse whom lists in the DNS have | [`DnsListLayer`] |
//! | to refuse who calls itself something odd | [`HelloChecksLayer`] |
//! | to have strangers come again | [`GreylistLayer`] |
//! | to end the guessing of addresses | [`UnknownRecipientsLayer`] |
//! | to keep what these know over a restart | [`state`] |
//!
//! Every layer here lets the commands that it does not care about through without an allocation.
//! A refusal is a [`Reply`](smtp_core::Reply), logged at level INFO with the policy's name, the
//! verb, the reply and the client.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Command, Recipient, Reply, Request, Session};
//! use smtp_policy::{RelayLayer, policy_fn};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(RelayLayer::new().local_domains(["example.org".parse()?]))
//!     .layer(policy_fn(|recipient: Recipient, _: Session| async move {
//!         match recipient.path.mailbox() {
//!             Some(mailbox) if mailbox.local_part().as_str() == "nobody" => {
//!                 Err(Reply::new(550, "5.1.1 no such user"))
//!             }
//!             _ => Ok(()),
//!         }
//!     }))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) }));
//!
//! let facts = facts();
//! for (line, code) in [
//!     ("RCPT TO:<joe@example.org>", 250),
//!     ("RCPT TO:<nobody@example.org>", 550),
//!     ("RCPT TO:<joe@example.net>", 550),
//! ] {
//!     let reply = stack.clone().oneshot(request(line, facts.session())).await?;
//!     assert_eq!(reply.code(), code, "{line}");
//! }
//! # Ok(())
//! # }
//! ```

pub mod access_map;
pub mod aliases;
pub mod client_name;
mod client_network;
pub mod connection_limit;
mod discard;
pub mod dns_list;
mod domain_pattern;
pub mod expand;
mod file_error;
pub mod from_fn;
pub mod greylist;
mod guard;
pub mod header;
pub mod hello_checks;
pub mod null_sender;
pub mod policy_fn;
mod postmaster;
pub mod rate_limit;
mod refusal;
pub mod relay;
pub mod sender_rules;
pub mod session_limits;
mod spell;
pub mod state;
mod strangers;
pub mod tarpit;
mod trusted_clients;
mod trusted_domains;
pub mod unknown_recipients;
mod watched_file;

#[doc(inline)]
pub use access_map::{AccessMap, AccessMapLayer};
#[doc(inline)]
pub use aliases::{AliasDirectory, AliasFile, AliasLayer, AliasOptions, LocalRecipientsLayer, Users};
#[doc(inline)]
pub use client_name::{ClientName, ClientNameLayer};
#[doc(inline)]
pub use connection_limit::ConnectionLimitLayer;
#[doc(inline)]
pub use dns_list::{DnsList, DnsListLayer};
pub use domain_pattern::DomainPattern;
#[doc(inline)]
pub use expand::{Directory, Entry, ExpandLayer, StaticDirectory, Verification};
pub use file_error::FileError;
#[doc(inline)]
pub use from_fn::{Next, from_fn};
#[doc(inline)]
pub use greylist::GreylistLayer;
pub use guard::GuardService;
#[doc(inline)]
pub use header::HeaderSection;
#[doc(inline)]
pub use hello_checks::HelloChecksLayer;
pub use ipnet::IpNet;
#[doc(inline)]
pub use null_sender::NullSenderLayer;
#[doc(inline)]
pub use policy_fn::combine::first_match;
#[doc(inline)]
pub use policy_fn::{
    Authenticated, Connect, Decision, Expn, Headers, Policy, PolicyLayer, Stage, StartOfAuth, StartOfData,
    Vrfy, WholeMessage, policy_fn,
};
#[doc(inline)]
pub use rate_limit::RateLimitLayer;
#[doc(inline)]
pub use relay::RelayLayer;
#[doc(inline)]
pub use sender_rules::SenderRulesLayer;
#[doc(inline)]
pub use session_limits::SessionLimitsLayer;
#[doc(inline)]
pub use tarpit::TarpitLayer;
pub use trusted_domains::TrustedDomains;
#[doc(inline)]
pub use unknown_recipients::UnknownRecipientsLayer;

// The recipes are compiled and run with the documentation.
#[cfg(doctest)]
#[doc = include_str!("../../docs/policies.md")]
mod policies {}
