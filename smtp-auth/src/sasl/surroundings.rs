use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::RngCore as _;
use rsasl::prelude::ChannelBindingCallback;
use smtp_core::TlsInfo;

/// What a mechanism may have to know beyond what the client says.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) nonce: NonceSource,
    /// The name by which clients know the server.
    pub(crate) server_name: String,
    /// The name that GSS-API gives to the kind of service (RFC 4954 section 4).
    pub(crate) service: &'static str,
    /// Whether mechanisms with channel binding are offered.
    pub(crate) binding_offered: bool,
    pub(crate) tls: Option<Arc<TlsInfo>>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            nonce: NonceSource::default(),
            server_name: String::new(),
            service: "smtp",
            binding_offered: false,
            tls: None,
        }
    }
}

/// Where nonces come from; tests put theirs here.
#[derive(Clone, Copy)]
pub(crate) struct NonceSource(pub(crate) fn() -> String);

impl Default for NonceSource {
    /// 18 random octets in base64: more than RFC 5802 section 5.1 wants, and without padding.
    fn default() -> Self {
        Self(|| {
            let mut octets = [0; 18];
            rand::rng().fill_bytes(&mut octets);
            BASE64.encode(octets)
        })
    }
}

impl fmt::Debug for NonceSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NonceSource")
    }
}

/// The channel bindings of a TLS session.
pub(super) struct Bindings(pub(super) Option<Arc<TlsInfo>>);

impl ChannelBindingCallback for Bindings {
    fn get_cb_data(&self, name: &str) -> Option<&[u8]> {
        self.0.as_ref()?.channel_binding(name)
    }
}
