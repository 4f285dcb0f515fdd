use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::parse::parse;
use super::rules::AccessRules;
use crate::FileError;
use crate::file_error::Problems;
use crate::watched_file::{Files, Watched};

/// Sendmail's access map: the text file from which `makemap` makes its database.
///
/// That the file changed is noticed within a few seconds of use. If what is there now is broken, the map
/// of before stays in use, and an error is logged with the places. Cheap to clone.
#[derive(Clone)]
pub struct AccessMap {
    watched: Arc<Watched<AccessRules>>,
    path: PathBuf,
}

impl AccessMap {
    /// Reads the file. Blocks.
    ///
    /// # Errors
    /// If it cannot be read, or a line cannot be taken; the error names each such line and column, and
    /// what to write there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref().to_owned();
        let file = path.clone();
        let watched = Watched::open(move |files| load(files, &file))?;
        Ok(Self { watched: Arc::new(watched), path })
    }

    /// A map of this text, which does not change.
    ///
    /// # Errors
    /// As [`open`](Self::open); the file is called `access` then.
    pub fn from_text(text: &str) -> Result<Self, FileError> {
        let (text, path) = (text.to_owned(), PathBuf::from("access"));
        let name = path.clone();
        let watched = Watched::open(move |_| {
            let mut problems = Problems::default();
            let rules = parse(&text, &name, &mut problems);
            problems.into_result(rules)
        })?;
        Ok(Self { watched: Arc::new(watched), path })
    }

    /// The rules, read again if the file changed.
    pub async fn rules(&self) -> Arc<AccessRules> {
        self.watched.get().await
    }

    /// The rules as they were when the file was last read; for code that cannot wait.
    pub fn last_rules(&self) -> Arc<AccessRules> {
        self.watched.value()
    }

    /// Looks at the file now. It is read again if it looks as it did the last time, but other than when
    /// it was read. Blocks.
    pub fn refresh(&self) {
        self.watched.refresh();
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

fn load(files: &mut Files, path: &Path) -> Result<AccessRules, FileError> {
    let mut problems = Problems::default();
    let rules = match files.read(path) {
        Ok(text) => parse(&text, path, &mut problems),
        Err(error) => {
            problems.add_unreadable(path, &error);
            AccessRules::default()
        }
    };
    if let Some(doubts) = rules.doubts() {
        tracing::warn!(path = %path.display(), %doubts, "values of the access map may be mistakes");
    }
    problems.into_result(rules)
}

impl fmt::Debug for AccessMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessMap").field("path", &self.path).finish_non_exhaustive()
    }
}
