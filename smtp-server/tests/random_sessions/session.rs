//! A client that plays the steps of a session and knows what the replies must be.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::io::DuplexStream;

use crate::case::{Action, BadLine, Case, Interlude, Step, Tail, Transaction, Transfer};
use crate::client::Client;
use crate::content::{has_bare_line_ending, stuffed, with_last_line_ended};
use crate::expected::{Closes, Expected, Fate, REFUSALS, Sent};

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// By QUIT.
    Quit,
    /// The client left in the middle.
    Left,
    /// The server closed the connection, as it should.
    Closed,
}

pub(crate) struct Session {
    client: Client,
    /// The replies that did not come yet.
    expected: VecDeque<Expected>,
    messages: Vec<Sent>,
    lockstep: bool,
    may_close: bool,
    half_closes: bool,
    shuts_down: bool,
}

impl Session {
    pub(crate) fn new(io: DuplexStream, case: &Case) -> Self {
        Self {
            client: Client::new(io, case),
            // The greeting.
            expected: VecDeque::from([Expected::is(220)]),
            messages: Vec::new(),
            lockstep: true,
            may_close: false,
            half_closes: case.half_closes,
            shuts_down: case.shutdown.is_some(),
        }
    }

    /// Plays the session to its end, and gives what is known of its messages.
    pub(crate) async fn play(mut self, steps: &[Step]) -> (Vec<Sent>, Over) {
        let mut over = match self.steps(steps).await {
            Err(over) => over,
            Ok(()) => Over::Quit,
        };
        if over == Over::Left && self.half_closes {
            self.client.end_writing().await;
            // All whole commands have their replies.
            over = self.settle().await.err().unwrap_or(over);
        }
        if over != Over::Left || self.half_closes {
            let mut last = self.client.reply().await;
            if last == Some(421) && over == Over::Left && self.shuts_down {
                last = self.client.reply().await;
            }
            assert_eq!(last, None, "behind the end");
        }
        (self.messages, over)
    }

    async fn steps(&mut self, steps: &[Step]) -> Result<(), Over> {
        self.settle().await?;
        self.command("EHLO client.example", Expected::is(250)).await?;
        for step in steps {
            self.lockstep = step.lockstep;
            self.step(&step.action).await?;
        }
        self.command("QUIT", Expected::is(221)).await?;
        self.settle().await
    }

    async fn step(&mut self, action: &Action) -> Result<(), Over> {
        match action {
            Action::Simple(commands) => {
                for (command, code) in commands {
                    self.command(command, Expected::is(*code)).await?;
                }
            }
            Action::Help(times) => {
                for _ in 0..*times {
                    self.command("HELP", Expected::is(214)).await?;
                }
            }
            Action::StrayChunk(octets, tail) => {
                let code = if matches!(tail, Tail::Malformed) { 501 } else { 503 };
                self.send(&chunk(octets, *tail), Expected::is(code)).await?;
            }
            Action::Line(line) => self.bad_line(line, Expected::refusal).await?,
            Action::Transaction(transaction) => self.transaction(transaction).await?,
        }
        Ok(())
    }

    async fn transaction(&mut self, transaction: &Transaction) -> Result<(), Over> {
        let Transaction { content, behaviour, transfer } = transaction;
        let content = match transfer {
            Transfer::Data => with_last_line_ended(content),
            Transfer::Chunks(_) => content.clone(),
        };
        let id = self.messages.len();
        self.messages.push(Sent {
            acceptable: behaviour.accepts() && !has_bare_line_ending(&content),
            read_to_end: behaviour.reads_all(),
            content: content.clone(),
            whole: false,
            fate: Fate::Unknown { begun: false },
        });
        self.command(&format!("MAIL FROM:<{id}@example.org>"), Expected::is(250)).await?;
        self.command("RCPT TO:<joe@example.org>", Expected::is(250)).await?;
        match transfer {
            Transfer::Data => self.data(id, &content).await,
            Transfer::Chunks(chunks) => self.chunks(id, content, chunks).await,
        }
    }

    async fn data(&mut self, id: usize, content: &[u8]) -> Result<(), Over> {
        self.client.send(b"DATA\r\n").await?;
        self.settle().await?;
        match self.reply(true).await? {
            354 => {
                self.client.send(&stuffed(content)).await?;
                self.messages[id].whole = self.client.is_open();
                self.expect(Expected::End { id }).await
            }
            code => {
                self.messages[id].end(code);
                assert_ne!(code, 250, "accepted before it was sent");
                Ok(())
            }
        }
    }

