//! How often: connections, messages, recipients and failed logins, of an address, a network, an account or a
//! sender, in any span of time.
//!
//! Each limit is a bucket that refills steadily (GCRA, by the crate `governor`): `most` at once, and one more
//! each time that `per / most` has gone by. A bucket that was full gives almost twice `most` within one `per`:
//! of 60 a minute, 60 at once and 59 more, one a second, before the first minute is over; over longer times it
//! is 60 a minute. Whoever must not send more than 1000 a day has a limit of 500. What is refused takes nothing
//! out of the bucket; all else counts, whatever becomes of it. The buckets lie in a
//! [`State`]: in memory, or in a database where they outlive a restart; both are bounded, whoever comes. While
//! the store cannot be asked nobody is refused, and the log has a warning.
//!
//! | Counted | At | By | Refused with |
//! |---|---|---|---|
//! | [`Connections`](Counted::Connections) | the connection | address, network | `421 4.7.0` |
//! | [`Messages`](Counted::Messages) | MAIL | all four | `451 4.7.0` |
//! | [`Recipients`](Counted::Recipients) | RCPT | all four | `451 4.7.0` |
//! | [`FailedLogins`](Counted::FailedLogins) | AUTH, once it failed | address, network | `454 4.7.0` |
//! | [`Lookups`](Counted::Lookups) | VRFY, EXPN | address, network, account | `451 4.7.0` |
//! | [`Flushes`](Counted::Flushes) | ETRN | address, network, account | `458 4.7.0` |
//!
//! A limit by something that a command does not have is none: who did not log in has no account, and bounces
//! have no sender. Each limit has buckets of its own, in which strangers do not reach those of accounts. Failed
//! logins by name are the matter of the throttle in `smtp-auth`, which locks nobody out.
//!
//! `ClientRate:` of an access map is counted as Sendmail does, by spans of ten seconds over the last minute, and
//! with the connections that were refused: never more than so many within a minute, and who does not wait has to
//! wait on.
//!
//! ```
//! use std::time::Duration;
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{BoxError, Identity, Reply, Request};
//! use smtp_policy::rate_limit::{By, Counted, Rate, RateLimitLayer};
//! use smtp_policy::state::in_memory;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let rates = RateLimitLayer::new(in_memory())
//!     .limit(Counted::Connections, By::NETWORK, Rate::new(100, Duration::from_secs(60)))
//!     .limit(Counted::Recipients, By::Account, Rate::hourly(2));
//! let stack = ServiceBuilder::new()
//!     .layer(rates)
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) }));
//!
//! let mut facts = facts();
//! facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
//! let mut replies = Vec::new();
//! for _ in 0..3 {
//!     let request = request("RCPT TO:<joe@example.net>", facts.session());
//!     replies.push(stack.clone().oneshot(request).await?.to_string());
//! }
//! assert_eq!(replies[1], "250 2.1.5 ok");
//! assert_eq!(replies[2], "451 4.7.0 too many recipients from alice: 2 in 1 hour at most");
//! # Ok(())
//! # }
//! ```

mod by;
mod guard;
mod layer;
mod rate;
#[cfg(test)]
mod tests;
mod window;

pub use by::{By, Counted};
pub use guard::RateGuard;
pub use layer::RateLimitLayer;
pub use rate::Rate;
#[cfg(doc)]
use smtp_core::state::State;
