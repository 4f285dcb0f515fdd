use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use rustls::SignatureScheme;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::Certificate;

/// The certificates of a server, by the names that they hold for.
#[derive(Debug)]
pub(crate) struct ServerCertificates {
    /// In the order in which they were given; the first is the default.
    all: Vec<Certificate>,
    /// Those for a name, in the same order. A name with `*.` stands for its sub-domains.
    by_name: HashMap<String, Vec<usize>>,
}

impl ServerCertificates {
    pub(crate) fn new(all: Vec<Certificate>) -> Self {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, certificate) in all.iter().enumerate() {
            for name in &certificate.names {
                by_name.entry(name.clone()).or_default().push(index);
            }
        }
        Self { all, by_name }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Certificate> {
        self.all.iter()
    }

    /// Whether these are the same ones.
    pub(crate) fn are_those_of(&self, other: &Self) -> bool {
        let chains = |all: &Self| all.iter().map(|one| one.key.cert.clone()).collect::<Vec<_>>();
        chains(self) == chains(other)
    }

    /// The first that holds for the name and has a key of a kind that the client can verify. Where
    /// none holds for it, or no name is asked for, the first of all: the sender of mail mostly does
    /// not look, and who looks says best what it thinks of another name.
    fn choose(&self, name: Option<&str>, schemes: &[SignatureScheme]) -> Option<&Certificate> {
        let fits = |index: &usize| self.all[*index].key.key.choose_scheme(schemes).is_some();
        let named = name.and_then(|name| self.named(name));
        let found = named.and_then(|indices| indices.iter().copied().find(fits));
        let found = found.or_else(|| (0..self.all.len()).find(fits));
        // With nothing that fits, the library tells the client so.
        self.all.get(found.unwrap_or(0))
    }

    fn named(&self, name: &str) -> Option<&Vec<usize>> {
        let name = name.to_ascii_lowercase();
        self.by_name.get(&name).or_else(|| {
            let (_, parent) = name.split_once('.')?;
            self.by_name.get(&format!("*.{parent}"))
        })
    }
}

/// The choice of one handshake, remembered: the library does not tell it afterwards.
#[derive(Debug)]
pub(crate) struct Choice {
    certificates: Arc<ServerCertificates>,
    end_point: OnceLock<Option<Bytes>>,
}

impl Choice {
    pub(crate) fn new(certificates: Arc<ServerCertificates>) -> Self {
        Self { certificates, end_point: OnceLock::new() }
    }

    /// What the chosen certificate gives for `tls-server-end-point`.
    pub(crate) fn end_point(&self) -> Option<Bytes> {
        self.end_point.get().cloned().flatten()
    }
}

impl ResolvesServerCert for Choice {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificate = self.certificates.choose(hello.server_name(), hello.signature_schemes())?;
        // Behind a HelloRetryRequest it is asked again, and answers the same.
        let _ = self.end_point.set(certificate.end_point.clone());
        Some(Arc::clone(&certificate.key))
    }
}
