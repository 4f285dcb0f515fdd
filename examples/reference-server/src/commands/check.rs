use smtp_server::BoxError;
use smtp_server::auth::UserFile;
use smtp_server::tls::ServerTls;

use crate::config::Config;
use crate::{bootstrap, stores};

/// The configuration was read; this looks at what it names.
pub(super) fn run(config: &Config) -> Result<(), BoxError> {
    if let Some(files) = &config.tls {
        ServerTls::from_pem_files(&files.certificate, &files.key)?;
    }
    // The first start makes what is not there yet.
    if config.users.exists() {
        UserFile::open(&config.users)?;
    } else {
        bootstrap::check_folder_of_users(config)?;
    }
    stores::check(config)?;
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
    println!("the configuration is good");
    Ok(())
}
