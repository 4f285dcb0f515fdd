use std::error::Error;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);

/// A server under test: `name=command line`.
///
/// The first line that the command prints ends with the port on which it listens. A command that
/// cannot choose or tell its port is given one instead of `{port}` in its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCommand {
    /// The name in the table.
    pub name: String,
    program: String,
    arguments: Vec<String>,
}

impl FromStr for ServerCommand {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or("expected name=command line")?;
        let mut words = command.split_whitespace().map(str::to_owned);
        let program = words.next().ok_or("the command line is empty")?;
        Ok(Self { name: name.to_owned(), program, arguments: words.collect() })
    }
}

/// A server that was started, and is killed when this is dropped.
#[derive(Debug)]
pub struct RunningServer {
    /// Its name in the table.
    pub name: String,
    /// Where it listens.
    pub address: SocketAddr,
    child: Child,
}

impl RunningServer {
    /// Starts the command and waits until it takes connections.
    ///
    /// # Errors
    /// If it does not start, or does not listen in time.
    pub fn start(command: &ServerCommand) -> Result<Self, Box<dyn Error>> {
        let chosen = free_port()?;
        let takes_port = command.arguments.iter().any(|argument| argument.contains("{port}"));
        let child = Command::new(&command.program)
            .args(command.arguments.iter().map(|word| word.replace("{port}", &chosen.to_string())))
            .stdin(Stdio::null())
            .stdout(if takes_port { Stdio::null() } else { Stdio::piped() })
            .spawn()
            .map_err(|error| format!("{}: {}: {error}", command.name, command.program))?;
        // From here on, a failure drops the server and with it the process.
        let mut server = Self { name: command.name.clone(), address: local(chosen), child };
        if !takes_port {
            server.address = local(server.read_port()?);
        }
        server.wait_until_it_listens()?;
        Ok(server)
    }

    /// The process, for its CPU time.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn read_port(&mut self) -> Result<u16, Box<dyn Error>> {
        let mut line = String::new();
        let output = self.child.stdout.take().ok_or("no standard output")?;
        let mut output = BufReader::new(output);
        output.read_line(&mut line)?;
        // A server that prints more must neither block nor fail.
        std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
        port_at_end(&line).ok_or_else(|| format!("{}: no port at the end of {line:?}", self.name).into())
    }

    fn wait_until_it_listens(&mut self) -> Result<(), Box<dyn Error>> {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{}: ended with {status}", self.name).into());
            }
            if start.elapsed() > START {
                return Err(format!("{}: does not listen on {}", self.name, self.address).into());
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind(local(0))?.local_addr()?.port())
}

fn port_at_end(line: &str) -> Option<u16> {
    let digits = line.trim_end().rsplit(|character: char| !character.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_port_at_the_end_of_a_line() {
        for line in ["2525\n", "listening on mx 127.0.0.1:2525\n", "[::1]:2525"] {
            assert_eq!(port_at_end(line), Some(2525), "{line}");
        }
        assert_eq!(port_at_end("ready\n"), None);
        assert_eq!(port_at_end(""), None);
    }

    #[test]
    fn a_command_has_a_name_and_a_program() {
        let command: ServerCommand = "sink=/bin/sink --size 1 x=y".parse().unwrap();
        assert_eq!(command.name, "sink");
        assert_eq!(command.program, "/bin/sink");
        assert_eq!(command.arguments, ["--size", "1", "x=y"]);
        assert!("sink".parse::<ServerCommand>().is_err());
        assert!("sink= ".parse::<ServerCommand>().is_err());
    }
}
