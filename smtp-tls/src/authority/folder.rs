use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The files in a folder in the order of their names, each once however many links lead to it.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    let mut seen = HashSet::new();
    paths.retain(|path| path.is_file() && fs::canonicalize(path).is_ok_and(|real| seen.insert(real)));
    Ok(paths)
}
