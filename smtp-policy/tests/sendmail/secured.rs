//! A client within TLS: OpenSSL's, which shows a certificate or none.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::daemon::{Sendmail, read_reply};
use crate::dialogue::Answer;

pub(crate) struct Secured {
    child: Child,
    lines: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Secured {
    /// Does STARTTLS, and EHLO behind it.
    pub(crate) fn connect(sendmail: &Sendmail, from: Ipv4Addr, certificate: Option<&str>) -> Self {
        let mut client = Command::new("openssl");
        client
            .current_dir(sendmail.folder.path())
            .args(["s_client", "-quiet", "-starttls", "smtp", "-name", "client.example", "-connect"])
            .arg(sendmail.address.to_string())
            .args(["-bind", &format!("{from}:0")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        if let Some(name) = certificate {
            client.args(["-cert", &format!("{name}.pem"), "-key", &format!("{name}.key")]);
        }
        let mut child = client.spawn().expect("openssl is missing; ci/test.sh installs it");
        let lines = child.stdin.take().unwrap();
        let replies = BufReader::new(child.stdout.take().unwrap());
        let mut this = Self { child, lines, replies };
        this.send("EHLO client.example");
        // What OpenSSL read before the handshake may come first.
        let mut line = String::new();
        while !line.starts_with("250-server.example") {
            line.clear();
            assert!(this.replies.read_line(&mut line).unwrap() > 0, "no answer within TLS");
        }
        read_reply(&mut this.replies);
        this
    }

    pub(crate) fn say(&mut self, line: &str) -> Answer {
        self.send(line);
        read_reply(&mut self.replies)
    }

    fn send(&mut self, line: &str) {
        write!(self.lines, "{line}\r\n").unwrap();
    }
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
