use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::version::{TLS12, TLS13};
use rustls::{SupportedCipherSuite, SupportedProtocolVersion};

use crate::{TlsError, cipher_suite, provider};

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    Tls12,
    /// TLS 1.3 (RFC 8446).
    Tls13,
}

/// Which versions, cipher suites and key exchange groups are spoken.
///
/// By default TLS 1.2 and 1.3, and all that the provider has: cipher suites with forward secrecy and
/// authenticated encryption alone, and in front of the elliptic curves the hybrid X25519MLKEM768,
/// which holds against quantum computers too.
///
/// ```
/// use smtp_tls::{TlsPolicy, TlsVersion};
///
/// let policy = TlsPolicy::default()
///     .oldest(TlsVersion::Tls13)
///     .cipher_suites(["TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])?;
/// # let _ = policy;
/// let error = TlsPolicy::default().groups(["secp112r1"]).unwrap_err();
/// assert!(error.to_string().starts_with("secp112r1 is no key exchange group that is spoken; there are "));
/// # Ok::<(), smtp_tls::TlsError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TlsPolicy {
    oldest: TlsVersion,
    /// `None` for all that the provider has.
    cipher_suites: Option<Vec<SupportedCipherSuite>>,
    groups: Option<Vec<&'static dyn SupportedKxGroup>>,
}

impl TlsPolicy {
    /// Speaks nothing older.
    #[must_use]
    pub fn oldest(mut self, version: TlsVersion) -> Self {
        self.oldest = version;
        self
    }

    /// Speaks these cipher suites alone, named as in the IANA registry, and prefers them in this
    /// order. Without that a server takes the client's order.
    ///
    /// # Errors
    /// [`TlsError::CipherSuite`] if one is not known.
    pub fn cipher_suites<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Result<Self, TlsError> {
        let known = provider::default()?.cipher_suites;
        let name_of = |suite: &SupportedCipherSuite| cipher_suite::name_and_bits(suite.suite()).0;
        let find = |name: &str| {
            let found = known.iter().find(|suite| name_of(suite).eq_ignore_ascii_case(name));
            found.copied().ok_or_else(|| TlsError::CipherSuite {
                name: name.to_owned(),
                known: list(known.iter().map(name_of)),
            })
        };
        self.cipher_suites = Some(names.into_iter().map(find).collect::<Result<_, _>>()?);
        Ok(self)
    }

    /// Exchanges keys by these groups alone, preferred in this order.
    ///
    /// # Errors
    /// [`TlsError::Group`] if one is not known.
    pub fn groups<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Result<Self, TlsError> {
        let known = provider::default()?.kx_groups;
        let name_of = |group: &&'static dyn SupportedKxGroup| group.name().as_str().unwrap_or_default();
        let find = |name: &str| {
            let found = known.iter().find(|group| name_of(group).eq_ignore_ascii_case(name));
            found.copied().ok_or_else(|| TlsError::Group {
                name: name.to_owned(),
                known: list(known.iter().map(name_of)),
            })
        };
        self.groups = Some(names.into_iter().map(find).collect::<Result<_, _>>()?);
        Ok(self)
    }

    pub(crate) fn versions(&self) -> &'static [&'static SupportedProtocolVersion] {
        static ALL: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
        match self.oldest {
            TlsVersion::Tls12 => &ALL,
            TlsVersion::Tls13 => &ALL[..1],
        }
    }

    pub(crate) fn provider(&self) -> Result<Arc<CryptoProvider>, TlsError> {
        let mut provider = provider::default()?;
        if let Some(cipher_suites) = &self.cipher_suites {
            provider.cipher_suites.clone_from(cipher_suites);
        }
        if let Some(groups) = &self.groups {
            provider.kx_groups.clone_from(groups);
        }
        Ok(Arc::new(provider))
    }

    /// Whether the order of the cipher suites was chosen.
    pub(crate) fn has_order(&self) -> bool {
        self.cipher_suites.is_some()
    }
}

impl Default for TlsPolicy {
    fn default() -> Self {
        Self { oldest: TlsVersion::Tls12, cipher_suites: None, groups: None }
    }
}

fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    names.into_iter().fold(String::new(), |mut list, name| {
        if !list.is_empty() {
            list.push_str(", ");
        }
        list.push_str(name.as_ref());
        list
    })
}
