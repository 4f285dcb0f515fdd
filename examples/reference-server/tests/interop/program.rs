use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// No talk with a server on the same computer takes longer.
const LONGEST: Duration = Duration::from_secs(60);

/// How a program ended, and what it printed.
pub(crate) struct Ended {
    pub(crate) success: bool,
    pub(crate) printed: String,
}

impl Ended {
    /// Fails the test, with all that was printed, unless this was part of it.
    pub(crate) fn says(&self, expected: &str) {
        assert!(self.printed.contains(expected), "{expected:?} is missing in:\n{}", self.printed);
    }

    /// Fails the test, with all that was printed, unless the program was content.
    pub(crate) fn succeeds(&self) {
        assert!(self.success, "{}", self.printed);
    }

    /// Fails the test if the program was content.
    pub(crate) fn fails(&self) {
        assert!(!self.success, "{}", self.printed);
    }
}

/// A program that must be there.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", search_path()).env("LC_ALL", "C");
    command
}

/// Where this program lies.
pub(crate) fn path_of(name: &str) -> PathBuf {
    std::env::split_paths(&search_path())
        .map(|folder| folder.join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is missing; ci/test.sh installs it"))
}

/// Mail servers lie where the search path of an ordinary user does not lead.
fn search_path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// Runs a program to its end, which comes sooner or later.
pub(crate) fn run(name: &str, arguments: &[&str], input: &[u8]) -> Ended {
    let mut child = program(name)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name} is missing ({error}); ci/test.sh installs it"));
    let (sender, receiver) = channel();
    read(child.stdout.take().expect("a pipe"), sender.clone());
    read(child.stderr.take().expect("a pipe"), sender);
    let (mut stdin, input) = (child.stdin.take().expect("a pipe"), input.to_owned());
    // Who has said enough does not read to the end.
    thread::spawn(move || stdin.write_all(&input));
    let Some(printed) = collect(&receiver) else {
        child.kill().expect("it is still there");
        child.wait().expect("it was started");
        panic!("{name} {arguments:?} does not end");
    };
    Ended { success: child.wait().expect("it was started").success(), printed }
}

fn read(mut from: impl Read + Send + 'static, to: Sender<Vec<u8>>) {
    thread::spawn(move || {
        let mut printed = Vec::new();
        from.read_to_end(&mut printed).expect("a pipe can be read");
        // Nobody waits any more if the program takes too long.
        let _ = to.send(printed);
    });
}

/// What came out of both pipes, once both are closed.
fn collect(receiver: &Receiver<Vec<u8>>) -> Option<String> {
    let deadline = Instant::now() + LONGEST;
    let mut printed = String::new();
    for _ in 0..2 {
        let left = deadline.saturating_duration_since(Instant::now());
        printed += &String::from_utf8_lossy(&receiver.recv_timeout(left).ok()?);
    }
    Some(printed)
}
