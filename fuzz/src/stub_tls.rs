//! Takes the place of TLS: the octets stay as they are.

use std::sync::Arc;

use smtp_server::{BoxError, TlsInfo, Transport, Upgraded};

pub(crate) async fn stub_tls(transport: Transport) -> Result<Upgraded, BoxError> {
    Ok(Upgraded { transport, tls: Arc::new(facts()) })
}

pub(crate) fn facts() -> TlsInfo {
    TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)
}
