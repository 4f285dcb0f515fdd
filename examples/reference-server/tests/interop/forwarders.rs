//! stunnel in front of the server, which says by the PROXY protocol who the client is; Unix sockets, and
//! sockets of systemd.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

use crate::authority::{Authority, text};
use crate::client::Client;
use crate::server::{PROGRAM, Server};
use crate::stunnel::Stunnel;
use peers::{program, run};

const MESSAGE: &[u8] =
    b"EHLO client.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<postmaster@example.org>\r\n\
    DATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n";

fn through(stunnel: &Stunnel, source: &str) -> String {
    let address = format!("127.0.0.1:{}", stunnel.port());
    let arguments = ["s_client", "-connect", &address, "-bind", source, "-quiet", "-ign_eof"];
    run("openssl", &arguments, MESSAGE).printed
}

#[test]
fn stunnel_says_who_the_client_is() {
    let authority = Authority::new();
    // A client from an address of its own may relay; the tunnel itself may not.
    let trusted = "[relay]\nnext_hop = \"127.0.0.1:9\"\ntrusted_networks = [\"127.0.0.9/32\"]\n";
    let server = Server::start_with("mx", "proxy_from = [\"127.0.0.1/32\"]\n", trusted);
    let stunnel =
        Stunnel::start(&authority.issue("tunnel.example.org", "ecdsa", 30), "proxy", server.port("mx"));
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
    let stunnel =
        Stunnel::start(&authority.issue("tunnel.example.org", "ecdsa", 30), "proxy", server.port("mx"));
    let printed = through(&stunnel, "127.0.0.9:0");
    // Its header is no command.
    assert!(printed.contains("500 5.5.") && printed.contains("250 2.0.0 delivered"), "{printed}");
    let mail = server.mail("example.org/postmaster");
    assert!(mail[0].contains("Received: from client.example ([127.0.0.1])\n"), "{}", mail[0]);
}

/// Does what systemd does: opens a socket, and hands it over as descriptor 3.
const ACTIVATE: &str = "\
import os, socket, sys
listener = socket.create_server(('127.0.0.1', 0))
os.dup2(listener.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS='1', LISTEN_FDNAMES='smtp', LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], sys.argv[1:])
";

#[test]
fn a_socket_of_systemd_is_one_more_listener() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("smtpd.toml");
    let listener = |name: &str| format!("[[listener]]\naddress = \"systemd:{name}\"\nkind = \"mx\"\n");
    let start = |name: &str| {
        let written = format!("hostname = \"mail.example.org\"\ndata_dir = \"data\"\n{}", listener(name));
        std::fs::write(&config, written).unwrap();
        program("python3")
            .args(["-c", ACTIVATE, PROGRAM, "--config", text(&config)])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let mut server = start("smtp");
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.find(|line| line.starts_with("listening on mx ")).unwrap();
    let port = line.rsplit(':').next().unwrap().parse().unwrap();
    let mut client = Client::connect(port).unwrap();
    assert!(client.command("EHLO client.example").unwrap().contains("250-STARTTLS"));
    server.kill().unwrap();
    server.wait().unwrap();
    let wrong = start("other").wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && said.contains("no socket that is called other"), "{said}");
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
