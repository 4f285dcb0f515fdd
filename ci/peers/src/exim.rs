use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::program::path_of;

/// What Exim needs: it is started for each connection or message, as inetd would.
#[derive(Debug)]
pub struct Exim {
    folder: TempDir,
}

impl Exim {
    /// With a configuration, in which its [`spool`](Self::spool) is `$spool_directory`.
    pub fn new(configuration: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().display();
        let configuration = format!(
            "exim_path = {}\n\
             spool_directory = {path}/spool\n\
             log_file_path = {path}/spool/%slog\n\
             keep_environment =\n\
             smtputf8_advertise_hosts = *\n\
             {configuration}",
            path_of("exim4").display(),
        );
        let exim = Self { folder };
        fs::write(exim.config(), configuration).expect("a file");
        fs::create_dir(exim.spool()).expect("a folder");
        // It gives up being root before it looks in here.
        for (path, mode) in [(exim.folder.path().to_owned(), 0o755), (exim.spool(), 0o777)] {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
        }
        exim
    }

    /// The file of its configuration, for `exim4 -C`.
    pub fn config(&self) -> PathBuf {
        self.folder.path().join("exim.conf")
    }

    /// The folder of its files.
    pub fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.spool().join("mainlog")).unwrap_or_default()
    }
}
