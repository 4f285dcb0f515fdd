use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateRevocationListDer;
use rustls::{DistinguishedName, RootCertStore};

use super::folder;
use crate::TlsError;
use crate::certificate::{Pem, Source};

/// The CAs that certificates of peers are verified with, and their revocation lists.
///
/// This only says where they are: they are read by what is given it, and again when that is reloaded.
///
/// ```no_run
/// use smtp_tls::Authorities;
///
/// let partners = Authorities::new().file("/etc/smtpd/partners.pem").revocation_lists("/etc/smtpd/crl.pem");
/// let world = Authorities::new().folder("/etc/ssl/certs");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    files: Vec<Source>,
    folders: Vec<PathBuf>,
    revocation_lists: Vec<PathBuf>,
}

impl Authorities {
    /// None: no certificate is good.
    pub fn new() -> Self {
        Self::default()
    }

    /// The CAs that this system trusts: `/etc/ssl/certs/ca-certificates.crt` or what other
    /// distributions have in its place.
    ///
    /// # Errors
    /// [`TlsError::NoAuthority`] if none of the usual files is there.
    pub fn of_system() -> Result<Self, TlsError> {
        const USUAL: [&str; 4] = [
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem",
            "/etc/ssl/cert.pem",
        ];
        match USUAL.into_iter().find(|path| Path::new(path).is_file()) {
            Some(path) => Ok(Self::new().file(path)),
            None => Err(TlsError::NoAuthority { origin: USUAL[0].to_owned() }),
        }
    }

    /// Adds the CAs in a PEM file. Clients are told their names when they are asked for a
    /// certificate, so that they can choose one.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.files.push(Source::File(path.into()));
        self
    }

    /// Adds the CAs in this PEM.
    #[must_use]
    pub fn pem(mut self, text: &[u8]) -> Self {
        self.files.push(Source::Memory(Pem::new("authorities", text)));
        self
    }

    /// Adds the CAs, and the revocation lists too, in the PEM files of a folder; of links to one file
    /// and of the names that `openssl rehash` makes each is taken once. Clients are not told their
    /// names: there may be many.
    #[must_use]
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.folders.push(path.into());
        self
    }

    /// Adds the revocation lists in a PEM file. As soon as there is one, each certificate between a
    /// peer's and its CA needs a list that is not too old: without one the verdict is
    /// [`Verify::Temp`](smtp_core::Verify::Temp).
    #[must_use]
    pub fn revocation_lists(mut self, path: impl Into<PathBuf>) -> Self {
        self.revocation_lists.push(path.into());
        self
    }

    /// All that is looked at for changes.
    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        let files = self.files.iter().filter_map(Source::path).map(Path::to_owned);
        let folders = self.folders.iter().flat_map(|folder| {
            std::iter::once(folder.clone()).chain(folder::files(folder).unwrap_or_default())
        });
        files.chain(folders).chain(self.revocation_lists.iter().cloned()).collect()
    }

    /// Reads them. Blocks.
    pub(crate) fn load(&self) -> Result<Loaded, TlsError> {
        let mut loaded = Loaded::new();
        for file in &self.files {
            let pem = file.read()?;
            if loaded.add_authorities(&pem)? == 0 {
                return Err(TlsError::NoAuthority { origin: pem.origin().to_owned() });
            }
        }
        loaded.hints = loaded.roots.subjects();
        for folder in &self.folders {
            let unreadable = |error| TlsError::Read { origin: folder.display().to_string(), error };
            let before = loaded.roots.len();
            for path in folder::files(folder).map_err(unreadable)? {
                loaded.add_from_folder(&path);
            }
            if loaded.roots.len() == before {
                return Err(TlsError::NoAuthority { origin: folder.display().to_string() });
            }
        }
        for path in &self.revocation_lists {
            let pem = Pem::from_file(path)?;
            let lists = pem.revocation_lists()?;
            if lists.is_empty() {
                let problem = "there is none in it".to_owned();
                return Err(TlsError::RevocationList { origin: pem.origin().to_owned(), problem });
            }
            loaded.revocation_lists.extend(lists);
        }
        Ok(loaded)
    }
}

/// CAs and lists as they were read.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) roots: Arc<RootCertStore>,
    /// What clients are told that may be asked for a certificate.
    pub(crate) hints: Vec<DistinguishedName>,
    pub(crate) revocation_lists: Vec<CertificateRevocationListDer<'static>>,
}

impl Loaded {
    pub(crate) fn new() -> Self {
        Self { roots: Arc::new(RootCertStore::empty()), hints: Vec::new(), revocation_lists: Vec::new() }
    }

    /// Adds those in this PEM that are well-formed, and counts them.
    fn add_authorities(&mut self, pem: &Pem) -> Result<usize, TlsError> {
        let certificates = match pem.certificates() {
            Err(TlsError::NoCertificate { .. }) => return Ok(0),
            certificates => certificates?,
        };
        let roots = Arc::make_mut(&mut self.roots);
        let mut added = 0;
        for certificate in certificates {
            match roots.add(certificate) {
                Ok(()) => added += 1,
                Err(error) => tracing::warn!(file = pem.origin(), %error, "unusable certificate of a CA"),
            }
        }
        Ok(added)
    }

    /// A folder of others may have anything in it; what is not understood is left out.
    fn add_from_folder(&mut self, path: &Path) {
        let added = Pem::from_file(path).and_then(|pem| {
            self.add_authorities(&pem)?;
            self.revocation_lists.extend(pem.revocation_lists()?);
            Ok(())
        });
        if let Err(error) = added {
            // Without its revocation list, a CA's revoked certificates are good.
            tracing::warn!(%error, "unusable file in a folder of CAs");
        }
    }
}
