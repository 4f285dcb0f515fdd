use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::member::Member;
use super::parse::{load, parse};
use super::{AliasOptions, Target};
use crate::FileError;
use crate::file_error::Problems;
use crate::watched_file::{Files, Watched};

/// An `aliases` file and the lists that it includes. They are read again within a few seconds of use after
/// they changed; what is broken is not taken. Cheap to clone.
#[derive(Clone)]
pub struct AliasFile {
    pub(super) watched: Arc<Watched<Aliases>>,
    pub(super) path: PathBuf,
}

/// What the file says.
#[derive(Debug, Default)]
pub(super) struct Aliases(pub(super) HashMap<String, Alias>);

#[derive(Debug)]
pub(super) struct Alias {
    /// Where it stands.
    pub(super) line: usize,
    pub(super) members: Vec<Member>,
}

impl AliasFile {
    /// Reads the file. Blocks.
    ///
    /// # Errors
    /// If it or what it includes cannot be read or understood; the error names each place, and what to do.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::open_with(path, AliasOptions::default())
    }

    /// The same, with members that are programs or files where that is allowed.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, options: AliasOptions) -> Result<Self, FileError> {
        let path = path.as_ref().to_owned();
        let file = path.clone();
        let watched = Watched::open(move |files: &mut Files| {
            let mut problems = Problems::default();
            let aliases = load(files, &file, options, &mut problems);
            problems.into_result(aliases)
        })?;
        Ok(Self { watched: Arc::new(watched), path })
    }

    /// Aliases of this text, which does not change, but for what it includes.
    ///
    /// # Errors
    /// As [`open`](Self::open); the file is called `aliases` then.
    pub fn from_text(text: &str) -> Result<Self, FileError> {
        Self::from_text_with(text, AliasOptions::default())
    }

    /// The same, with members that are programs or files where that is allowed.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn from_text_with(text: &str, options: AliasOptions) -> Result<Self, FileError> {
        let (text, path) = (text.to_owned(), PathBuf::from("aliases"));
        let name = path.clone();
        let watched = Watched::open(move |files: &mut Files| {
            let mut problems = Problems::default();
            let aliases = parse(&text, &name, options, files, &mut problems);
            problems.into_result(aliases)
        })?;
        Ok(Self { watched: Arc::new(watched), path })
    }

    /// Looks at the files now. They are read again if they look as they did the last time, but other than
    /// when they were read. Blocks.
    pub fn refresh(&self) {
        self.watched.refresh();
    }

    /// The programs and files among the members, as the file was last read, each with the line of its alias:
    /// for whoever wants to know at the start what it cannot deliver to.
    pub fn last_targets(&self) -> Vec<(usize, Target)> {
        let aliases = self.watched.value();
        let targets = aliases.0.values().flat_map(|alias| {
            alias.members.iter().filter_map(|member| match member {
                Member::Target(target) => Some((alias.line, target.clone())),
                _ => None,
            })
        });
        let mut targets: Vec<_> = targets.collect();
        targets.sort_by_key(|(line, _)| *line);
        targets
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn aliases(&self) -> Arc<Aliases> {
        self.watched.get().await
    }
}

impl fmt::Debug for AliasFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AliasFile").field("path", &self.path).finish_non_exhaustive()
    }
}
