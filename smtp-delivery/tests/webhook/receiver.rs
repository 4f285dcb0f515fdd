//! A web service in a process of its own. The tests of servers start it too.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Ended when it is dropped.
pub(crate) struct Receiver {
    child: Child,
    output: BufReader<ChildStdout>,
    pub(crate) port: u16,
}

impl Receiver {
    /// Starts it; with the files of a certificate and a key, it speaks TLS.
    pub(crate) fn start(identity: &[&Path]) -> Self {
        let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        let script = folders
            .find_map(|folder| {
                let script = folder.join("smtp-delivery/tests/webhook/service.py");
                script.exists().then_some(script)
            })
            .expect("a script beside this file");
        let started = Command::new("python3").arg(script).args(identity).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("python3: {error}"));
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut receiver = Self { child, output, port: 0 };
        receiver.port = receiver.line().parse().expect("a port");
        receiver
    }

    /// What it says of the next request.
    pub(crate) fn request(&mut self) -> Value {
        serde_json::from_str(&self.line()).expect("JSON")
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a line");
        assert!(!line.is_empty(), "it has ended: {:?}", self.child.try_wait());
        line.trim_end().to_owned()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
