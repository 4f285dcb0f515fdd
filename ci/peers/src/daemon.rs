use std::io::{BufRead as _, BufReader, Read};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use crate::program::{LONGEST, spawn, succeed};

/// A program that lives as long as its test, in the foreground, and what it prints.
///
/// When it is dropped it is asked to end, as only then it ends its own processes, and waited for.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    lines: Receiver<String>,
    ready: String,
}

impl Daemon {
    /// Starts it, and waits for a line with this in it, by which it says that it listens.
    #[track_caller]
    pub fn start(command: &mut Command, ready: &str) -> Self {
        let started = Self::try_start(command, ready);
        started.unwrap_or_else(|printed| panic!("the daemon does not say {ready:?}, but:\n{printed}"))
    }

    /// As [`start`](Self::start), for one that may not come up; what it says then.
    ///
    /// # Errors
    ///
    /// All that it printed, if it ended, or said nothing for a minute.
    pub fn try_start(command: &mut Command, ready: &str) -> Result<Self, String> {
        // Some signal their whole group when they end.
        command.process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = spawn(command);
        let (sender, lines) = channel();
        forward(child.stdout.take().expect("a pipe"), sender.clone());
        forward(child.stderr.take().expect("a pipe"), sender);
        let mut daemon = Self { child, lines, ready: String::new() };
        daemon.ready = daemon.line_with(ready)?;
        Ok(daemon)
    }

    /// The line by which it said that it listens.
    pub fn ready(&self) -> &str {
        &self.ready
    }

    /// Waits for a line with this in it, and gives it. What came before it is read then.
    #[track_caller]
    pub fn logs(&self, expected: &str) -> String {
        let line = self.line_with(expected);
        line.unwrap_or_else(|printed| panic!("{expected:?} is missing in the log:\n{printed}"))
    }

    fn line_with(&self, expected: &str) -> Result<String, String> {
        let deadline = Instant::now() + LONGEST;
        let mut printed = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(expected) => return Ok(line),
                Ok(line) => printed += &(line + "\n"),
                Err(_) => return Err(printed),
            }
        }
    }

    /// The number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, as `-HUP`.
    #[track_caller]
    pub fn signal(&self, signal: &str) {
        send(signal, self.id());
    }

    /// Ends it where it stands (SIGKILL).
    pub fn kill(mut self) {
        self.child.kill().expect("it is ours");
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Waits until it ends by itself: whether it was content.
    pub fn wait(&mut self) -> bool {
        self.child.wait().expect("it is ours").success()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // One that was stopped would not hear of it. It may end by itself at any time.
            for signal in ["-CONT", "-TERM"] {
                let _ = Command::new("kill").args([signal, &self.id().to_string()]).output();
            }
        }
        let _ = self.child.wait();
    }
}

#[track_caller]
pub(crate) fn send(signal: &str, process: u32) {
    succeed(Command::new("kill").args([signal, &process.to_string()]));
}

/// The pipe is read to its end, so that the program never waits for room in it.
pub(crate) fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            // Nobody may be reading any more.
            let _ = to.send(String::from_utf8_lossy(&line).into_owned());
        }
    });
}

/// Starts one of our own servers, and gives the address that it says it listens at.
#[track_caller]
pub fn listening(command: &mut Command) -> (Daemon, String) {
    const LISTENING: &str = "listening on ";
    let daemon = Daemon::start(command, LISTENING);
    let (_, address) = daemon.ready().split_once(LISTENING).expect("it was waited for");
    let address = address.trim().to_owned();
    (daemon, address)
}
