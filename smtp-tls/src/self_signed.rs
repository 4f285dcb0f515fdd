use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::ServerName;
use smtp_core::Secret;

use crate::TlsError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest time for which common clients take a certificate.
const VALIDITY: Duration = Duration::from_secs(825 * 24 * 60 * 60);

/// The longest common name (`ub-common-name`, RFC 5280 appendix A.1).
const MAX_COMMON_NAME: usize = 64;

/// A certificate that nobody but its holder vouches for, and its key: for a start without a CA,
/// and for tests. It needs a provider: the feature `aws-lc-rs` or `ring`.
///
/// Servers that deliver mail mostly take it, since they do not look; mail programs of users ask or
/// refuse.
///
/// ```
/// use smtp_tls::{SelfSigned, ServerTls};
///
/// let made = SelfSigned::generate(&["mx.example.org", "192.0.2.25"])?;
/// let tls = ServerTls::from_pem(made.certificate_pem.as_bytes(), made.key_pem.expose())?;
/// # Ok::<(), smtp_tls::TlsError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SelfSigned {
    /// The certificate.
    pub certificate_pem: String,
    /// Its private key (PKCS#8, ECDSA on P-256). A file that it is written to must be readable
    /// for its owner alone.
    pub key_pem: Secret,
}

impl SelfSigned {
    /// Makes a certificate for these host names and IP addresses, valid for 825 days. The first is
    /// its common name too; a name may begin with `*.`.
    ///
    /// # Errors
    /// [`TlsError::Name`] if a name is malformed or if there is none.
    pub fn generate(names: &[&str]) -> Result<Self, TlsError> {
        let params = params(names)?;
        let key = KeyPair::generate().map_err(TlsError::library)?;
        let certificate = params.self_signed(&key).map_err(TlsError::library)?;
        Ok(Self {
            certificate_pem: certificate.pem(),
            key_pem: Secret::new(key.serialize_pem().into_bytes()),
        })
    }
}

fn params(names: &[&str]) -> Result<CertificateParams, TlsError> {
    let malformed = |name: &str| TlsError::Name { name: name.to_owned() };
    let first = names.first().ok_or_else(|| malformed(""))?;
    if let Some(name) = names.iter().find(|name| !is_well_formed(name)) {
        return Err(malformed(name));
    }
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).map_err(TlsError::library)?;
    // The library's own name is the same for all, and would confuse who looks for an issuer by it.
    params.distinguished_name = DistinguishedName::new();
    let common_name: String = first.chars().take(MAX_COMMON_NAME).collect();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now();
    // Clocks of clients may be behind.
    params.not_before = (now - DAY).into();
    params.not_after = (now - DAY + VALIDITY).into();
    Ok(params)
}

fn is_well_formed(name: &str) -> bool {
    ServerName::try_from(name.strip_prefix("*.").unwrap_or(name)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, UnixTime};

    use super::*;

    #[test]
    fn it_is_good_for_its_names_for_its_time() {
        let made = SelfSigned::generate(&["mx.example.org", "192.0.2.25", "*.example.net", "::1"]).unwrap();
        let certificate = CertificateDer::from_pem_slice(made.certificate_pem.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let provider = Arc::new(crate::provider::default().unwrap());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let good = |name: &'static str, days: u64| {
            let name = ServerName::try_from(name).unwrap();
            let then = UnixTime::since_unix_epoch(
                Duration::from_secs(UnixTime::now().as_secs()) + DAY * days as u32,
            );
            verifier.verify_server_cert(&certificate, &[], &name, &[], then).is_ok()
        };
        for name in ["mx.example.org", "192.0.2.25", "a.example.net", "::1"] {
            assert!(good(name, 0) && good(name, 823) && !good(name, 825), "{name}");
        }
        assert!(!good("example.org", 0));
    }

    #[test]
    fn names_are_well_formed() {
        for names in [&[][..], &[""], &["mx.example.org", "a b"], &["*.*.example.org"], &["user@example.org"]]
        {
            assert!(matches!(SelfSigned::generate(names), Err(TlsError::Name { .. })), "{names:?}");
        }
        let long = format!("{}.{}.example", "a".repeat(60), "b".repeat(60));
        assert!(SelfSigned::generate(&[&long]).is_ok());
    }

    #[test]
    fn the_key_does_not_print() {
        let made = SelfSigned::generate(&["mx.example.org"]).unwrap();
        assert!(!format!("{made:?}").contains("PRIVATE"));
    }
}
