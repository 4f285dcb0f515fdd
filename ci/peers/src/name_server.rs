use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::port::start_on_free_port;
use crate::program::{program, succeed};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Signed,
    Plain,
    Forged,
}

/// A domain and what it has, in the form of RFC 1035.
#[derive(Debug)]
pub struct Zone {
    name: String,
    text: String,
    kind: Kind,
}

impl Zone {
    /// Without DNSSEC.
    pub fn plain(name: &str, records: &str) -> Self {
        Self { name: name.to_owned(), text: format!("ns A 127.0.0.1\n{records}"), kind: Kind::Plain }
    }

    /// Signed by a key for which the root vouches.
    pub fn signed(name: &str, records: &str) -> Self {
        Self { kind: Kind::Signed, ..Self::plain(name, records) }
    }

    /// Signed by another key than the root says.
    pub fn forged(name: &str, records: &str) -> Self {
        Self { kind: Kind::Forged, ..Self::plain(name, records) }
    }

    fn root(zones: &[Self], keys: &str) -> Self {
        let mut text = "ns A 127.0.0.1\n@ A 127.0.0.1\n".to_owned();
        for Self { name, .. } in zones {
            text += &format!("{name} NS ns.{name}.\nns.{name} A 127.0.0.1\n");
        }
        Self { name: String::new(), text: text + keys, kind: Kind::Signed }
    }

    /// Writes its file.
    fn write(&self, folder: &Path) {
        let Self { name, text, .. } = self;
        let ns = if name.is_empty() { "ns.".to_owned() } else { format!("ns.{name}.") };
        let text = format!(
            "$ORIGIN {name}.\n$TTL 300\n@ SOA {ns} root.{ns} 1 3600 900 604800 300\n@ NS {ns}\n{text}"
        );
        fs::write(folder.join(format!("zone.{name}")), text).expect("a file");
    }

    /// Writes its file, signed with a new key by ldns; gives the key, and what the parent says of it.
    fn sign(&self, folder: &Path) -> (String, String) {
        self.write(folder);
        let ldns = |name: &str, arguments: &[&str]| {
            succeed(program(name).args(arguments).current_dir(folder)).trim().to_owned()
        };
        let key = ldns("ldns-keygen", &["-a", "ECDSAP256SHA256", "-k", &format!("{}.", self.name)]);
        let file = format!("zone.{}", self.name);
        let signed = format!("{file}.signed");
        ldns("ldns-signzone", &["-f", &signed, &file, &key]);
        fs::rename(folder.join(signed), folder.join(file)).expect("it is there");
        let read = |kind: &str| fs::read_to_string(folder.join(format!("{key}.{kind}"))).expect("a file");
        (read("key"), read("ds"))
    }
}

/// NSD, which answers for some domains.
#[derive(Debug)]
pub struct NameServer {
    _daemon: Daemon,
    folder: TempDir,
    address: SocketAddr,
}

impl NameServer {
    /// For domains right below the root, and for a root of its own.
    #[track_caller]
    pub fn start(zones: &[Zone]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        let mut keys = String::new();
        for zone in zones {
            if zone.kind == Kind::Plain {
                zone.write(path);
            } else {
                keys += &zone.sign(path).1;
            }
            if zone.kind == Kind::Forged {
                zone.sign(path);
            }
        }
        let anchors = Zone::root(zones, &keys).sign(path).0;
        fs::write(path.join("anchors"), anchors).expect("a file");
        let names = zones.iter().map(|zone| &*zone.name).chain([""]).collect::<Vec<_>>();
        Self::serve(folder, &names)
    }

    /// For these domains alone, without DNSSEC.
    #[track_caller]
    pub fn without_root(zones: &[Zone]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        zones.iter().for_each(|zone| zone.write(folder.path()));
        Self::serve(folder, &zones.iter().map(|zone| &*zone.name).collect::<Vec<_>>())
    }

    fn serve(folder: TempDir, zones: &[&str]) -> Self {
        let path = folder.path();
        let (daemon, address) = start_on_free_port(|address| {
            fs::write(path.join("nsd.conf"), configuration(path, address, zones)).expect("a file");
            let mut command = program("nsd");
            command.args(["-d", "-V", "1", "-c", "nsd.conf"]).current_dir(path);
            Daemon::try_start(&mut command, "nsd started")
        });
        Self { _daemon: daemon, folder, address }
    }

    /// Where it listens, by TCP and UDP.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file of the root's keys.
    pub fn anchors(&self) -> PathBuf {
        self.folder.path().join("anchors")
    }
}

fn configuration(folder: &Path, address: SocketAddr, zones: &[&str]) -> String {
    let (port, folder) = (address.port(), folder.display());
    let zones = zones.iter().map(|zone| format!("zone:\n name: \"{zone}.\"\n zonefile: \"zone.{zone}\"\n"));
    format!(
        "server:\n ip-address: 127.0.0.1@{port}\n zonesdir: \"{folder}\"\n username: \"\"\n chroot: \"\"\n \
         pidfile: \"\"\n database: \"\"\n xfrdfile: \"{folder}/xfrd\"\n xfrdir: \"{folder}\"\n \
         zonelistfile: \"{folder}/list\"\n server-count: 1\nremote-control:\n control-enable: no\n{}",
        zones.collect::<String>()
    )
}
