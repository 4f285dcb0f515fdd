//! The real Sendmail with a configuration of its own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use peers::{Daemon, free_port};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::dialogue::Answer;
use crate::{certificates, program};

const LONGEST: Duration = Duration::from_secs(30);
const ACCESS: &str = include_str!("access");
const CONFIGURATION: &str = include_str!("sendmail.mc");

/// A daemon on a port of loopback, and its files.
pub(crate) struct Sendmail {
    _daemon: Daemon,
    pub(crate) address: SocketAddr,
    /// Its configuration, and certificates for others.
    pub(crate) folder: TempDir,
}

impl Sendmail {
    /// Starts it; `delay` is the line of `delay_checks` for its configuration.
    pub(crate) fn start(delay: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates::make(folder.path());
        program::configure(folder.path(), &CONFIGURATION.replace("DELAY", delay));
        program::make_map(folder.path(), ACCESS);
        let mut printed = String::new();
        for _ in 0..5 {
            let address = free_port();
            match listen(folder.path(), address.port()) {
                Ok(daemon) => return Self { _daemon: daemon, address, folder },
                Err(lines) => printed = lines,
            }
        }
        panic!("sendmail does not listen: {printed}");
    }

    /// What a client from there is told: the greeting, then the answer to each line.
    pub(crate) fn talk(&self, from: Ipv4Addr, lines: &[&str]) -> Vec<Answer> {
        let mut client = self.connect(from);
        let mut answers = vec![client.answer()];
        if answers[0].0 != 421 {
            answers.extend(lines.iter().map(|line| client.say(line)));
        }
        answers
    }

    /// A client from there. The daemon says that it listens shortly before it does.
    pub(crate) fn connect(&self, from: Ipv4Addr) -> Client {
        let begin = Instant::now();
        loop {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
            match socket.connect(&self.address.into()) {
                Ok(()) => return Client::new(socket.into()),
                Err(error) => assert!(begin.elapsed() < LONGEST, "{error}"),
            }
            std::thread::yield_now();
        }
    }
}

/// A client of the daemon.
pub(crate) struct Client {
    stream: TcpStream,
    replies: BufReader<TcpStream>,
}

impl Client {
    fn new(stream: TcpStream) -> Self {
        let replies = BufReader::new(stream.try_clone().unwrap());
        Self { stream, replies }
    }

    pub(crate) fn send(&mut self, line: &str) {
        write!(self.stream, "{line}\r\n").unwrap();
    }

    pub(crate) fn answer(&mut self) -> Answer {
        read_reply(&mut self.replies)
    }

    /// The answer to a line, or to the message behind DATA.
    pub(crate) fn say(&mut self, line: &str) -> Answer {
        self.send(line);
        let answer = self.answer();
        if answer.0 != 354 {
            return answer;
        }
        self.send("Subject: test\r\n\r\n.");
        self.answer()
    }

    /// The keywords in the answer to EHLO.
    pub(crate) fn offers(&mut self) -> Vec<String> {
        self.send("EHLO client.example");
        let mut offers = Vec::new();
        loop {
            let mut line = String::new();
            self.replies.read_line(&mut line).unwrap();
            offers.extend(line[4..].split_whitespace().next().map(str::to_owned));
            if line.as_bytes()[3] != b'-' {
                return offers;
            }
        }
    }
}

/// The daemon, once it listens; what it says if it does not.
fn listen(folder: &Path, port: u16) -> Result<Daemon, String> {
    let mut command = program::command(folder, "server.example");
    // In the foreground, and it says when it listens.
    command.args(["-bD", "-d15.2"]);
    command.arg(format!("-ODaemonPortOptions=Addr=127.0.0.1,Port={port},Name=MTA"));
    Daemon::try_start(&mut command, "daemon MTA: socket")
}

pub(crate) fn read_reply(replies: &mut impl std::io::BufRead) -> Answer {
    loop {
        let mut line = String::new();
        replies.read_line(&mut line).unwrap();
        if line.as_bytes().get(3) != Some(&b'-') {
            return Answer::of(&line);
        }
    }
}
