//! The server's side of TLS.

mod builder;
mod client_certificate;
mod handshake;
mod sources;
mod stamp;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

pub use builder::ServerTlsBuilder;
pub use client_certificate::ClientCertificates;
use sources::Sources;
use stamp::Stamp;
use state::State;
use tokio::sync::Semaphore;

use crate::TlsError;

/// Certificates with their keys, ready to answer handshakes. Cheap to clone; all clones are
/// reloaded together.
///
/// It resumes sessions by tickets whose keys change every few hours, and takes no early data.
///
/// As an [`Upgrade`](smtp_core::Upgrade) it serves STARTTLS, by [`StartTlsLayer`], and listeners
/// on which TLS begins with the connection.
///
/// [`StartTlsLayer`]: crate::StartTlsLayer
#[derive(Clone)]
pub struct ServerTls {
    shared: Arc<Shared>,
    client_certificates: ClientCertificates,
    handshake_timeout: Duration,
}

struct Shared {
    sources: Sources,
    state: RwLock<Arc<State>>,
    /// How the files looked when they were last read. It is held while they are.
    stamp: Mutex<Stamp>,
    handshakes: Semaphore,
}

impl ServerTls {
    /// Several certificates, client certificates, a choice of versions and cipher suites.
    pub fn builder() -> ServerTlsBuilder {
        ServerTlsBuilder::new()
    }

    /// Reads PEM files: the certificate followed by those that lead to its root, and the private
    /// key. One file may hold both. Blocks while it reads.
    ///
    /// # Errors
    /// Those of [`ServerTlsBuilder::build`].
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        Self::builder().certificate_files(certificate.as_ref(), key.as_ref()).build()
    }

    /// As [`from_pem_files`](Self::from_pem_files), from memory.
    ///
    /// # Errors
    /// If the PEM has not in it what it should, or if the key belongs to another certificate.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Self::builder().certificate_pem(certificate, key).build()
    }

    /// The same with another choice whether clients are asked for a certificate, for the sessions of
    /// a listener or for a single one.
    #[must_use]
    pub fn client_certificates(mut self, choice: ClientCertificates) -> Self {
        self.client_certificates = choice;
        self
    }

    /// Gives handshakes this much time instead of 30 seconds.
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// Reads all files again, for this and all its clones. Sessions that are there go on as they
    /// are, and handshakes under way end as they began. Blocks while it reads.
    ///
    /// # Errors
    /// Those of [`ServerTlsBuilder::build`]; nothing has changed then.
    pub fn reload(&self) -> Result<(), TlsError> {
        let stamp = self.shared.stamp.lock();
        self.reload_with(&mut stamp.unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads all files again if one has changed since they were last read, and tells whether that was
    /// so. Files of which one was found wrong are not tried again until another change. Blocks.
    ///
    /// # Errors
    /// Those of [`reload`](Self::reload).
    pub fn reload_if_changed(&self) -> Result<bool, TlsError> {
        let mut stamp = self.shared.stamp.lock().unwrap_or_else(PoisonError::into_inner);
        if *stamp == Stamp::of(self.shared.sources.paths()) {
            return Ok(false);
        }
        self.reload_with(&mut stamp)?;
        Ok(true)
    }

    fn reload_with(&self, stamp: &mut Stamp) -> Result<(), TlsError> {
        // What is written while the files are read is seen the next time.
        *stamp = Stamp::of(self.shared.sources.paths());
        let state = State::load(&self.shared.sources, Some(&self.state()))?;
        warn(&state);
        *self.shared.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        Ok(())
    }

    /// What is wrong with the certificates, though they are served: one has expired for example.
    pub fn warnings(&self) -> Vec<String> {
        let state = self.state();
        state.certificates.iter().flat_map(|one| &one.warnings).map(ToString::to_string).collect()
    }

    fn load(
        sources: Sources,
        client_certificates: ClientCertificates,
        handshake_timeout: Duration,
        max_handshakes: usize,
    ) -> Result<Self, TlsError> {
        let stamp = Mutex::new(Stamp::of(sources.paths()));
        let state = State::load(&sources, None)?;
        warn(&state);
        let handshakes = Semaphore::new(max_handshakes.min(Semaphore::MAX_PERMITS));
        let shared = Shared { sources, state: RwLock::new(Arc::new(state)), stamp, handshakes };
        Ok(Self { shared: Arc::new(shared), client_certificates, handshake_timeout })
    }

    fn state(&self) -> Arc<State> {
        // Whatever panics, a state is replaced as a whole.
        Arc::clone(&self.shared.state.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn warn(state: &State) {
    for warning in state.certificates.iter().flat_map(|one| &one.warnings) {
        tracing::warn!("{warning}");
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("client_certificates", &self.client_certificates)
            .field("handshake_timeout", &self.handshake_timeout)
            .finish_non_exhaustive()
    }
}
