//! One policy as one function.
//!
//! [`policy_fn`] makes a layer of an async function that lets a command pass or refuses it. The
//! type of the function's first argument picks the command, see [`Stage`]. What else a policy may say is a
//! [`Decision`]; policies are combined by the methods of [`PolicyLayer`] and by
//! [`first_match`](combine::first_match).
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Hello, Reply, Request, Session};
//! use smtp_policy::policy_fn;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! async fn no_impostors(hello: Hello, session: Session) -> Result<(), Reply> {
//!     if hello.host.as_ref() == Some(session.server_name()) {
//!         return Err(Reply::new(550, "5.7.1 that is my name"));
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(policy_fn(no_impostors).named("impostors"))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "hello")) }));
//!
//! let facts = facts();
//! let reply = stack.clone().oneshot(request("EHLO client.example", facts.session())).await?;
//! assert_eq!(reply.code(), 250);
//! let reply = stack.oneshot(request("EHLO server.example", facts.session())).await?;
//! assert_eq!(reply.code(), 550);
//! # Ok(())
//! # }
//! ```

mod auth;
mod changes;
pub mod combine;
mod content;
mod decision;
mod future;
mod layer;
mod outcome;
mod policy;
mod service;
mod stage;
#[cfg(test)]
mod tests;

pub use auth::{Authenticated, StartOfAuth};
pub use content::{Headers, WholeMessage};
pub use decision::{Decision, IntoDecision};
pub use future::PolicyFuture;
pub use layer::{PolicyLayer, policy_fn};
pub use policy::{DecisionFuture, Policy};
pub use service::PolicyService;
pub use stage::{Connect, Expn, Stage, StartOfData, Vrfy};
