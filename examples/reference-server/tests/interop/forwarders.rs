//! stunnel in front of the server, which says by the PROXY protocol who the client is; Unix sockets, and
//! sockets of systemd.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::authority::{Authority, text};
use crate::program::{program, run};
use crate::server::Server;

const STARTED: Duration = Duration::from_secs(20);

/// stunnel, which ends TLS for a port of the server.
struct Stunnel {
    _folder: TempDir,
    child: Child,
    port: u16,
}

impl Stunnel {
    fn start(authority: &Authority, server: u16) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let issued = authority.issue("tunnel.example.org", "ecdsa", 30);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (certificate, key) = (text(&issued.certificate), text(&issued.key));
        let configuration = format!(
            "foreground = yes\npid =\n[smtps]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{server}\n\
             protocol = proxy\ncert = {certificate}\nkey = {key}\n"
        );
        let file = folder.path().join("stunnel.conf");
        fs::write(&file, configuration).unwrap();
        let mut child = program("stunnel4")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("stunnel4 is missing ({error}); ci/test.sh installs it"));
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let started = Instant::now();
        assert!(lines.any(|line| line.contains("Configuration successful")), "stunnel does not start");
        assert!(started.elapsed() < STARTED);
        std::thread::spawn(move || lines.for_each(drop));
        Self { _folder: folder, child, port }
    }
}

impl Drop for Stunnel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const MESSAGE: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<postmaster@example.org>\r\n\
    DATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n";

fn through(stunnel: &Stunnel, source: &str) -> String {
    let address = format!("127.0.0.1:{}", stunnel.port);
    let arguments = ["s_client", "-connect", &address, "-bind", source, "-quiet", "-ign_eof"];
    run("openssl", &arguments, MESSAGE).printed
}

#[test]
fn stunnel_says_who_the_client_is() {
    let authority = Authority::new();
    // A client from an address of its own may relay; the tunnel itself may not.
    let trusted = "[relay]\nnext_hop = \"127.0.0.1:9\"\ntrusted_networks = [\"127.0.0.9/32\"]\n";
    let server = Server::start_with("mx", "proxy_from = [\"127.0.0.1/32\"]\n", trusted);
    let stunnel = Stunnel::start(&authority, server.port("mx"));
    let printed = through(&stunnel, "127.0.0.9:0");
    assert!(printed.contains("250 2.0.0 delivered"), "{printed}");
    let mail = server.mail("example.org/postmaster");
    let from = "Received: from client.example ([127.0.0.9]) (by way of [127.0.0.1])";
    assert!(mail[0].contains(from), "{}", mail[0]);
    // Its TLS is not that of the session.
    assert!(mail[0].contains("with ESMTP id "), "{}", mail[0]);
    let line = server.logs("peer=127.0.0.9:");
    assert!(line.contains("forwarder=127.0.0.1:") && line.contains("verify=NONE"), "{line}");
}

#[test]
fn a_forwarder_that_is_not_named_says_nothing() {
    let authority = Authority::new();
    let server = Server::start("");
    let stunnel = Stunnel::start(&authority, server.port("mx"));
    let printed = through(&stunnel, "127.0.0.9:0");
    // Its header is no command.
    assert!(printed.contains("500 5.5.") && printed.contains("250 2.0.0 delivered"), "{printed}");
    let mail = server.mail("example.org/postmaster");
    assert!(mail[0].contains("Received: from client.example ([127.0.0.1])\n"), "{}", mail[0]);
}

#[test]
fn a_unix_socket_is_one_more_listener() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("smtp.sock");
    let listener =
        format!("[[listener]]\naddress = \"unix:{}\"\nkind = \"mx\"\nname = \"near\"\n", text(&path));
    let server = Server::start(&listener);
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(MESSAGE).unwrap();
    let mut answers = String::new();
    client.read_to_string(&mut answers).unwrap();
    assert!(answers.contains("250 2.0.0 delivered"), "{answers}");
    assert!(server.mail("example.org/postmaster")[0].contains("client.example (local)"));
}
