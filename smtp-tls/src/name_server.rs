//! Real servers for the tests: NSD with zones that ldns has signed, and OpenSSL for HTTPS.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take to be there.
const STARTED: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Signed,
    Plain,
    /// Signed by another key than the root says.
    Forged,
}

/// A domain right below the root.
pub(crate) struct Zone {
    name: String,
    text: String,
    kind: Kind,
}

impl Zone {
    pub(crate) fn signed(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), kind: Kind::Signed }
    }

    #[cfg(feature = "dane")]
    pub(crate) fn plain(name: &str, text: &str) -> Self {
        Self { kind: Kind::Plain, ..Self::signed(name, text) }
    }

    #[cfg(feature = "dane")]
    pub(crate) fn forged(name: &str, text: &str) -> Self {
        Self { kind: Kind::Forged, ..Self::signed(name, text) }
    }
}

/// A name server for a root of its own.
pub(crate) struct NameServer {
    folder: TempDir,
    address: SocketAddr,
    child: Child,
}

impl NameServer {
    pub(crate) fn start(zones: &[Zone]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        let mut root = "@ A 127.0.0.1\n".to_owned();
        for zone in zones {
            root += &format!("{0} NS ns.{0}.\nns.{0} A 127.0.0.1\n", zone.name);
            let text = format!("ns A 127.0.0.1\n{}", zone.text);
            match zone.kind {
                Kind::Plain => write_zone(path, &zone.name, &text),
                Kind::Signed => root += &sign(path, &zone.name, &text).1,
                Kind::Forged => {
                    root += &sign(path, &zone.name, &text).1;
                    sign(path, &zone.name, &text);
                }
            }
        }
        fs::write(path.join("anchors"), sign(path, "", &root).0).unwrap();
        let mut names: Vec<&str> = zones.iter().map(|zone| &*zone.name).collect();
        names.push("");
        let address = free_port();
        fs::write(path.join("nsd.conf"), configuration(path, address, &names)).unwrap();
        let child = spawn("nsd", &["-d", "-c", "nsd.conf"], path);
        let server = Self { folder, address, child };
        let deadline = Instant::now() + STARTED;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "NSD does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
        server
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The keys of the root.
    pub(crate) fn anchors(&self) -> PathBuf {
        self.folder.path().join("anchors")
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        // Its own children end with it, unless it is killed.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        if !asked.is_ok_and(|status| status.success()) {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn configuration(path: &Path, address: SocketAddr, zones: &[&str]) -> String {
    let (port, folder) = (address.port(), path.display());
    let mut text = format!(
        "server:\n ip-address: 127.0.0.1@{port}\n zonesdir: \"{folder}\"\n username: \"\"\n chroot: \"\"\n \
         pidfile: \"\"\n database: \"\"\n xfrdfile: \"{folder}/xfrd\"\n xfrdir: \"{folder}\"\n \
         zonelistfile: \"{folder}/list\"\n server-count: 1\nremote-control:\n control-enable: no\n"
    );
    for zone in zones {
        text += &format!("zone:\n name: \"{zone}.\"\n zonefile: \"zone.{zone}\"\n");
    }
    text
}

/// A port that is free for both protocols. Somebody might take it before the server does.
fn free_port() -> SocketAddr {
    loop {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

fn write_zone(path: &Path, name: &str, text: &str) {
    let ns = if name.is_empty() { "ns.".to_owned() } else { format!("ns.{name}.") };
    let own = if name.is_empty() { "ns A 127.0.0.1\n" } else { "" };
    let text = format!(
        "$ORIGIN {name}.\n$TTL 300\n@ SOA {ns} root.{ns} 1 3600 900 604800 300\n@ NS {ns}\n{own}{text}"
    );
    fs::write(path.join(format!("zone.{name}")), text).unwrap();
}

/// Signs a zone with a new key; gives the key, and what the parent says of it.
fn sign(path: &Path, name: &str, text: &str) -> (String, String) {
    write_zone(path, name, text);
    let key = run("ldns-keygen", &["-a", "ECDSAP256SHA256", "-k", &format!("{name}.")], path);
    let (key, file) = (key.trim(), format!("zone.{name}"));
    run("ldns-signzone", &["-f", &format!("{file}.signed"), &file, key], path);
    fs::rename(path.join(format!("{file}.signed")), path.join(&file)).unwrap();
    let read = |kind: &str| fs::read_to_string(path.join(format!("{key}.{kind}"))).unwrap();
    (read("key"), read("ds"))
}

#[cfg(feature = "mta-sts")]
/// OpenSSL's little web server.
pub(crate) struct HttpsServer {
    folder: TempDir,
    port: u16,
    child: Child,
}

#[cfg(feature = "mta-sts")]
impl HttpsServer {
    pub(crate) fn start((certificate, key): &(String, String)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("both.pem"), format!("{certificate}{key}")).unwrap();
        let arguments = ["s_server", "-accept", "127.0.0.1:0", "-cert", "both.pem", "-WWW"];
        let mut child = spawn("openssl", &arguments, folder.path());
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let line = lines.find(|line| line.starts_with("ACCEPT ")).expect("OpenSSL tells its port");
        let port = line.rsplit(':').next().unwrap().trim().parse().unwrap();
        // What else it says is read, so that it can go on.
        std::thread::spawn(move || lines.for_each(drop));
        Self { folder, port, child }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(feature = "mta-sts")]
impl Drop for HttpsServer {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program that lies where the search path of an ordinary user may not lead.
fn program(name: &str, arguments: &[&str], folder: &Path) -> Command {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(name);
    command.args(arguments).current_dir(folder).env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}

fn spawn(name: &str, arguments: &[&str], folder: &Path) -> Child {
    program(name, arguments, folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{name} is missing ({error}); ci/test.sh installs it"))
}

fn run(name: &str, arguments: &[&str], folder: &Path) -> String {
    let output = program(name, arguments, folder)
        .output()
        .unwrap_or_else(|error| panic!("{name} is missing ({error}); ci/test.sh installs it"));
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
