use std::fmt;
use std::sync::Arc;

use hickory_resolver::proto::rr::RData;
use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector, TLSA};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};
use sha2::{Digest, Sha256, Sha512};

use crate::certificate::x509;
use crate::client::server_name;
use crate::provider;

/// The TLSA records of a server (RFC 6698), and the names that its certificate may have.
pub(crate) struct Records {
    /// Keys and certificates of the server itself: DANE-EE(3).
    own: Vec<TLSA>,
    /// Those of a CA of its own: DANE-TA(2).
    authorities: Vec<TLSA>,
    names: Vec<ServerName<'static>>,
}

impl Records {
    pub(super) fn new<'a>(data: &[RData], names: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut own, mut authorities) = (Vec::new(), Vec::new());
        for record in data {
            let RData::TLSA(tlsa) = record else { continue };
            // PKIX-TA(0) and PKIX-EE(1) are none for SMTP (RFC 7672 section 3.1.3).
            match tlsa.cert_usage {
                CertUsage::DaneEe if is_understood(tlsa) => own.push(tlsa.clone()),
                CertUsage::DaneTa if is_understood(tlsa) => authorities.push(tlsa.clone()),
                _ => {}
            }
        }
        Self { own, authorities, names: names.into_iter().filter_map(server_name).collect() }
    }

    /// Whether there is one that says something. Without one TLS is demanded all the same, with any
    /// certificate (RFC 7672 section 2.2).
    pub(crate) fn is_usable(&self) -> bool {
        !self.own.is_empty() || !self.authorities.is_empty()
    }

    /// Whether this is the certificate of the server.
    pub(crate) fn check(&self, chain: &[CertificateDer<'_>]) -> Result<(), Error> {
        let (own, issuers) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
        // Neither its name nor its dates matter (RFC 7672 section 3.1.1).
        if self.own.iter().any(|tlsa| matches(tlsa, own)) {
            return Ok(());
        }
        let anchors = self.anchors(issuers);
        if anchors.is_empty() {
            return Err(CertificateError::ApplicationVerificationFailure.into());
        }
        let provider = Arc::new(provider::default().map_err(|error| Error::General(error.to_string()))?);
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(anchors), provider)
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        let mut result = Err(CertificateError::NotValidForName.into());
        for name in &self.names {
            result = verifier.verify_server_cert(own, issuers, name, &[], UnixTime::now()).map(drop);
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// The certificates that the server shows, or the domain itself, of which a record speaks.
    fn anchors(&self, shown: &[CertificateDer<'_>]) -> RootCertStore {
        let mut anchors = RootCertStore::empty();
        let published = self
            .authorities
            .iter()
            .filter(|tlsa| (tlsa.selector, tlsa.matching) == (Selector::Full, Matching::Raw));
        let published = published.map(|tlsa| CertificateDer::from(tlsa.cert_data.clone()));
        let known = shown.iter().filter(|shown| self.authorities.iter().any(|tlsa| matches(tlsa, shown)));
        for anchor in published.chain(known.cloned().map(CertificateDer::into_owned)) {
            // What is malformed vouches for nobody.
            let _ = anchors.add(anchor);
        }
        anchors
    }
}

fn is_understood(tlsa: &TLSA) -> bool {
    let length = match tlsa.matching {
        Matching::Raw => !tlsa.cert_data.is_empty(),
        Matching::Sha256 => tlsa.cert_data.len() == 32,
        Matching::Sha512 => tlsa.cert_data.len() == 64,
        _ => false,
    };
    length && matches!(tlsa.selector, Selector::Full | Selector::Spki)
}

/// Whether the record speaks of this certificate.
fn matches(tlsa: &TLSA, certificate: &CertificateDer<'_>) -> bool {
    let parsed;
    let selected: &[u8] = match tlsa.selector {
        Selector::Full => certificate,
        _ => match x509::parse(certificate) {
            Some(read) => {
                parsed = read;
                parsed.public_key().raw
            }
            None => return false,
        },
    };
    match tlsa.matching {
        Matching::Raw => tlsa.cert_data == selected,
        Matching::Sha256 => tlsa.cert_data == Sha256::digest(selected)[..],
        Matching::Sha512 => tlsa.cert_data == Sha512::digest(selected)[..],
        _ => false,
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("own", &self.own.len())
            .field("authorities", &self.authorities.len())
            .field("names", &self.names)
            .finish()
    }
}
