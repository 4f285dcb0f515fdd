//! Certificates of two authorities that the server knows, and of one that it does not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

/// Names of certificates, their organisations, and who issues them.
const ISSUED: [(&str, &str, &str); 5] = [
    ("server.example", "Ours", "ours"),
    ("client.example", "Ours", "ours"),
    ("partner.example", "Ours", "ours"),
    ("friend.example", "Friends", "friends"),
    ("stranger.example", "Strangers", "strangers"),
];

/// Makes them in the folder: `name.pem`, `name.key`, and `ca.pem` of those that are known.
pub(crate) fn make(folder: &Path) {
    for (authority, subject) in [
        ("ours", "/O=Ours/CN=Our CA"),
        ("friends", "/O=Friends/CN=Their CA"),
        ("strangers", "/O=Strangers/CN=No CA"),
    ] {
        let key = key_of(authority);
        openssl(folder, &format!("req -x509 {key} -out {authority}.pem -days 30"), Some(subject));
    }
    for (name, organisation, authority) in ISSUED {
        let (key, subject) = (key_of(name), format!("/O={organisation}/CN={name}"));
        openssl(folder, &format!("req {key} -out {name}.csr"), Some(&subject));
        let issuer = format!("-CA {authority}.pem -CAkey {authority}.key -CAcreateserial");
        openssl(folder, &format!("x509 -req -in {name}.csr {issuer} -out {name}.pem -days 30"), None);
        // Sendmail takes no key that others may read.
        fs::set_permissions(folder.join(format!("{name}.key")), fs::Permissions::from_mode(0o600)).unwrap();
    }
    let known = ["ours.pem", "friends.pem"].map(|name| fs::read_to_string(folder.join(name)).unwrap());
    fs::write(folder.join("ca.pem"), known.concat()).unwrap();
}

fn key_of(name: &str) -> String {
    format!("-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key")
}

fn openssl(folder: &Path, arguments: &str, subject: Option<&str>) {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).args(arguments.split(' '));
    if let Some(subject) = subject {
        openssl.args(["-subj", subject]);
    }
    let output = openssl.output().expect("openssl is missing; ci/test.sh installs it");
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
}
