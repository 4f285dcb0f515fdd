//! The real Sendmail with a configuration of its own.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::dialogue::Answer;

const ROOT: &str = "/opt/sendmail/usr";
const LONGEST: Duration = Duration::from_secs(30);
const ACCESS: &str = include_str!("access");
const CONFIGURATION: &str = include_str!("sendmail.mc");

/// A daemon on a port of loopback, and its files.
pub(crate) struct Sendmail {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Sendmail {
    /// Starts it; `delay` is the line of `delay_checks` for its configuration.
    pub(crate) fn start(delay: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        fs::create_dir(file("queue")).unwrap();
        fs::write(file("access"), ACCESS).unwrap();
        fs::write(file("switch"), "hosts files\n").unwrap();
        fs::write(file("hosts"), "127.0.0.1 server.example\n").unwrap();
        let source = CONFIGURATION.replace("FOLDER", &folder.path().display().to_string());
        let source = source.replace("DELAY", delay).replace("WHO", &user());
        fs::write(file("sendmail.mc"), source).unwrap();
        fs::write(file("sendmail.cf"), made_of(&file("sendmail.mc"))).unwrap();
        make_map(&file("sendmail.cf"), &file("access"));
        // The copy has not the rights of another group, with which no library could be loaded first.
        fs::copy(format!("{ROOT}/libexec/sendmail/sendmail"), file("sendmail")).unwrap();
        let mut printed = String::new();
        for _ in 0..5 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            match listen(folder.path(), port) {
                Ok(child) => {
                    return Self { child, address: (Ipv4Addr::LOCALHOST, port).into(), _folder: folder };
                }
                Err(lines) => printed = lines,
            }
        }
        panic!("sendmail does not listen: {printed}");
    }

    /// What a client from there is told: the greeting, then the answer to each line.
    pub(crate) fn talk(&self, from: Ipv4Addr, lines: &[&str]) -> Vec<Answer> {
        let mut stream = self.connect(from);
        let mut replies = BufReader::new(stream.try_clone().unwrap());
        let greeting = read_reply(&mut replies);
        if greeting.0 == 421 {
            return vec![greeting];
        }
        let mut answers = vec![greeting];
        for line in lines {
            write!(stream, "{line}\r\n").unwrap();
            let mut answer = read_reply(&mut replies);
            if answer.0 == 354 {
                write!(stream, "Subject: test\r\n\r\n.\r\n").unwrap();
                answer = read_reply(&mut replies);
            }
            answers.push(answer);
        }
        answers
    }
}

impl Sendmail {
    /// It says that it listens shortly before it does.
    fn connect(&self, from: Ipv4Addr) -> TcpStream {
        let begin = Instant::now();
        loop {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
            match socket.connect(&self.address.into()) {
                Ok(()) => return socket.into(),
                Err(error) => assert!(begin.elapsed() < LONGEST, "{error}"),
            }
            std::thread::yield_now();
        }
    }
}

impl Drop for Sendmail {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// Who runs the tests: a daemon starts for those whom it trusts alone.
fn user() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn made_of(source: &Path) -> Vec<u8> {
    let library = format!("{ROOT}/share/sendmail/cf");
    let mut m4 = Command::new("m4");
    m4.arg(format!("-D_CF_DIR_={library}/")).arg(format!("{library}/m4/cf.m4")).arg(source);
    let output = m4.output().expect("m4 is missing; ci/test.sh installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn make_map(configuration: &Path, access: &PathBuf) {
    let mut makemap = Command::new(format!("{ROOT}/libexec/sendmail/makemap"));
    makemap.arg("-C").arg(configuration).arg("hash").arg(access);
    let input = fs::File::open(access).unwrap();
    let status = makemap.stdin(input).status().expect("sendmail is missing; ci/test.sh installs it");
    assert!(status.success());
}

/// The daemon, once it listens; what it says if it does not.
fn listen(folder: &Path, port: u16) -> Result<Child, String> {
    let mut command = Command::new(folder.join("sendmail"));
    command
        .arg(format!("-C{}", folder.join("sendmail.cf").display()))
        // In the foreground, and it says when it listens.
        .args(["-bD", "-d15.2"])
        .arg(format!("-ODaemonPortOptions=Addr=127.0.0.1,Port={port},Name=MTA"))
        // It would wait for a minute for a name of its own with a dot.
        .env("LD_PRELOAD", "libnss_wrapper.so")
        .env("NSS_WRAPPER_HOSTS", folder.join("hosts"))
        .env("NSS_WRAPPER_HOSTNAME", "server.example")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("sendmail is missing; ci/test.sh installs it");
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut printed = String::new();
    for line in lines.by_ref() {
        if line.contains("daemon MTA: socket") {
            // Whoever prints into a closed pipe ends.
            std::thread::spawn(move || lines.count());
            return Ok(child);
        }
        printed += &(line + "\n");
    }
    let _ = child.wait();
    Err(printed)
}

fn read_reply(replies: &mut impl std::io::BufRead) -> Answer {
    loop {
        let mut line = String::new();
        replies.read_line(&mut line).unwrap();
        if line.as_bytes().get(3) != Some(&b'-') {
            return Answer::of(&line);
        }
    }
}
