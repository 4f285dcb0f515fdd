use smtp_server::BoxError;
use smtp_server::auth::UserFile;

use crate::config::{Config, about};
use crate::programs::Account;
use crate::{bootstrap, delivery, directory, login, stores, tls};

/// The configuration was read; this looks at what it names.
pub(super) fn run(config: &Config) -> Result<(), BoxError> {
    // The first start makes what is not there yet.
    let own = bootstrap::own_files(config);
    let mut warnings = config.warnings();
    if !config.tls.certificates.is_empty() || own.certificate.exists() {
        warnings.extend(tls::server(config, &own).map_err(about("[tls]"))?.warnings());
    }
    tls::relay(config).map_err(about("[relay.tls]"))?;
    login::client(config).map_err(about("[relay] auth"))?;
    if config.users.exists() {
        UserFile::open(&config.users)?;
    } else {
        bootstrap::check_folder_of_users(config)?;
    }
    stores::check(config)?;
    delivery::check(config)?;
    warnings.extend(directory::check(config)?);
    // Who checks may be another one than who will serve.
    warnings.extend(config.programs.as_ref().and_then(Account::obstacle));
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
    println!("the configuration is good");
    Ok(())
}
