//! Delivery to a program, which gets the message at its standard input.
//!
//! No shell has a part in it: the program is started with the arguments that it was given, in which
//! placeholders stand for the addresses of the envelope. Nobody can make an option of an address: where
//! an argument would begin with `-` only because of a placeholder, the recipient is refused, unless `--`
//! stands before it. Nor can anybody break a line: in the place of a control character stands `_`, in
//! arguments as in the environment. For programs behind which there is a shell after all,
//! [`expansion_filter`](Pipe::expansion_filter) names the few characters that are kept.
//!
//! | Placeholder | For `"Jane+x y"@Example.org` |
//! |---|---|
//! | `{recipient}` | the address as it was written, `"Jane+x y"@Example.org` |
//! | `{local_part}` | what it means before the `@`, `Jane+x y` |
//! | `{user}`, `{extension}` | with the separator `+`: `Jane` and `x y` |
//! | `{domain}` | `example.org`, in ASCII |
//! | `{sender}` | the sender's address; empty for notifications |
//!
//! It runs as the server does, unless [`user`](Pipe::user) names somebody else. A server that is root has to
//! name a user: without one nothing is delivered, 451 4.3.5, unless [`allow_root`](Pipe::allow_root) says so.
//!
//! The environment is empty but for `PATH=/usr/bin:/bin`, what [`env`](Pipe::env) sets, and `SENDER`,
//! `RECIPIENT`, `LOCAL`, `USER`, `EXTENSION`, `DOMAIN` with the same meanings, `ORIGINAL_RECIPIENT` (of
//! `ORCPT`, RFC 3461), `CLIENT_ADDRESS`, `CLIENT_HELO`, `SASL_USERNAME` and `TRACE_ID`, each where it is
//! known. Where one process is for several recipients, those about recipients are missing.
//!
//! What becomes of the message says the program's exit code, by `sysexits.h`:
//!
//! | Exit code | Outcome |
//! |---|---|
//! | 0 | 250 2.0.0 |
//! | 65 `EX_DATAERR` | 554 5.6.0 |
//! | 66 `EX_NOINPUT`, 69 `EX_UNAVAILABLE`, 70 `EX_SOFTWARE`, 72 `EX_OSFILE` | 554 5.3.0 |
//! | 67 `EX_NOUSER` | 550 5.1.1 |
//! | 68 `EX_NOHOST` | 550 5.1.2 |
//! | 71 `EX_OSERR`, 74 `EX_IOERR`, 75 `EX_TEMPFAIL` | 451 4.3.0 |
//! | 73 `EX_CANTCREAT` | 550 5.2.0 |
//! | 76 `EX_PROTOCOL` | 554 5.5.0 |
//! | 77 `EX_NOPERM` | 550 5.7.1 |
//! | 64 `EX_USAGE`, 78 `EX_CONFIG` | 451 4.3.5: whoever set it up is to blame, not the sender |
//! | any other, or ended by a signal | 451 4.3.0: it broke, which says nothing of the message |
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::Pipe;
//! use tower::ServiceExt;
//!
//! let folder = tempfile::tempdir()?;
//! let script = r#"cat > "$1/$2"; echo "5.1.1 nobody knows $2" >&2; exit 67"#;
//! let folder_name = folder.path().to_str().unwrap();
//! let pipe = Pipe::command(["/bin/sh", "-c", script, "sh", folder_name, "{user}"])?
//!     .detail_separator('+')
//!     .reply_with_output()
//!     .allow_root(); // for this example: a site names a user
//!
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("jane+lists@example.org"));
//! let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone());
//! let outcomes = pipe.oneshot(message).await?;
//! assert_eq!(outcomes.fold().to_string(), "550 5.1.1 nobody knows jane");
//! assert_eq!(std::fs::read(folder.path().join("jane"))?, b"\nhello\n");
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod account;
mod argument;
mod command;
mod error;
mod exit;
mod facts;
mod filter;
mod output;
mod process;
mod service;

pub use error::CommandError;
pub use service::Pipe;
