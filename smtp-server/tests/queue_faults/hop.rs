//! A next hop that fails as it is told to, and then works.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::fault::{Fault, How, Step};

/// What one recipient of one message has got of it.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    pub(crate) contents: Vec<Vec<u8>>,
    /// How often the client was not told, or could not hear, that it arrived.
    pub(crate) unsaid: usize,
}

/// What it is to do, and what it has seen.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Each for one connection or message; further ones are served well.
    pub(crate) faults: VecDeque<Fault>,
    /// By sender and recipient.
    pub(crate) arrived: HashMap<(String, String), Arrived>,
    /// Who was turned away for now once: by sender and recipient.
    later: HashSet<(String, String)>,
    sessions: usize,
}

/// A next hop on a port of its own. Recipients whose names begin with `no` are refused, those with
/// `later` the first time.
pub(crate) struct Hop {
    pub(crate) address: SocketAddr,
    pub(crate) state: Arc<Mutex<State>>,
    /// Keeps the port while nobody listens.
    _keeper: TcpSocket,
    serving: Option<JoinSet<()>>,
}

impl Hop {
    /// One that refuses connections so far.
    pub(crate) fn down(faults: Vec<Fault>) -> Self {
        let keeper = bound((std::net::Ipv4Addr::LOCALHOST, 0).into());
        let address = keeper.local_addr().expect("it is bound");
        let state = State { faults: faults.into(), ..State::default() };
        Self { address, state: Arc::new(Mutex::new(state)), _keeper: keeper, serving: None }
    }

    pub(crate) fn rise(&mut self) {
        let listener = bound(self.address).listen(64).expect("the port is ours");
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, self.state.clone()));
        self.serving = Some(serving);
    }

    /// Breaks all connections, and refuses further ones.
    pub(crate) async fn fall(&mut self) {
        if let Some(mut serving) = self.serving.take() {
            serving.shutdown().await;
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("the system can");
    socket.bind(address).expect("an address of ours");
    socket
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut sessions = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let number = {
            let mut state = lock(&state);
            state.sessions += 1;
            state.sessions
        };
        let session = Session {
            stream: BufStream::new(stream),
            fault: None,
            pipelining: number.is_multiple_of(2),
            state: state.clone(),
        };
        // However it ends, that is what the test is about.
        sessions.spawn(async move { session.run().await.unwrap_or_default() });
        while sessions.try_join_next().is_some() {}
    }
}

struct Session {
    stream: BufStream<TcpStream>,
    fault: Option<Fault>,
    pipelining: bool,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct Transaction {
    sender: Option<String>,
    recipients: Vec<String>,
}

impl Session {
    async fn run(mut self) -> io::Result<()> {
        self.next_fault(false);
        self.answer(Step::Greeting, "220 mx.example.net").await?;
        let mut transaction = Transaction::default();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            let line = line.trim_end();
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match &*verb {
                "EHLO" => {
                    let pipelining = if self.pipelining { "250-PIPELINING\r\n" } else { "" };
                    let offers = format!("250-mx.example.net\r\n{pipelining}250 8BITMIME");
                    self.answer(Step::Hello, &offers).await?;
                }
                "HELO" => self.answer(Step::Hello, "250 mx.example.net").await?,
                "RSET" => {
                    transaction = Transaction::default();
                    self.next_fault(true);
                    self.answer(Step::Reset, "250 2.0.0 OK").await?;
                }
                "MAIL" => {
                    if self.answers_well(Step::Mail, "250 2.1.0 OK").await? {
                        transaction.sender = Some(path(line));
                    }
                }
                "RCPT" => self.rcpt(&mut transaction, path(line)).await?,
                "DATA" if transaction.recipients.is_empty() => {
                    self.say("503 5.5.1 nobody to send to").await?;
                }
                "DATA" => {
                    if self.answers_well(Step::Data, "354 go on").await? {
                        self.content(std::mem::take(&mut transaction)).await?;
                    }
                }
                "QUIT" => return self.say("221 2.0.0 bye").await,
                _ => self.say("500 5.5.1 what?").await?,
            }
        }
    }

