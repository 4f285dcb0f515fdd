//! A certificate for a next hop, and clients that trust it alone.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use smtp_server::tls::{Authorities, Demand, RelayTls, SelfSigned};
use tempfile::TempDir;

pub(crate) struct Identity {
    folder: TempDir,
    authorities: Authorities,
}

impl Identity {
    pub(crate) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let issued = SelfSigned::generate(&[name]).expect("a certificate");
        let pem = [issued.key_pem.expose(), issued.certificate_pem.as_bytes()].concat();
        std::fs::write(folder.path().join("identity.pem"), pem).expect("a file");
        // Servers give up being root before they read it.
        let everybody = Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), everybody).expect("it is ours");
        Self { folder, authorities: Authorities::new().pem(issued.certificate_pem.as_bytes()) }
    }

    /// The file of key and certificate.
    pub(crate) fn pem(&self) -> PathBuf {
        self.folder.path().join("identity.pem")
    }

    pub(crate) fn authorities(&self) -> Authorities {
        self.authorities.clone()
    }

    pub(crate) fn client(&self, demand: Demand) -> RelayTls {
        let builder = RelayTls::builder().authorities(self.authorities.clone()).default_demand(demand);
        builder.build().expect("it trusts the certificate")
    }
}
