//! Sendmail's access map, the text file as it is: who may connect, send and receive, what is demanded of
//! TLS, what is offered to whom, and credentials for next hops.
//!
//! An entry is a line: a tag and a key, a blank, a value. `#` begins a comment. See [`Tag`] for the tags,
//! [`Action`] for the values of most of them.
//!
//! ```
//! use smtp_policy::access_map::{AccessMap, Action, Remote};
//!
//! let map = AccessMap::from_text(
//!     "Connect:192.0.2           REJECT\n\
//!      Connect:192.0.2.25        RELAY\n\
//!      From:spam.example         ERROR:5.7.1:550 no mail from you\n\
//!      From:friend@spam.example  OK\n\
//!      TLS_Clt:partner.example   VERIFY:112\n",
//! )?;
//! let rules = map.last_rules();
//! let client = |address: &str| Remote::new(None, address.parse().ok());
//! assert_eq!(rules.client(&client("192.0.2.7")), Some(&Action::Reject));
//! assert!(rules.relays_for(&client("192.0.2.25")));
//! let Some(Action::Refuse(refusal)) = rules.sender(&"joe@mx.spam.example".parse()?) else { panic!() };
//! assert_eq!(refusal.reply().to_string(), "550 5.7.1 no mail from you");
//!
//! let error = AccessMap::from_text("Connect:10.0.0.0/8  REJECT\n").unwrap_err();
//! assert!(error.to_string().starts_with("access:1:9: networks are named by their first numbers"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Texts
//! A value that is none of the known words is the text of a refusal with 553, as with Sendmail, be it one of those
//! words misspelt. Such values are logged when the file is read, and [`AccessRules::doubts`] has them.
//!
//! # What cannot be taken
//! `Clt_Features:`, `TLS_Srv_Features:` and `TLS_Clt_Features:`, which are about how this server's own TLS
//! sessions are made; `CITag:` and tags of one's own, which only a ruleset gives a meaning; keys that match
//! nothing in Sendmail either, such as networks with a length or a dot at their end; keys that stand there
//! twice. Each is an error with its place. `GreetPause:` is read and can be asked for; `ClientRate:` is the matter
//! of [`RateLimitLayer::access_map`](crate::RateLimitLayer::access_map), `ClientConn:` that of
//! [`ConnectionLimitLayer::access_map`](crate::ConnectionLimitLayer::access_map). `.example.org` means what lies below, as with Sendmail's `lookupdotdomain`.

mod action;
mod auth_info;
mod client_tls;
mod doubt;
mod features;
mod key;
mod layer;
mod map;
mod parse;
mod remote;
mod rules;
mod search;
mod service;
mod tag;
#[cfg(test)]
mod tests;
mod tls_demand;
mod verdict;

pub use action::{Action, Refusal, SpamWish};
pub use auth_info::AuthInfo;
pub use client_tls::AccessTls;
pub use features::Features;
pub use key::Key;
pub use layer::{AccessMapLayer, DelayChecks, Quarantined};
pub use map::AccessMap;
pub use remote::Remote;
pub use rules::AccessRules;
pub use service::AccessMapService;
pub use tag::Tag;
pub use tls_demand::TlsDemand;
