use smtp_server::BoxError;
use smtp_server::auth::UserFile;
use smtp_server::tls::ServerTls;

use crate::config::Config;

/// The configuration was read; this looks at what it names.
pub(super) fn run(config: &Config) -> Result<(), BoxError> {
    if let Some(files) = &config.tls {
        ServerTls::from_pem_files(&files.certificate, &files.key)?;
    }
    // The first start makes what is not there yet.
    if config.users.exists() {
        UserFile::open(&config.users)?;
    }
    println!("the configuration is good");
    Ok(())
}
