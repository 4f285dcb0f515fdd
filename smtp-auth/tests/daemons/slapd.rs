//! OpenLDAP's server, with a small directory and a certificate of its own.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use smtp_auth::TrustedRoots;
use tempfile::TempDir;

use peers::{Daemon, free_port, program, succeed};

pub(crate) const BASE: &str = "ou=people,dc=example,dc=org";
/// Who may search, and with which password.
pub(crate) const READER: (&str, &str) = ("cn=reader,dc=example,dc=org", "reader's password");

/// The name in the certificate.
pub(crate) const HOST: &str = "localhost";

/// It says that it starts before it listens.
const READY: &str = "epoll: listen=";

const ENTRIES: &str = "\
dn: dc=example,dc=org\nobjectClass: domain\ndc: example\n
dn: cn=reader,dc=example,dc=org\nobjectClass: person\ncn: reader\nsn: x\nuserPassword: reader's password\n
dn: cn=policy,dc=example,dc=org\nobjectClass: device\nobjectClass: pwdPolicy\ncn: policy
pwdAttribute: userPassword\npwdMaxAge: 86400\npwdMustChange: TRUE\n
dn: ou=people,dc=example,dc=org\nobjectClass: organizationalUnit\nou: people\n
dn: uid=alice,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: alice\ncn: Alice\nsn: x
mail: alice@example.org\nmail: a@example.org\ntitle: one\ntitle: two\nuserPassword: correct horse\n
dn: uid=joe\\2Cx\\3D(*),ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: joe,x=(*)\ncn: Joe\nsn: x
mail: joe@example.org\nuserPassword: secret\n
dn: uid=twin1,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: twin1\ncn: Twin\nsn: x
mail: twin@example.org\nuserPassword: secret\n
dn: uid=twin2,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: twin2\ncn: Twin\nsn: x
mail: twin@example.org\nuserPassword: secret\n
dn: uid=old,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: old\ncn: Old\nsn: x
userPassword: secret\npwdChangedTime: 20000101000000Z\npwdPolicySubentry: cn=policy,dc=example,dc=org\n
dn: uid=new,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: new\ncn: New\nsn: x
userPassword: secret\npwdReset: TRUE\npwdPolicySubentry: cn=policy,dc=example,dc=org\n
dn: uid=none,ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: none\ncn: None\nsn: x\n
";

/// A server that runs.
pub(crate) struct Slapd {
    pub(crate) place: Place,
    pub(crate) daemon: Daemon,
    /// Of `ldap:`, with StartTLS or without.
    pub(crate) port: u16,
    /// Of `ldaps:`.
    pub(crate) tls_port: u16,
}

impl Slapd {
    pub(crate) fn start() -> Self {
        Place::new().start()
    }
}

/// What is there before and after the server.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(folder.path());
        let path = folder.path().display();
        let schemas = ["core", "cosine", "inetorgperson"];
        let schemas = schemas.map(|name| format!("include /etc/ldap/schema/{name}.schema\n")).concat();
        let configuration = format!(
            "{schemas}\
             pidfile {path}/pid\n\
             argsfile {path}/args\n\
             modulepath /usr/lib/ldap\n\
             moduleload back_mdb\n\
             moduleload ppolicy\n\
             TLSCertificateFile {path}/certificate.pem\n\
             TLSCertificateKeyFile {path}/key.pem\n\
             database mdb\n\
             suffix dc=example,dc=org\n\
             rootdn cn=admin,dc=example,dc=org\n\
             directory {path}/data\n\
             overlay ppolicy\n\
             access to attrs=userPassword by anonymous auth by * none\n\
             access to * by dn.exact=\"{}\" read by anonymous auth by * none\n",
            READER.0
        );
        fs::create_dir(folder.path().join("data")).unwrap();
        fs::write(folder.path().join("slapd.conf"), configuration).unwrap();
        fs::write(folder.path().join("entries.ldif"), ENTRIES).unwrap();
        let place = Self { folder };
        let mut add = program("slapadd");
        let added =
            add.arg("-q").arg("-f").arg(place.path("slapd.conf")).arg("-l").arg(place.path("entries.ldif"));
        succeed(added);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.path("socket")
    }

    /// It takes no port 0, so it gets one that was free a moment ago, or another.
    pub(crate) fn start(self) -> Slapd {
        let socket = self.socket().display().to_string().replace('/', "%2F");
        let mut printed = String::new();
        for _ in 0..20 {
            let (port, tls_port) = (free_port().port(), free_port().port());
            let urls = format!("ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port} ldapi://{socket}");
            let mut command = program("slapd");
            command.args(["-d", "conns", "-h", &urls]).arg("-f").arg(self.path("slapd.conf"));
            match Daemon::try_start(&mut command, READY) {
                Ok(daemon) => return Slapd { place: self, daemon, port, tls_port },
                Err(said) => printed = said,
            }
        }
        panic!("slapd does not come up:\n{printed}");
    }

    /// The server's issuer alone.
    pub(crate) fn roots(&self) -> TrustedRoots {
        TrustedRoots::File(self.path("issuer.pem"))
    }
}

/// Writes the server's and its issuer's.
fn certificates(folder: &Path) {
    let mut issuer = CertificateParams::new([]).unwrap();
    issuer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(issuer, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new([HOST.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    fs::write(folder.join("certificate.pem"), server.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    fs::write(folder.join("issuer.pem"), issuer.pem()).unwrap();
}
