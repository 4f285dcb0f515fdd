use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smtp_core::BoxError;

use super::member::Member;
use super::parse::{load, parse};
#[cfg(feature = "postgres")]
use super::postgres::Table;
use super::{AliasOptions, Target};
use crate::FileError;
use crate::file_error::Problems;
use crate::watched_file::{Files, Watched};

/// An `aliases` file and the lists that it includes, or a table of a database in their place. They are read
/// again within a few seconds of use after they changed; what is broken is not taken. Cheap to clone.
#[derive(Clone)]
pub struct AliasFile {
    pub(super) source: Source,
    pub(super) path: PathBuf,
}

/// Where aliases come from.
#[derive(Clone)]
pub(super) enum Source {
    Files(Arc<Watched<Aliases>>),
    #[cfg(feature = "postgres")]
    Postgres(Arc<Table>),
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
        Ok(Self { source: Source::Files(Arc::new(watched)), path })
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
        Ok(Self { source: Source::Files(Arc::new(watched)), path })
    }

    /// Looks at the files now. They are read again if they look as they did the last time, but other than
    /// when they were read. Blocks. What a PostgreSQL database has is read by the next lookup.
    pub fn refresh(&self) {
        match &self.source {
            Source::Files(watched) => watched.refresh(),
            #[cfg(feature = "postgres")]
            Source::Postgres(table) => table.make_due(),
        }
    }

    /// The programs and files among the members, as the file was last read, each with the line of its alias:
    /// for whoever wants to know at the start what it cannot deliver to.
    pub fn last_targets(&self) -> Vec<(usize, Target)> {
        let aliases = match &self.source {
            Source::Files(watched) => watched.value(),
            #[cfg(feature = "postgres")]
            Source::Postgres(table) => table.last().unwrap_or_default(),
        };
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

    /// The path of the file; what errors call it, where it is none.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// # Errors
    /// If nothing could be read yet.
    pub(super) async fn aliases(&self) -> Result<Arc<Aliases>, BoxError> {
        match &self.source {
            Source::Files(watched) => Ok(watched.get().await),
            #[cfg(feature = "postgres")]
            Source::Postgres(table) => table.get().await,
        }
    }
}

impl fmt::Debug for AliasFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AliasFile").field("path", &self.path).finish_non_exhaustive()
    }
}
