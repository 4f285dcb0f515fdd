//! A server that says what it likes.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

/// Reads a little, says its piece as often as it says, and holds on to the connection.
pub(crate) struct Hostile(SocketAddr);

/// What it says once, and what again and again.
const ANSWERS: [(&str, &str); 12] = [
    ("nothing at all", ""),
    ("no HTTP", "220 mx.example ESMTP\r\n"),
    ("a head without end", "HTTP/1.1 200 OK\r\n...X-More: more and more\r\n"),
    ("a head that stops", "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"),
    (
        "a body that stops",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"ok\":true",
    ),
    (
        "a body without end",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n...5\r\n     \r\n",
    ),
    (
        "a body that says that it is huge",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n...          ",
    ),
    ("no type", "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"ok\":true}"),
    ("another type", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 11\r\n\r\n{\"ok\":true}"),
    ("no content", "HTTP/1.1 204 No Content\r\n\r\n"),
    (
        "another status",
        "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}",
    ),
    ("an interim answer alone", "HTTP/1.1 100 Continue\r\n\r\n"),
];

/// Asks servers that give these answers, all at once: each lasts as long as somebody waits for it.
pub(crate) async fn each<F>(ask: impl Fn(&'static str, String) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut asking = tokio::task::JoinSet::new();
    for (problem, answer) in ANSWERS {
        let server = Hostile::start(answer);
        asking.spawn(ask(problem, server.address()));
    }
    while let Some(asked) = asking.join_next().await {
        asked.unwrap();
    }
}

/// A good answer with this body.
pub(crate) fn json(body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")
}

impl Hostile {
    /// What stands behind `...` is said as long as somebody listens.
    pub(crate) fn start(answer: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (once, forever) = answer.split_once("...").unwrap_or((answer, ""));
        let (once, forever) = (once.to_owned(), forever.repeat(100));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (once, forever) = (once.clone(), forever.clone());
                thread::spawn(move || {
                    let mut stream = stream.unwrap();
                    let mut octets = [0; 65536];
                    let _ = stream.read(&mut octets);
                    let _ = stream.write_all(once.as_bytes());
                    while !forever.is_empty() && stream.write_all(forever.as_bytes()).is_ok() {}
                    // Until the other side has enough.
                    while stream.read(&mut octets).is_ok_and(|length| length > 0) {}
                });
            }
        });
        Self(address)
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}/", self.0)
    }
}
