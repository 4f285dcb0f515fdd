//! Postfix's `smtp-sink` as the next hop.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::process::{Child, Stdio};

use tempfile::TempDir;

use crate::content::split_trace;
use peers::{program, until};

pub(crate) struct Sink {
    folder: TempDir,
    child: Child,
    port: u16,
}

/// A message as it was written down.
pub(crate) struct Dump {
    /// `X-Mail-Args` and `X-Rcpt-Args`: the addresses with what stands behind them.
    pub(crate) sender: String,
    pub(crate) recipients: Vec<String>,
    /// All that was sent behind DATA; its lines end as this system's do.
    pub(crate) content: Vec<u8>,
}

impl Sink {
    /// Starts it on a port that is free. It ends behind the first session.
    pub(crate) fn for_one_session(options: &[&str]) -> Self {
        // It counts sessions only where it is told to show the count.
        Self::start(&[&["-c", "-n", "1"], options].concat())
    }

    /// Starts it on a port that is free.
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dump = folder.path().join("dump.");
        let mut command = program("smtp-sink");
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            // Root has to say as whom it runs, and nobody else may.
            command.args(["-u", "root"]);
        }
        let child = command
            .arg("-d")
            .arg(dump)
            .args(options)
            .args(["127.0.0.1:0", "64"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("smtp-sink is missing ({error}); ci/test.sh installs it"));
        let mut sink = Self { folder, child, port: 0 };
        sink.port = until("smtp-sink listens", || listening_port(sink.child.id()));
        sink
    }

    /// What our server's configuration says of it.
    pub(crate) fn as_next_hop(&self) -> String {
        format!("[relay]\nnext_hop = \"127.0.0.1:{}\"\n", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Whether it has received nothing so far.
    pub(crate) fn is_empty(&self) -> bool {
        fs::read_dir(self.folder.path()).unwrap().next().is_none()
    }

    /// What it received, once it has ended.
    pub(crate) fn messages(mut self) -> Vec<Dump> {
        let ended = until("smtp-sink ends", || self.child.try_wait().unwrap());
        assert!(ended.success());
        fs::read_dir(self.folder.path())
            .unwrap()
            .map(|file| Dump::read(&fs::read(file.unwrap().path()).unwrap()))
            .collect()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Dump {
    fn read(dump: &[u8]) -> Self {
        let text = String::from_utf8_lossy(dump);
        let recipients = text
            .lines()
            .take_while(|line| line.starts_with("X-"))
            .filter(|line| line.starts_with("X-Rcpt"))
            .count();
        let mut names = vec!["X-Client-Addr", "X-Client-Proto", "X-Helo-Args", "X-Mail-Args"];
        names.extend(vec!["X-Rcpt-Args"; recipients]);
        names.push("Received");
        let (fields, rest) = split_trace(dump, &names);
        let value = |field: &String| field.split_once(": ").map(|(_, value)| value.to_owned()).unwrap();
        Self {
            sender: value(&fields[3]),
            recipients: fields[4..4 + recipients].iter().map(value).collect(),
            // The dump ends with an empty line of its own.
            content: rest.strip_suffix(b"\n").unwrap().to_owned(),
        }
    }
}

/// The port on which this process awaits connections. The system alone knows which it gave.
fn listening_port(process: u32) -> Option<u16> {
    let sockets: Vec<String> = fs::read_dir(format!("/proc/{process}/fd"))
        .ok()?
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok()?.into_os_string().into_string().ok())
        .collect();
    let table = fs::read_to_string("/proc/net/tcp").ok()?;
    table.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let listens = *columns.get(3)? == "0A" && sockets.contains(&format!("socket:[{}]", columns.get(9)?));
        let (_, port) = columns[1].split_once(':')?;
        listens.then(|| u16::from_str_radix(port, 16).ok())?
    })
}
