//! The class file of domains whose clients are trusted.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smtp_core::Domain;

use crate::domain_pattern::DomainSet;
use crate::file_error::Problems;
use crate::watched_file::{Files, Watched};
use crate::{DomainPattern, FileError};

/// A class file as Sendmail has them, `trusted-domains` for example: a domain a line, those below one with
/// a leading dot, `#` before comments. It is read again within a few seconds of use after it changed; what
/// is broken is not taken. Cheap to clone.
///
/// ```
/// use smtp_policy::TrustedDomains;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("trusted-domains");
/// std::fs::write(&path, "# ours\nexample.org\n.example.org   # and its hosts\n")?;
/// let domains = TrustedDomains::open(&path)?;
/// assert!(domains.contains(&"mx.example.org".parse()?));
/// assert!(!domains.contains(&"example.net".parse()?));
///
/// std::fs::write(&path, "example.org example.net\n")?;
/// let error = TrustedDomains::open(&path).unwrap_err();
/// assert_eq!(error.place(), Some((1, 1)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TrustedDomains {
    watched: Arc<Watched<DomainSet>>,
    path: PathBuf,
}

impl TrustedDomains {
    /// Reads the file. Blocks.
    ///
    /// # Errors
    /// If it cannot be read, or a line is no domain; the error names each place.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref().to_owned();
        let file = path.clone();
        let watched = Watched::open(move |files: &mut Files| load(files, &file))?;
        Ok(Self { watched: Arc::new(watched), path })
    }

    /// Whether the domain stands in the file as it was when it was last read.
    pub fn contains(&self, domain: &Domain) -> bool {
        self.watched.value().contains(domain)
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file again if it changed.
    pub(crate) async fn refresh(&self) {
        self.watched.get().await;
    }
}

fn load(files: &mut Files, path: &Path) -> Result<DomainSet, FileError> {
    let mut problems = Problems::default();
    let mut domains = DomainSet::default();
    let text = files.read(path).unwrap_or_else(|error| {
        problems.add_unreadable(path, &error);
        String::new()
    });
    for (number, line) in text.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        let written = line.split_once('#').map_or(line, |(before, _)| before);
        let domain = written.trim();
        if domain.is_empty() {
            continue;
        }
        match domain.parse::<DomainPattern>() {
            Ok(pattern) => domains.extend([pattern]),
            Err(error) => {
                let at = written.len() - written.trim_start().len();
                let column = line[..at].chars().count() + 1;
                let what = format!(
                    "no domain ({error}); write one on each line, with a leading dot for those below it"
                );
                problems.add(path, number, column, what);
            }
        }
    }
    problems.into_result(domains)
}

impl fmt::Debug for TrustedDomains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedDomains").field("path", &self.path).finish_non_exhaustive()
    }
}
