//! Addresses of RFC 5321 section 4.1.2: domains, address literals, mailboxes and paths.
//!
//! A value that exists is well-formed: parsing is the only way to make one. Each keeps the form
//! in which it was written, so that it can be passed on unchanged, and compares by meaning.
//!
//! ```
//! use smtp_core::{Mailbox, Domain};
//!
//! let mailbox: Mailbox = r#""Joe Doe"@Example.org"#.parse()?;
//! assert_eq!(mailbox.local_part().unquoted(), "Joe Doe");
//! assert_eq!(mailbox.host().domain(), Some(&"example.org".parse::<Domain>()?));
//! assert!("joe@-example.org".parse::<Mailbox>().is_err());
//! # Ok::<(), smtp_core::AddressError>(())
//! ```

mod cursor;
mod domain;
mod error;
mod literal;
mod local_part;
mod mailbox;
mod path;

pub(crate) use cursor::Cursor;
pub use domain::Domain;
pub use error::AddressError;
pub use literal::{AddressLiteral, Host};
pub use local_part::LocalPart;
pub use mailbox::Mailbox;
pub use path::{ForwardPath, ReversePath};

/// The longest path, with its brackets and punctuation, in octets (RFC 5321 section 4.5.3.1.3).
pub const MAX_PATH: usize = 256;
/// The longest domain in octets (RFC 5321 section 4.5.3.1.2).
pub const MAX_DOMAIN: usize = 255;
/// The longest local part in octets (RFC 5321 section 4.5.3.1.1).
pub const MAX_LOCAL_PART: usize = 64;
