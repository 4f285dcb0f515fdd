//! A first start needs nothing: the data folder, a certificate, a user and the server's own secret
//! are made where there are none.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use rand::Rng as _;
use rand::distr::Alphanumeric;
use smtp_server::auth::client::AuthClient;
use smtp_server::auth::{AuthLayer, Chain, Throttle, UserFile};
use smtp_server::state::State;
use smtp_server::tls::{RelayTls, SelfSigned, ServerTls};
use smtp_server::{BoxError, Secret};

use crate::abuse::Guards;
use crate::config::{Config, Store, TlsFiles, about};
use crate::programs::Account;
use crate::{login, stores, tls};

/// The user of a first start; every domain must have one (RFC 5321 section 4.5.1).
pub(crate) const POSTMASTER: &str = "postmaster";
/// What this computer is called by its own clients.
const NEARBY: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
const PASSWORD_LENGTH: usize = 20;
const SECRET_LENGTH: usize = 32;

/// What the server needs besides its configuration.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) tls: ServerTls,
    pub(crate) relay_tls: RelayTls,
    pub(crate) users: UserFile,
    /// One for all listeners, so that failed logins count together.
    pub(crate) auth: AuthLayer<Chain>,
    pub(crate) guards: Guards,
    /// Towards the next hop.
    pub(crate) login: Option<AuthClient>,
}

pub(crate) fn prepare(config: &Config) -> Result<Prepared, BoxError> {
    let login = login::client(config).map_err(about("[relay] auth"))?;
    if let Some(obstacle) = config.programs.as_ref().and_then(Account::obstacle) {
        return Err(obstacle.into());
    }
    data_folder(&config.data_dir)?;
    let own = own_files(config);
    if config.tls.certificates.is_empty() {
        make_certificate(config, &own)?;
    }
    let (tls, relay_tls) = (
        tls::server(config, &own).map_err(about("[tls]"))?,
        tls::relay(config).map_err(about("[relay.tls]"))?,
    );
    let users = if config.users.exists() {
        UserFile::open(&config.users)?
    } else if config.stores.contains(&Store::Users) {
        first_user(config)?
    } else {
        users(config)?
    };
    // The salts of unknown users are made of it: they must not change with a restart.
    let decoy_secret = decoy_secret(&config.data_dir.join("decoy-secret"))?;
    let guards = Guards::prepare(config)?;
    let auth = auth(config, stores::open(config, &users)?, guards.state.clone()).decoy_secret(decoy_secret);
    Ok(Prepared { tls, relay_tls, users, auth, guards, login })
}

fn auth(config: &Config, stores: Chain, state: State) -> AuthLayer<Chain> {
    let trusted = config.trusted_networks.clone();
    // A restart forgives nobody.
    let throttle = Throttle::default()
        .remember_in(state)
        .exempt(move |address| trusted.iter().any(|network| network.contains(&address)));
    AuthLayer::new(stores).mechanisms(config.mechanisms.iter().copied()).throttle(throttle)
}

/// Makes the folder, for its owner alone, if it is not there.
fn data_folder(folder: &Path) -> Result<(), BoxError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| failed("made", folder, &error))
}

/// Fails if the file of the users has nowhere to be; the data folder itself is made when it is needed.
pub(crate) fn check_folder_of_users(config: &Config) -> Result<(), BoxError> {
    let folder = match config.users.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => return Ok(()),
    };
    if folder.is_dir() || config.data_dir.starts_with(folder) {
        return Ok(());
    }
    let (users, folder) = (config.users.display(), folder.display());
    Err(format!("{users}: there is no folder {folder}; make it, or correct [auth] users").into())
}

/// The users; none where nobody made one yet.
pub(crate) fn users(config: &Config) -> Result<UserFile, BoxError> {
    data_folder(&config.data_dir)?;
    check_folder_of_users(config)?;
    Ok(UserFile::open_or_create(&config.users)?)
}

/// Where the certificate is that the server makes itself, or has issued: until it is, one of its own
/// making has its place.
pub(crate) fn own_files(config: &Config) -> TlsFiles {
    if let Some(acme) = tls::acme(config) {
        return TlsFiles { certificate: acme.certificate_file(), key: acme.key_file() };
    }
    TlsFiles { certificate: config.data_dir.join("certificate.pem"), key: config.data_dir.join("key.pem") }
}

fn make_certificate(config: &Config, files: &TlsFiles) -> Result<(), BoxError> {
    if files.certificate.exists() { Ok(()) } else { write_certificate(config, files, &[]) }
}

/// Makes the server's own certificate, whether there is one or not.
pub(crate) fn renew_certificate(config: &Config, names: &[String]) -> Result<(), BoxError> {
    data_folder(&config.data_dir)?;
    write_certificate(config, &own_files(config), names)
}

fn write_certificate(config: &Config, files: &TlsFiles, more: &[String]) -> Result<(), BoxError> {
    files.certificate.parent().map_or(Ok(()), data_folder)?;
    let mut names = names(config.hostname.as_str());
    names.extend(
        more.iter().map(String::as_str).filter(|name| !name.eq_ignore_ascii_case(config.hostname.as_str())),
    );
    let made = SelfSigned::generate(&names)?;
    // The certificate comes last: it stands for both.
    write(&files.key, made.key_pem.expose())?;
    write(&files.certificate, made.certificate_pem.as_bytes())?;
    let also = more.iter().map(|name| format!(", {name}")).collect::<String>();
    println!("made a self-signed certificate for {}{also}: {}", config.hostname, files.certificate.display());
    Ok(())
}

/// Clients on this computer seldom call it by its host name, and then they would refuse the certificate.
fn names(hostname: &str) -> Vec<&str> {
    let nearby = NEARBY.into_iter().filter(|name| !name.eq_ignore_ascii_case(hostname));
    std::iter::once(hostname).chain(nearby).collect()
}

/// Somebody who can log in. The password is shown this once and stored nowhere.
fn first_user(config: &Config) -> Result<UserFile, BoxError> {
    let users = users(config)?;
    let password: String =
        rand::rng().sample_iter(Alphanumeric).take(PASSWORD_LENGTH).map(char::from).collect();
    users.set(POSTMASTER, &Secret::from(password.as_str()))?;
    println!("made a first user: {POSTMASTER}, password {password}");
    Ok(users)
}

fn decoy_secret(path: &Path) -> Result<Secret, BoxError> {
    if !path.exists() {
        write(path, &rand::rng().random::<[u8; SECRET_LENGTH]>())?;
    }
    Ok(Secret::new(fs::read(path).map_err(|error| failed("read", path, &error))?))
}

/// Writes a file that only its owner may read. What is at `path` is whole, whenever it is there.
fn write(path: &Path, octets: &[u8]) -> Result<(), BoxError> {
    let draft = path.with_extension("draft");
    let write = || {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(octets)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|error| failed("written", path, &error))
}

fn failed(what: &str, path: &Path, error: &io::Error) -> BoxError {
    format!("{}: cannot be {what}: {error}; name another folder with --data or data_dir", path.display())
        .into()
}
