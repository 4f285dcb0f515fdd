//! Who comes for the first time is asked to come again (RFC 6647).
//!
//! Mail servers try again, and much of what sends spam does not. A recipient is refused with 451 until the
//! same network has tried the same sender and recipient again, no sooner than the delay says and within the
//! window. From then on there is no wait for them as long as they write now and then; a network that has done
//! so for some senders and recipients waits no more at all. Only recipients whom the rest of the stack accepts
//! are looked at. Who logged in does not wait.
//!
//! Of one network a thousand first tries an hour are kept; the others wait, and are not remembered, so that no
//! flood displaces what is known of others.
//!
//! What is known lies in a [`State`]; in a database it outlives a restart. While the store cannot be asked
//! nobody waits, and the log has a warning.
//!
//! Bounces wait too, but not before their content: who asks whether a sender exists says RCPT for `<>` and no
//! more, and is not kept waiting for the answer. [`at_data`](GreylistLayer::at_data) does that for all.
//!
//! ```
//! use std::time::Duration;
//! use smtp_core::testing::{facts, request, sender};
//! use smtp_core::{BoxError, Reply, Request};
//! use smtp_policy::GreylistLayer;
//! use smtp_policy::state::in_memory;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(GreylistLayer::new(in_memory()))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) }));
//!
//! let mut facts = facts();
//! facts.start_transaction(sender("ann@example.net"));
//! let rcpt = || stack.clone().oneshot(request("RCPT TO:<joe@example.org>", facts.session()));
//! assert_eq!(rcpt().await?.to_string(), "451 4.7.1 greylisted, try again in 5 minutes");
//! tokio::time::advance(Duration::from_secs(300)).await;
//! assert_eq!(rcpt().await?.code(), 250);
//! # Ok(())
//! # }
//! ```

mod guard;
mod layer;
mod memory;
#[cfg(test)]
mod tests;

pub use guard::GreylistGuard;
pub use layer::GreylistLayer;
#[cfg(doc)]
use smtp_core::state::State;
