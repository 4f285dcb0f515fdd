//! A CA by `openssl`, as somebody without a project would make one.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use peers::run;

pub(crate) struct Authority {
    folder: TempDir,
}

/// A certificate and its key.
pub(crate) struct Issued {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Issued {
    /// As options of `openssl s_client`.
    pub(crate) fn options(&self) -> [&str; 4] {
        ["-cert", text(&self.certificate), "-key", text(&self.key)]
    }
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::called("CA of tests")
    }

    pub(crate) fn called(name: &str) -> Self {
        let authority = Self { folder: tempfile::tempdir().unwrap() };
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let (own, private) = (authority.path("ca.pem"), authority.path("ca.key"));
        let subject = format!("/O=Example/CN={name}");
        let name = ["-subj", &subject, "-days", "30", "-x509"];
        let to = ["-out", text(&own), "-keyout", text(&private)];
        run("openssl", &[&["req"], &key[..], &name, &to].concat(), b"").succeeds();
        authority
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// A certificate for this host, of ECDSA or RSA, good for some days from now; for none if it has
    /// expired.
    pub(crate) fn issue(&self, host: &str, key: &str, days: i32) -> Issued {
        let issued = Issued {
            certificate: self.path(&format!("{host}-{key}.pem")),
            key: self.path(&format!("{host}-{key}.key")),
        };
        let kind: &[&str] = match key {
            "rsa" => &["-newkey", "rsa:2048"],
            _ => &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        };
        let request = self.path("request.pem");
        let subject = format!("/O=Example/CN={host}");
        let rest = ["-nodes", "-subj", &subject, "-out", text(&request), "-keyout", text(&issued.key)];
        run("openssl", &[&["req"], kind, &rest].concat(), b"").succeeds();
        let extensions = self.path("extensions");
        let kind = if host.parse::<std::net::IpAddr>().is_ok() { "IP" } else { "DNS" };
        fs::write(&extensions, format!("subjectAltName = {kind}:{host}\n")).unwrap();
        let (ca, key, days) = (self.certificate(), self.path("ca.key"), days.to_string());
        let sign = [
            "x509",
            "-req",
            "-in",
            text(&request),
            "-CA",
            text(&ca),
            "-CAkey",
            text(&key),
            "-days",
            &days,
            "-extfile",
            text(&extensions),
            "-out",
            text(&issued.certificate),
        ];
        run("openssl", &sign, b"").succeeds();
        issued
    }
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}
