//! Daemons that live as long as their test.

use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

/// No daemon takes longer to come up.
const LONGEST: Duration = Duration::from_secs(30);

/// A daemon in the foreground, and what it prints.
pub(crate) struct Daemon {
    child: Child,
    lines: Receiver<String>,
}

impl Daemon {
    /// Starts it, and waits for a line that says that it listens.
    pub(crate) fn start(command: &mut Command, ready: &str) -> Self {
        let started = Self::try_start(command, ready);
        started.unwrap_or_else(|printed| panic!("the daemon does not say {ready:?}, but:\n{printed}"))
    }

    /// As [`start`](Self::start), for one that may not come up; what it says then.
    pub(crate) fn try_start(command: &mut Command, ready: &str) -> Result<Self, String> {
        let name = command.get_program().to_owned();
        // Some signal their whole group when they end.
        command.process_group(0);
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = spawned.unwrap_or_else(|error| {
            panic!("{} is missing ({error}); ci/test.sh installs it", name.display())
        });
        let (sender, lines) = channel();
        forward(child.stdout.take().unwrap(), sender.clone());
        forward(child.stderr.take().unwrap(), sender);
        let mut printed = String::new();
        let daemon = Self { child, lines };
        loop {
            match daemon.lines.recv_timeout(LONGEST) {
                Ok(line) if line.contains(ready) => return Ok(daemon),
                Ok(line) => printed += &(line + "\n"),
                Err(_) => return Err(printed),
            }
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Daemon {
    /// Asks it to end, as only then it ends its own processes, and waits until it has.
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            self.signal("-CONT");
            self.signal("-TERM");
        }
        let _ = self.child.wait();
    }
}

/// The pipe is read to its end, so that the daemon never waits for room in it.
fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            // Nobody may be reading any more.
            let _ = to.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
}

/// A daemon that must be there, though its folder is not in the search path of ordinary users.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin")).env("LC_ALL", "C");
    command
}
