//! A server in a folder of its own, on ports of its own.

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_smtpd");

/// How long a line of the log may take.
const LOGGED: Duration = Duration::from_secs(10);

const LISTENERS: [&str; 4] = ["mx", "submission", "submissions", "lmtp"];

/// Runs the program to its end: whether it succeeded, and all that it printed.
pub(crate) fn smtpd(arguments: &[&str], input: &str) -> (bool, String) {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that reads nothing may have ended by now.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(printed).unwrap())
}

pub(crate) struct Server {
    folder: TempDir,
    config: PathBuf,
    child: Child,
    ports: Vec<(String, u16)>,
    /// Of the first user; empty if this start made none.
    pub(crate) password: String,
}

// Each test program needs another part of it.
#[allow(dead_code)]
impl Server {
    /// A server for `example.org`, with more lines for its configuration.
    pub(crate) fn start(more: &str) -> Self {
        Self::start_as("example.org", more)
    }

    pub(crate) fn start_as(domain: &str, more: &str) -> Self {
        Self::start_all(domain, ("", ""), more)
    }

    /// With more lines for one of its listeners, too.
    pub(crate) fn start_with(listener: &str, its_more: &str, more: &str) -> Self {
        Self::start_all("example.org", (listener, its_more), more)
    }

    fn start_all(domain: &str, one: (&str, &str), more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("smtpd.toml");
        let listeners = LISTENERS.map(|kind| {
            let more = if kind == one.0 { one.1 } else { "" };
            format!("[[listener]]\naddress = \"127.0.0.1:0\"\nkind = {kind:?}\n{more}")
        });
        // Unless a test is about the queue, what a client is told is what became of the message.
        let queue = if more.contains("[queue]") { "" } else { "\n[queue]\nenabled = false\n" };
        // Nor are most about who may send as whom: programs send as they like.
        let any = "[auth]\nsenders = \"any\"\n";
        let more = match more {
            more if more.contains("senders = ") => more.to_owned(),
            more if more.contains("[auth]\n") => more.replacen("[auth]\n", any, 1),
            more => format!("{more}\n{any}"),
        };
        let text = format!(
            "hostname = \"mail.{domain}\"\ndata_dir = \"data\"\n{}[local]\ndomains = [{domain:?}]\n{more}{queue}",
            listeners.concat()
        );
        fs::write(&config, text).unwrap();
        let (child, ports, password) = launch(&config);
        Self { folder, config, child, ports, password }
    }

    pub(crate) fn start_again(&mut self) {
        (self.child, self.ports, self.password) = launch(&self.config);
    }

    /// The same on the ports of before, for those who know them.
    pub(crate) fn start_again_on_its_ports(&mut self) {
        let mut text = fs::read_to_string(&self.config).unwrap();
        for (_, port) in &self.ports {
            text = text.replacen("127.0.0.1:0\"", &format!("127.0.0.1:{port}\""), 1);
        }
        fs::write(&self.config, text).unwrap();
        self.start_again();
    }

    /// Asks the server to end, and tells whether it did so well.
    pub(crate) fn stop(&mut self) -> bool {
        self.terminate();
        self.wait()
    }

    /// Asks the server to end, and does not wait until it has.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// What the server has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(log_of(&self.config)).unwrap()
    }

    /// Waits until there is a line in the log with this in it, and gives the line.
    pub(crate) fn logs(&self, expected: &str) -> String {
        self.logs_within(expected, LOGGED)
    }

    /// The same for what takes longer.
    pub(crate) fn logs_within(&self, expected: &str, limit: Duration) -> String {
        let deadline = Instant::now() + limit;
        loop {
            let log = self.log();
            // A line that is being written is not looked at.
            let mut lines = log.split_inclusive('\n').filter(|line| line.ends_with('\n'));
            if let Some(line) = lines.find(|line| line.contains(expected)) {
                return line.to_owned();
            }
            assert!(Instant::now() < deadline, "{expected:?} is missing in:\n{log}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the end: whether it was a good one.
    pub(crate) fn wait(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Ends the server where it stands (SIGKILL).
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Takes a user in, from another process.
    pub(crate) fn add_user(&self, name: &str, password: &str) {
        let (added, message) = smtpd(&["--config", self.config(), "user", "add", name], password);
        assert!(added, "{message}");
    }

    /// Lets a user log in by mechanisms for which the password must be kept as it is.
    pub(crate) fn share_secret(&mut self, name: &str, password: &str) {
        assert!(self.stop());
        let arguments = ["--config", self.config(), "user", "passwd", "--shared-secret", name];
        let (changed, message) = smtpd(&arguments, password);
        assert!(changed, "{message}");
        // What is offered is known from the start.
        self.start_again();
    }

    /// The certificate that the server made itself, and all trust that its clients need.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.data().join("certificate.pem")
    }

    /// The folder of a mailbox.
    pub(crate) fn mailbox(&self, mailbox: &str) -> PathBuf {
        self.data().join("mail").join(mailbox)
    }

    /// The messages in a mailbox, octet by octet; none if nobody has sent one.
    pub(crate) fn octets(&self, mailbox: &str) -> Vec<Vec<u8>> {
        let Ok(files) = fs::read_dir(self.mailbox(mailbox).join("new")) else { return Vec::new() };
        files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }

    pub(crate) fn config(&self) -> &str {
        self.config.to_str().unwrap()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn port(&self, listener: &str) -> u16 {
        self.ports.iter().find(|(name, _)| name == listener).unwrap().1
    }

    /// The messages in a mailbox.
    pub(crate) fn mail(&self, mailbox: &str) -> Vec<String> {
        let files = fs::read_dir(self.data().join("mail").join(mailbox).join("new")).unwrap();
        files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

fn log_of(config: &Path) -> PathBuf {
    config.with_extension("log")
}

/// Starts the program and reads what it says until all listeners are there.
fn launch(config: &Path) -> (Child, Vec<(String, u16)>, String) {
    let log = OpenOptions::new().create(true).append(true).open(log_of(config)).unwrap();
    let mut child = Command::new(PROGRAM)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let (mut ports, mut password) = (Vec::new(), String::new());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listeners = fs::read_to_string(config).unwrap().matches("[[listener]]").count();
    while ports.len() < listeners {
        let line = lines.next().unwrap_or_else(|| {
            panic!("the server does not start: {}", fs::read_to_string(log_of(config)).unwrap())
        });
        let line = line.unwrap();
        if let Some(listener) = line.strip_prefix("listening on ") {
            let (name, address) = listener.split_once(' ').unwrap();
            let (_, port) = address.rsplit_once(':').unwrap();
            // A Unix socket has none.
            ports.push((name.to_owned(), port.parse().unwrap_or_default()));
        } else if let Some((_, shown)) = line.split_once("password ") {
            shown.clone_into(&mut password);
        }
    }
    (child, ports, password)
}