    async fn chunks(
        &mut self,
        id: usize,
        mut rest: Bytes,
        chunks: &[(usize, Option<Interlude>)],
    ) -> Result<(), Over> {
        let mut given_up = false;
        for (size, interlude) in chunks {
            let octets = rest.split_to(rest.len().min(*size));
            self.send(&chunk(&octets, Tail::Nothing), Expected::Chunk { id, last: false }).await?;
            if let Some(interlude) = interlude {
                given_up |= !matches!(interlude, Interlude::Noop);
                self.interlude(id, interlude).await?;
            }
        }
        self.client.send(&chunk(&rest, Tail::Last)).await?;
        self.messages[id].whole = self.client.is_open() && !given_up;
        self.expect(Expected::Chunk { id, last: true }).await
    }

    async fn interlude(&mut self, id: usize, interlude: &Interlude) -> Result<(), Over> {
        let abort = |codes, closes| Expected::Abort { id, codes, closes };
        match interlude {
            Interlude::Noop => self.command("NOOP", Expected::is(250)).await,
            Interlude::Rset => self.command("RSET", abort(250..=250, Closes::No)).await,
            Interlude::Vrfy => self.command("VRFY a", abort(252..=252, Closes::No)).await,
            Interlude::Data => {
                // What comes behind it without waiting could be content.
                let closes = if self.lockstep { Closes::No } else { Closes::Perhaps };
                self.command("DATA", abort(503..=503, closes)).await
            }
            Interlude::Line(line) => self.bad_line(line, || abort(REFUSALS, Closes::No)).await,
            Interlude::MalformedChunk(octets) => {
                self.send(&chunk(octets, Tail::Malformed), abort(501..=501, Closes::No)).await
            }
            Interlude::ChunkWithoutSize => self.command("BDAT LAST", abort(501..=501, Closes::Yes)).await,
        }
    }

    async fn bad_line(&mut self, line: &BadLine, expected: impl Fn() -> Expected) -> Result<(), Over> {
        let mut octets = match line {
            BadLine::Garbage(octets) => octets.to_vec(),
            BadLine::TooLong(length) => vec![b'x'; *length],
        };
        octets.extend_from_slice(b"\r\n");
        let mut rest = &octets[..];
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
            let (line, behind) = rest.split_at(end + 2);
            self.send(line, expected()).await?;
            rest = behind;
        }
        Ok(())
    }

    async fn command(&mut self, line: &str, expected: Expected) -> Result<(), Over> {
        self.send(format!("{line}\r\n").as_bytes(), expected).await
    }

    async fn send(&mut self, octets: &[u8], expected: Expected) -> Result<(), Over> {
        self.client.send(octets).await?;
        self.expect(expected).await
    }

    async fn expect(&mut self, expected: Expected) -> Result<(), Over> {
        self.expected.push_back(expected);
        if self.lockstep { self.settle().await } else { Ok(()) }
    }

    /// Reads the replies to all that was sent.
    async fn settle(&mut self) -> Result<(), Over> {
        while let Some(expected) = self.expected.pop_front() {
            let busy = matches!(expected, Expected::End { .. }) || self.messages.iter().any(Sent::is_begun);
            let code = self.reply(!busy).await?;
            match expected {
                Expected::Code(codes) => assert!(codes.contains(&code), "{code} instead of {codes:?}"),
                Expected::Abort { id, codes, closes } => {
                    assert!(codes.contains(&code), "{code} instead of {codes:?}");
                    self.messages[id].fate = Fate::Refused;
                    self.may_close = closes == Closes::Perhaps;
                    if closes == Closes::Yes {
                        return Err(Over::Closed);
                    }
                }
                Expected::Chunk { id, last } => self.messages[id].chunk(code, last),
                Expected::End { id } => self.messages[id].end(code),
            }
        }
        Ok(())
    }

    /// The next reply. `idle` says whether a server that shuts down may do so instead.
    async fn reply(&mut self, idle: bool) -> Result<u16, Over> {
        match self.client.reply().await {
            None if self.may_close => Err(Over::Closed),
            None => panic!("no reply"),
            Some(421) if self.shuts_down && idle => Err(Over::Closed),
            Some(code) => {
                self.may_close = false;
                Ok(code)
            }
        }
    }
}

fn chunk(octets: &[u8], tail: Tail) -> Vec<u8> {
    let tail = match tail {
        Tail::Nothing => "",
        Tail::Last => " LAST",
        Tail::Malformed => " FIRST",
    };
    [format!("BDAT {}{tail}\r\n", octets.len()).as_bytes(), octets].concat()
}
