//! OAuth 2.0 tokens.
//!
//! Two stores say whose a token is: [`IntrospectionStore`] asks the server that gave it out (RFC 7662),
//! and [`JwtStore`] verifies its signature (RFC 9068). The second asks nobody at a login, but a token
//! that was revoked goes on to be good until it expires.

mod error;
mod introspection;
mod jwt;
mod rules;

pub use error::OauthError;
pub use introspection::{IntrospectionStore, IntrospectionStoreBuilder};
pub use jwt::{JwtStore, JwtStoreBuilder};
pub use rules::TokenRules;

use crate::saslprep::prepare;
use crate::store::Verdict;

/// Longer tokens are nobody's: they would not fit into a line of AUTH.
const LONGEST_TOKEN: usize = 16 * 1024;

type Claims = serde_json::Map<String, serde_json::Value>;

/// Accepts a user of this name, if somebody can have it.
fn accept(name: &str) -> Verdict {
    prepare(name).map_or(Verdict::Refused, |name| Verdict::AcceptedAs(name.into_owned()))
}
