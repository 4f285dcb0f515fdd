use std::net::IpAddr;

use smtp_server::{BoxError, Domain};

use crate::bootstrap;
use crate::config::Config;

pub(super) fn run(config: &Config, names: &[String]) -> Result<(), BoxError> {
    if !config.tls.certificates.is_empty() {
        return Err("[tls] names a certificate, which is not for this command to make".into());
    }
    for name in names {
        // Wildcards are for the first label alone.
        let name = name.strip_prefix("*.").unwrap_or(name);
        if name.parse::<IpAddr>().is_err() && name.parse::<Domain>().is_err() {
            return Err(format!("{name:?} is neither a domain name nor an address").into());
        }
    }
    bootstrap::renew_certificate(config, names)
}
