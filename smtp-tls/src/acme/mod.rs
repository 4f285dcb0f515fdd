//! Certificates from a CA that speaks ACME (RFC 8555), proven by HTTP-01 challenges.

mod files;
mod https;
mod order;
mod responder;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use smtp_core::BoxError;

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::{Authorities, ServerTls};
use files::Files;

/// How often is looked whether it is time for another certificate.
const GLANCE: Duration = Duration::from_secs(12 * 60 * 60);
/// How long to wait behind a failure: CAs count them.
const PAUSE: Duration = Duration::from_secs(60 * 60);
/// How long an order may take. A CA that falls silent must not be the last that is ever asked.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Keeps a certificate in a folder, and has it renewed when a third of its time is left.
///
/// The CA calls the names by HTTP on port 80, and has to reach there the address that was given; it is
/// listened on only while an order is under way.
///
/// ```no_run
/// use smtp_tls::{Acme, ServerTls};
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let acme = Acme::new("https://acme-v02.api.letsencrypt.org/directory", ["mx.example.org"])
///     .folder("/var/lib/smtpd/acme")
///     .contact("mailto:postmaster@example.org")
///     .listen("[::]:80".parse()?);
/// acme.obtain().await?;
/// let tls = ServerTls::from_pem_files(acme.certificate_file(), acme.key_file())?;
/// tokio::spawn(acme.keep_renewed(tls.clone()));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Acme {
    directory: String,
    names: Vec<String>,
    folder: PathBuf,
    contacts: Vec<String>,
    listen: SocketAddr,
    authorities: Option<Authorities>,
}

impl Acme {
    /// From the CA with this directory, for these host names. Who uses it agrees to the CA's terms of
    /// service.
    pub fn new<N: Into<String>>(directory: impl Into<String>, names: impl IntoIterator<Item = N>) -> Self {
        Self {
            directory: directory.into(),
            names: names.into_iter().map(Into::into).collect(),
            folder: PathBuf::from("acme"),
            contacts: Vec::new(),
            listen: SocketAddr::from(([0; 16], 80)),
            authorities: None,
        }
    }

    /// Where the account, the certificate and its key are kept, for their owner alone. It is made if it
    /// is not there; without this it is `acme` where the program was started.
    #[must_use]
    pub fn folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.folder = path.into();
        self
    }

    /// Adds an address for the CA's warnings, `mailto:postmaster@example.org` for example.
    #[must_use]
    pub fn contact(mut self, url: impl Into<String>) -> Self {
        self.contacts.push(url.into());
        self
    }

    /// Answers challenges there instead of on port 80 of all addresses.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Trusts the CA's own server by these, instead of by those of the system.
    #[must_use]
    pub fn authorities(mut self, authorities: Authorities) -> Self {
        self.authorities = Some(authorities);
        self
    }

    /// The file of the certificate, with those of its issuers.
    pub fn certificate_file(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }

    /// The file of its key.
    pub fn key_file(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// Gets a certificate if there is none, or none that is good for all names for another third of its
    /// time, and tells whether it did.
    ///
    /// # Errors
    /// If the CA cannot be reached or refuses, if it cannot reach us, or if files cannot be written.
    pub async fn obtain(&self) -> Result<bool, BoxError> {
        let (files, names) = (Files::new(self), self.names.clone());
        let kept = files.clone();
        if spawn_blocking(move || kept.are_good(&names)).await? {
            return Ok(false);
        }
        let ordered = timeout(LONGEST, order::run(self, &files)).await;
        let (certificate, key) = ordered.map_err(|_| "the CA takes too long")??;
        spawn_blocking(move || files.write(&certificate, &key)).await??;
        tracing::info!(names = ?self.names, "a certificate was issued");
        Ok(true)
    }

    /// Looks twice a day, and has `tls` reload what is new. It never ends.
    pub async fn keep_renewed(self, tls: ServerTls) {
        loop {
            let pause = match self.obtain().await {
                Ok(true) => {
                    let tls = tls.clone();
                    if let Ok(Err(error)) = spawn_blocking(move || tls.reload()).await {
                        tracing::error!("a new certificate cannot be used: {error}");
                    }
                    GLANCE
                }
                Ok(false) => GLANCE,
                Err(error) => {
                    tracing::error!(%error, "no new certificate");
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn account_file(&self) -> PathBuf {
        self.folder.join("account.json")
    }
}
