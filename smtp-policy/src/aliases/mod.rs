//! Local addresses that stand for others: Sendmail's `aliases` file, as it is, with lists and catch-alls.
//!
//! ```text
//! # name: members, on one line or on more that begin with a blank
//! postmaster: root
//! root:       joe, \root
//! staff:      joe, ann@example.net,
//!             :include:/etc/mail/lists/staff
//! owner-staff: ann
//! sales+eu:   joe
//! info@example.com: joe
//! @example.net: joe
//! ```
//!
//! A name holds in each local domain, `user@domain` in that one, `@domain` for everybody there who is
//! nobody else. What stands behind a `+` does not count, unless an entry has it. `\root` is the user
//! `root` whatever the entries say. Mail to a list with an `owner-` has that as its sender, so that it hears
//! of what fails.
//!
//! [`AliasDirectory`] joins the file and the users. It answers VRFY and EXPN
//! ([`ExpandLayer`](crate::ExpandLayer)), RCPT ([`LocalRecipientsLayer`]: who is nobody is refused while the
//! client is there, not bounced later), and says where a message goes ([`AliasLayer`], in the delivery tier).
//!
//! ```
//! use std::collections::HashSet;
//! use smtp_core::testing::{facts, recipient};
//! use smtp_core::{Command, Reply, Request, Route};
//! use smtp_policy::aliases::{AliasDirectory, AliasFile, LocalRecipientsLayer};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let file = AliasFile::from_text("staff: joe, ann@example.net\n")?;
//! let users = HashSet::from(["joe@example.org".parse()?]);
//! let directory = AliasDirectory::new(file, users, ["example.org".parse()?]);
//! let stack = ServiceBuilder::new()
//!     .layer(LocalRecipientsLayer::new(directory))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) }));
//!
//! for (address, code) in [("staff@example.org", 250), ("joe+x@example.org", 250), ("jim@example.org", 550)] {
//!     let command = Command::Rcpt(recipient(address).routed(Route::Local));
//!     let reply = stack.clone().oneshot(Request::new(command, facts().session().clone())).await?;
//!     assert_eq!(reply.code(), code, "{address}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What cannot be taken
//! `|program` and `/file` as members, unless [`AliasOptions`] allow them: nothing is run and nothing is written
//! but mailboxes. Where they are allowed, [`AliasLayer::targets`] says who delivers there. A name that leads back to itself over others, and includes within includes deeper than
//! ten, are errors too. So is an included file that is no file, or a link of somebody else to it: whoever keeps a
//! list could otherwise have the server read, and show by EXPN, what is not theirs. Each error has its file, line and column; the file of before stays in use then.

mod copies;
#[cfg(test)]
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod database_tests;
mod delivery;
mod directory;
mod expanded;
mod file;
mod included;
mod lookup;
mod loops;
mod member;
mod parse;
#[cfg(feature = "postgres")]
mod postgres;
mod recipients;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;
mod target;
mod targets;
#[cfg(test)]
mod tests;
mod users;

pub use delivery::{AliasLayer, AliasService};
pub use directory::{AliasDirectory, Resolution};
pub use file::AliasFile;
#[cfg(feature = "postgres")]
pub use postgres::{PostgresDatabase, PostgresOptions, PostgresTls, PostgresUsers};
pub use recipients::{LocalRecipientsLayer, LocalRecipientsService};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteUsers;
pub use target::{AliasOptions, Target};
pub use users::Users;