    /// What goes wrong with the next message; some faults are for new connections alone, some for those
    /// that served before.
    fn next_fault(&mut self, served: bool) {
        let mut state = lock(&self.state);
        let fits = |fault: &Fault| match fault.step {
            Step::Greeting | Step::Hello => !served,
            Step::Reset => served,
            _ => true,
        };
        let place = state.faults.iter().position(fits);
        self.fault = place.and_then(|place| state.faults.remove(place));
    }

    async fn rcpt(&mut self, transaction: &mut Transaction, recipient: String) -> io::Result<()> {
        let Some(sender) = transaction.sender.clone() else {
            return self.say("503 5.5.1 MAIL first").await;
        };
        if recipient.starts_with("no") && self.fault.is_none_or(|fault| fault.step != Step::Rcpt) {
            return self.say("550 5.1.1 nobody of this name").await;
        }
        let comes_again =
            !recipient.starts_with("later") || !lock(&self.state).later.insert((sender, recipient.clone()));
        if !comes_again {
            return self.say("450 4.2.1 come again").await;
        }
        if self.answers_well(Step::Rcpt, "250 2.1.5 OK").await? && !recipient.starts_with("no") {
            transaction.recipients.push(recipient);
        }
        Ok(())
    }

    async fn content(&mut self, transaction: Transaction) -> io::Result<()> {
        let mut content = Vec::new();
        loop {
            if self.is_at(Step::Content) && content.len() > 100 {
                // It has more to say.
                return self.answer(Step::Content, "").await;
            }
            let start = content.len();
            if self.stream.read_until(b'\n', &mut content).await? == 0 {
                return Ok(());
            }
            match &content[start..] {
                b".\r\n" => {
                    content.truncate(start);
                    break;
                }
                [b'.', ..] => drop(content.remove(start)),
                _ => {}
            }
        }
        if self.is_at(Step::Lost) {
            return self.answer(Step::Lost, "250 2.0.0 not true").await;
        }
        let unsaid = self.is_at(Step::Kept);
        for recipient in transaction.recipients {
            let mut state = lock(&self.state);
            let key = (transaction.sender.clone().unwrap_or_default(), recipient);
            let arrived = state.arrived.entry(key).or_default();
            arrived.contents.push(content.clone());
            arrived.unsaid += usize::from(unsaid);
        }
        self.answer(Step::Kept, "250 2.0.0 kept").await
    }

    fn is_at(&self, step: Step) -> bool {
        self.fault.is_some_and(|fault| fault.step == step)
    }

    async fn answer(&mut self, step: Step, good: &str) -> io::Result<()> {
        self.answers_well(step, good).await.map(drop)
    }

    /// Gives this answer, or does what it is to do wrong here.
    async fn answers_well(&mut self, step: Step, good: &str) -> io::Result<bool> {
        let Some(fault) = self.fault.take_if(|fault| fault.step == step) else {
            return self.say(good).await.map(|()| true);
        };
        match fault.how {
            How::HangUp => Err(io::ErrorKind::ConnectionAborted.into()),
            How::HalfAnswer => {
                self.stream.write_all(&good.as_bytes()[..2]).await?;
                self.stream.flush().await?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            How::Refuse => self.say("451 4.2.1 not now").await.map(|()| false),
            How::Close => {
                self.say("421 4.3.2 closing").await?;
                Err(io::ErrorKind::ConnectionAborted.into())
            }
            How::Garbage => self.say("\u{0}\u{ff}2x0 what\r is it").await.map(|()| false),
            How::TooLate => {
                tokio::io::copy(&mut self.stream, &mut tokio::io::sink()).await?;
                self.say(good).await.map(|()| false)
            }
            How::NoService => self.turn_away().await,
        }
    }

    /// Says no to everything until the client has gone (RFC 5321 section 3.1).
    async fn turn_away(&mut self) -> io::Result<bool> {
        self.say("554 5.3.2 not for you").await?;
        let mut line = String::new();
        while self.stream.read_line(&mut line).await? > 0 {
            self.say("503 5.5.1 not for you").await?;
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.write_all(b"\r\n").await?;
        self.stream.flush().await
    }
}

/// The local part of the address in a command.
fn path(line: &str) -> String {
    let inner = line.split(['<', '>']).nth(1).unwrap_or_default();
    inner.split('@').next().unwrap_or_default().to_owned()
}
