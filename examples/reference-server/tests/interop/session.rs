//! A session within TLS that stays open: `openssl s_client` between two pipes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use peers::program;

const LONGEST: Duration = Duration::from_secs(30);

pub(crate) struct Session {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
}

impl Session {
    /// Behind STARTTLS.
    pub(crate) fn start(port: u16, options: &[&str]) -> Self {
        let address = format!("127.0.0.1:{port}");
        let mut child = program("openssl")
            .args(["s_client", "-connect", &address, "-starttls", "smtp", "-quiet", "-crlf"])
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("OpenSSL is installed");
        let (stdin, stdout) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let (sender, lines) = channel();
        thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            lines.all(|line| sender.send(line).is_ok())
        });
        Self { child, stdin, lines }
    }

    /// Says something, and waits for a line that begins like this.
    pub(crate) fn command(&mut self, command: &str, expected: &str) {
        writeln!(self.stdin, "{}", command.replace("\r\n", "\n")).expect("a pipe");
        loop {
            let line =
                self.lines.recv_timeout(LONGEST).unwrap_or_else(|_| panic!("no {expected:?} to {command:?}"));
            if line.starts_with(expected) {
                return;
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
