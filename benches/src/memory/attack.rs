use std::convert::Infallible;
use std::future::pending;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::Sender;

/// Something that clients do to have memory held for them.
#[derive(Debug, Clone, Copy)]
pub struct Attack {
    /// The name in the table.
    pub name: &'static str,
    /// How many connections do it at once.
    pub connections: usize,
    octets: fn() -> Vec<u8>,
    reading: Reading,
}

/// What a client does with the replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// It waits for the greeting, and reads what comes.
    All,
    /// It reads nothing: the server cannot get rid of its replies.
    Nothing,
    /// It sends one octet at a time.
    Slowly,
}

/// Without a line's end.
const ENDLESS: usize = 1 << 20;

/// All of them.
pub const ATTACKS: [Attack; 11] = [
    attack("greeted, then silent", 10_000, Vec::new),
    attack("EHLO, then silent", 10_000, || EHLO.to_vec()),
    attack("a line of 1 MiB without an end", 500, || vec![b'x'; ENDLESS]),
    attack("EHLO with an argument of 1 MiB", 500, || [&b"EHLO "[..], &vec![b'a'; ENDLESS]].concat()),
    attack("half of the longest line", 2000, || [EHLO, &vec![b'x'; 12_000][..]].concat()),
    attack("10,000 recipients", 200, || [MAIL, &recipients(10_000)[..]].concat()),
    attack("AUTH with a response of 1 MiB", 500, || {
        [EHLO, b"AUTH LOGIN\r\n", &vec![b'x'; ENDLESS][..]].concat()
    }),
    attack("10,000 chunks of one octet", 500, || [MAIL, RCPT, &b"BDAT 1\r\nx".repeat(10_000)[..]].concat()),
    attack("content of 1 MiB in one line, no end", 500, || {
        [MAIL, RCPT, b"DATA\r\n", &vec![b'x'; ENDLESS][..]].concat()
    }),
    Attack {
        reading: Reading::Slowly,
        ..attack("content octet by octet", 2000, || [MAIL, RCPT, b"DATA\r\n.x\r"].concat())
    },
    Attack {
        reading: Reading::Nothing,
        ..attack("10,000 commands, replies not read", 500, || b"HELP\r\n".repeat(10_000))
    },
];

const EHLO: &[u8] = b"EHLO client.example\r\n";
const MAIL: &[u8] = b"EHLO client.example\r\nMAIL FROM:<sender@example.com>\r\n";
const RCPT: &[u8] = b"RCPT TO:<recipient@example.org>\r\n";

const fn attack(name: &'static str, connections: usize, octets: fn() -> Vec<u8>) -> Attack {
    Attack { name, connections, octets, reading: Reading::All }
}

fn recipients(count: usize) -> Vec<u8> {
    (0..count)
        .flat_map(|number| format!("RCPT TO:<recipient{number}@example.org>\r\n").into_bytes())
        .collect()
}

impl Attack {
    /// Does it once, says so, and stays as it is then until it is dropped.
    ///
    /// # Errors
    /// If the server hangs up.
    pub async fn run(self, mut stream: TcpStream, done: Sender<()>) -> io::Result<Infallible> {
        let octets = (self.octets)();
        if self.reading == Reading::Nothing {
            // What the server does not take stays with the client.
            stream.try_write(&octets)?;
            let _ = done.send(()).await;
            return pending().await;
        }
        let mut reply = [0; 4096];
        if stream.read(&mut reply).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let (mut reader, mut writer) = stream.split();
        let pieces = if self.reading == Reading::Slowly { 1 } else { usize::MAX };
        let write = async {
            for piece in octets.chunks(pieces) {
                writer.write_all(piece).await?;
                tokio::task::yield_now().await;
            }
            // Nobody waits any more where another connection failed.
            let _ = done.send(()).await;
            pending().await
        };
        let read = async { while reader.read(&mut reply).await.is_ok_and(|count| count > 0) {} };
        tokio::select! {
            failed = write => failed,
            () = read => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}
