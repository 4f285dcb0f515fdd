use std::path::PathBuf;

/// Where, and from which size on, messages are spooled to files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolOptions {
    pub(super) threshold: usize,
    pub(super) directory: PathBuf,
}

impl SpoolOptions {
    /// How many octets are kept in memory; a larger message goes to a file. 256 KiB by default.
    #[must_use]
    pub fn threshold(mut self, octets: usize) -> Self {
        self.threshold = octets;
        self
    }

    /// The directory in which files are made, the system's for temporary files by default.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }
}

impl Default for SpoolOptions {
    fn default() -> Self {
        Self { threshold: 256 * 1024, directory: std::env::temp_dir() }
    }
}
