//! `[tls]` and `[relay.tls]`: what is written, and what is meant.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use smtp_server::policy::IpNet;
use smtp_server::tls::{Authorities, ClientCertificates, Demand, TlsError, TlsPolicy, TlsVersion};
use toml::Spanned;

/// Certificates of the server, and what is asked of clients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// Without files of its own the server makes itself a certificate.
    pub(crate) certificates: Vec<TlsFiles>,
    /// Or has them issued.
    pub(crate) acme: Option<Acme>,
    pub(crate) client_certificates: Asked,
    /// Who is never asked.
    pub(crate) never_asked: Vec<IpNet>,
    pub(crate) client_ca: Vec<PathBuf>,
    pub(crate) client_crl: Vec<PathBuf>,
    pub(crate) spoken: Spoken,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Which versions, cipher suites and groups; what is `None` is as it is by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Spoken {
    pub(crate) oldest: Option<Oldest>,
    pub(crate) cipher_suites: Option<Vec<String>>,
    pub(crate) groups: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) enum Oldest {
    #[serde(rename = "1.2")]
    Tls12,
    #[serde(rename = "1.3")]
    Tls13,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Asked {
    #[default]
    Off,
    Request,
    Require,
}

/// Certificates from a CA that speaks ACME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acme {
    pub(crate) directory: String,
    /// Empty for the host name.
    pub(crate) names: Vec<String>,
    pub(crate) contact: Option<String>,
    pub(crate) listen: SocketAddr,
    /// What its server is trusted by, instead of by the CAs of the system.
    pub(crate) ca: Vec<PathBuf>,
}

/// `[tls.acme]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AcmeTable {
    directory: String,
    #[serde(default)]
    names: Vec<String>,
    contact: Option<String>,
    listen: Option<SocketAddr>,
    #[serde(default)]
    ca: Paths,
}

/// TLS towards the next hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RelayTls {
    pub(crate) demand: Demanded,
    /// Empty for those of the system.
    pub(crate) ca: Vec<PathBuf>,
    /// Shown to a next hop that asks.
    pub(crate) certificate: Option<TlsFiles>,
    pub(crate) destinations: BTreeMap<String, Demanded>,
    /// Whether keys count that domains publish in signed DNS.
    pub(crate) dane: bool,
    /// Whether policies count that domains publish on the web.
    pub(crate) mta_sts: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Demanded {
    Never,
    #[default]
    Opportunistic,
    Required,
    Verified,
    Dane,
}

/// `[tls]` as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TlsTable {
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(default)]
    certificates: Vec<FilesTable>,
    acme: Option<AcmeTable>,
    #[serde(default)]
    client_certificates: Asked,
    #[serde(default)]
    pub(super) never_asked: Vec<Spanned<String>>,
    #[serde(default)]
    client_ca: Paths,
    #[serde(default)]
    client_crl: Paths,
    oldest: Option<Oldest>,
    cipher_suites: Option<Vec<String>>,
    groups: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FilesTable {
    certificate: PathBuf,
    key: PathBuf,
}

/// One path or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Paths {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

impl Default for Paths {
    fn default() -> Self {
        Self::Several(Vec::new())
    }
}

impl Paths {
    fn within(self, folder: &Path) -> Vec<PathBuf> {
        let paths = match self {
            Self::One(path) => vec![path],
            Self::Several(paths) => paths,
        };
        paths.into_iter().map(|path| folder.join(path)).collect()
    }
}

/// `[relay.tls]` as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RelayTlsTable {
    demand: Option<Demanded>,
    #[serde(default)]
    ca: Paths,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    #[serde(default)]
    destinations: BTreeMap<String, Demanded>,
    #[serde(default)]
    dane: bool,
    mta_sts: Option<bool>,
}

/// Where a CA asks.
const HTTP: u16 = 80;

/// A certificate and a key come together.
const HALF: &str = "a certificate and its key come together: there is just one of them";

