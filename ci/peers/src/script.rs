use std::io::Write as _;
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::daemon::forward;
use crate::program::{LONGEST, program, spawn};

/// A script of the tests in a process of its own, which talks in lines. It is killed when it is dropped.
#[derive(Debug)]
pub struct Script {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
}

impl Script {
    /// Runs a script, named from the root of the project.
    #[track_caller]
    pub fn start(interpreter: &str, script: &str, arguments: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(script);
        let mut command = program(interpreter);
        command.arg(script).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = spawn(&mut command);
        let (sender, lines) = channel();
        forward(child.stdout.take().expect("a pipe"), sender);
        let input = child.stdin.take().expect("a pipe");
        Self { child, input, lines }
    }

    /// Tells it a line, and gives back the line that it prints.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> String {
        writeln!(self.input, "{line}").expect("it reads");
        self.line()
    }

    /// The next line that it prints.
    #[track_caller]
    pub fn line(&mut self) -> String {
        match self.lines.recv_timeout(LONGEST) {
            Ok(line) => line.trim_end().to_owned(),
            Err(reason) => panic!("no line came ({reason}); it has ended: {:?}", self.child.try_wait()),
        }
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
