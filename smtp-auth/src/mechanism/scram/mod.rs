//! The server side of SCRAM (RFC 5802), for any hash function, with channel binding (-PLUS) and
//! without.

mod client_final;
mod client_first;
mod extension;
mod server;
#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use self::server::Scram;
use super::{Definition, Needs};
use crate::scram::{Hash, ScramHash};

const fn sasl<D: Hash, const PLUS: bool>(name: &'static str) -> Mechanism {
    Mechanism::build(
        Mechname::const_new_unchecked(name.as_bytes()),
        0,
        None,
        Some(|_| Ok(Box::<Scram<D, PLUS>>::default())),
        Side::Client,
        |_| None,
        |_| true,
    )
}

const fn definition(
    hash: ScramHash,
    name: &'static str,
    channel_binding: bool,
    sasl: &'static [Mechanism],
) -> Definition {
    Definition {
        name,
        plaintext: false,
        channel_binding,
        server_first: false,
        takes_initial_response: true,
        needs: Needs::ScramKeys(hash),
        sasl,
    }
}

macro_rules! mechanisms {
    ($($definition:ident = $name:literal, $hash:ident, $digest:ty, $plus:literal;)*) => {$(
        pub(super) static $definition: Definition = {
            static SASL: [Mechanism; 1] = [sasl::<$digest, $plus>($name)];
            definition(ScramHash::$hash, $name, $plus, &SASL)
        };
    )*};
}

mechanisms! {
    SHA_1 = "SCRAM-SHA-1", Sha1, Sha1, false;
    SHA_1_PLUS = "SCRAM-SHA-1-PLUS", Sha1, Sha1, true;
    SHA_256 = "SCRAM-SHA-256", Sha256, Sha256, false;
    SHA_256_PLUS = "SCRAM-SHA-256-PLUS", Sha256, Sha256, true;
    SHA_512 = "SCRAM-SHA-512", Sha512, Sha512, false;
    SHA_512_PLUS = "SCRAM-SHA-512-PLUS", Sha512, Sha512, true;
}