impl Default for RelayTls {
    fn default() -> Self {
        Self {
            demand: Demanded::default(),
            ca: Vec::new(),
            certificate: None,
            destinations: BTreeMap::new(),
            dane: false,
            mta_sts: true,
        }
    }
}

impl TlsTable {
    pub(super) fn read(self, folder: &Path, never_asked: Vec<IpNet>) -> Result<Tls, String> {
        let first = pair(self.certificate, self.key, folder)?;
        let more = self.certificates.into_iter().map(|files| TlsFiles {
            certificate: folder.join(files.certificate),
            key: folder.join(files.key),
        });
        let spoken = Spoken { oldest: self.oldest, cipher_suites: self.cipher_suites, groups: self.groups };
        spoken.policy().map_err(|error| error.to_string())?;
        if self.acme.is_some() && (first.is_some() || more.len() > 0) {
            return Err("certificates are either in files or issued by ACME".to_owned());
        }
        let client_ca = self.client_ca.within(folder);
        if self.client_certificates == Asked::Require && client_ca.is_empty() {
            return Err("client_certificates are required, and no client_ca is named: nobody could connect"
                .to_owned());
        }
        Ok(Tls {
            acme: self.acme.map(|acme| acme.read(folder)),
            certificates: first.into_iter().chain(more).collect(),
            client_certificates: self.client_certificates,
            never_asked,
            client_ca,
            client_crl: self.client_crl.within(folder),
            spoken,
        })
    }
}

impl AcmeTable {
    fn read(self, folder: &Path) -> Acme {
        Acme {
            directory: self.directory,
            names: self.names,
            contact: self.contact,
            listen: self.listen.unwrap_or(SocketAddr::from(([0; 16], HTTP))),
            ca: self.ca.within(folder),
        }
    }
}

impl RelayTlsTable {
    /// `demand` holds where nothing else is written.
    pub(super) fn read(self, folder: &Path, demand: Demanded) -> Result<RelayTls, String> {
        Ok(RelayTls {
            demand: self.demand.unwrap_or(demand),
            ca: self.ca.within(folder),
            certificate: pair(self.certificate, self.key, folder)?,
            destinations: self.destinations,
            dane: self.dane,
            mta_sts: self.mta_sts.unwrap_or(true),
        })
    }
}

fn pair(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
    folder: &Path,
) -> Result<Option<TlsFiles>, String> {
    match (certificate, key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => {
            Ok(Some(TlsFiles { certificate: folder.join(certificate), key: folder.join(key) }))
        }
        _ => Err(HALF.to_owned()),
    }
}

impl Spoken {
    pub(crate) fn policy(&self) -> Result<TlsPolicy, TlsError> {
        let mut policy = TlsPolicy::default().oldest(match self.oldest {
            None | Some(Oldest::Tls12) => TlsVersion::Tls12,
            Some(Oldest::Tls13) => TlsVersion::Tls13,
        });
        if let Some(names) = &self.cipher_suites {
            policy = policy.cipher_suites(names.iter().map(String::as_str))?;
        }
        if let Some(names) = &self.groups {
            policy = policy.groups(names.iter().map(String::as_str))?;
        }
        Ok(policy)
    }
}

impl From<Asked> for ClientCertificates {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Off => Self::Off,
            Asked::Request => Self::Request,
            Asked::Require => Self::Require,
        }
    }
}

impl From<Demanded> for Demand {
    fn from(demanded: Demanded) -> Self {
        match demanded {
            Demanded::Never => Self::Never,
            Demanded::Opportunistic => Self::Opportunistic,
            Demanded::Required => Self::Required,
            Demanded::Verified => Self::Verified,
            Demanded::Dane => Self::Dane,
        }
    }
}

/// CAs in files and folders.
pub(crate) fn authorities(paths: &[PathBuf], revocation_lists: &[PathBuf]) -> Authorities {
    let authorities = paths.iter().fold(Authorities::new(), |authorities, path| {
        if path.is_dir() { authorities.folder(path) } else { authorities.file(path) }
    });
    revocation_lists.iter().fold(authorities, |authorities, path| authorities.revocation_lists(path))
}
