use std::fmt::Debug;
use std::io::{self, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// No talk with a server on the same computer takes longer.
pub(crate) const LONGEST: Duration = Duration::from_secs(60);

/// How a program ended, and what it printed.
#[derive(Debug)]
pub struct Ended {
    /// Whether it was content.
    pub success: bool,
    /// Its output, and behind that its errors.
    pub printed: String,
}

impl Ended {
    /// Fails the test, with all that was printed, unless this was part of it.
    #[track_caller]
    pub fn says(&self, expected: &str) {
        assert!(self.printed.contains(expected), "{expected:?} is missing in:\n{}", self.printed);
    }

    /// Fails the test, with all that was printed, unless the program was content.
    #[track_caller]
    pub fn succeeds(&self) {
        assert!(self.success, "{}", self.printed);
    }

    /// Fails the test if the program was content.
    #[track_caller]
    pub fn fails(&self) {
        assert!(!self.success, "{}", self.printed);
    }
}

/// A program that must be there, told to speak English.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("PATH", search_path()).env("LC_ALL", "C");
    command
}

/// Where this program lies.
pub fn path_of(name: &str) -> PathBuf {
    std::env::split_paths(&search_path())
        .map(|folder| folder.join(name))
        .find(|path| path.exists())
        .unwrap_or_else(|| panic!("{name} is missing; ci/test.sh installs it"))
}

/// Servers lie where the search path of an ordinary user does not lead.
fn search_path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// Starts a program, which must be there.
pub(crate) fn spawn(command: &mut Command) -> Child {
    let started = command.spawn();
    started.unwrap_or_else(|error| missing(command.get_program(), &error))
}

fn missing(program: impl Debug, error: &io::Error) -> ! {
    panic!("{program:?} is missing ({error}); ci/test.sh installs it")
}

/// Runs a program to its good end, and gives its output.
#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| missing(command.get_program(), &error));
    let printed = [&output.stdout, &output.stderr].map(|octets| String::from_utf8_lossy(octets));
    assert!(output.status.success(), "{:?}: {}", command.get_program(), printed.concat());
    let [printed, _] = printed;
    printed.into_owned()
}

/// Runs a program to its end, which comes sooner or later.
#[track_caller]
pub fn run(name: &str, arguments: &[&str], input: &[u8]) -> Ended {
    let mut command = program(name);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = spawn(&mut command);
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

/// Looks until there is something to see. It is for what another process does silently.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LONGEST;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited for too long until {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}
