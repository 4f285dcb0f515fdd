use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::SystemTime;

/// How files looked at one moment; another stamp means that something was written or replaced.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stamp(Vec<(PathBuf, Option<Seen>)>);

/// When a file was written, how long it is, and which one it is.
type Seen = (SystemTime, u64, u64);

impl Stamp {
    /// Looks at these files. Blocks.
    pub(super) fn of(paths: Vec<PathBuf>) -> Self {
        let look = |path: PathBuf| {
            let seen = fs::metadata(&path).ok();
            let seen = seen.and_then(|file| Some((file.modified().ok()?, file.len(), file.ino())));
            (path, seen)
        };
        Self(paths.into_iter().map(look).collect())
    }
}
