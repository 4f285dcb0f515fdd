use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Acme;
use crate::certificate::{Pem, x509};

/// What is kept between orders.
#[derive(Clone)]
pub(super) struct Files {
    folder: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    account: PathBuf,
}

impl Files {
    pub(super) fn new(acme: &Acme) -> Self {
        Self {
            folder: acme.folder.clone(),
            certificate: acme.certificate_file(),
            key: acme.key_file(),
            account: acme.account_file(),
        }
    }

    /// Whether there is a certificate for all names that somebody has issued, with more than a third of
    /// its time left.
    pub(super) fn are_good(&self, names: &[String]) -> bool {
        let chain = Pem::from_file(&self.certificate).and_then(|pem| pem.certificates());
        let Some(facts) = chain.ok().and_then(|chain| x509::facts(chain.first()?)) else { return false };
        let known: Vec<&str> = facts.dns_names().collect();
        let time = facts.not_after.duration_since(facts.not_before).unwrap_or_default();
        let left = facts.not_after.duration_since(SystemTime::now()).unwrap_or_default();
        self.key.is_file()
            // One of its own was made for a start.
            && facts.issuer != facts.subject
            && names.iter().all(|name| known.iter().any(|known| known.eq_ignore_ascii_case(name)))
            && left > time / 3
    }

    /// The key comes first: until the certificate is there too, nobody can use them, and nobody does.
    pub(super) fn write(&self, certificate: &str, key: &str) -> io::Result<()> {
        self.put(&self.key, key)?;
        self.put(&self.certificate, certificate)
    }

    pub(super) fn account(&self) -> Option<String> {
        fs::read_to_string(&self.account).ok()
    }

    pub(super) fn write_account(&self, account: &str) -> io::Result<()> {
        self.put(&self.account, account)
    }

    /// Replaces a file, which is whole at every moment.
    fn put(&self, path: &Path, text: &str) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let new = path.with_extension("new");
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(new, path)
    }
}
