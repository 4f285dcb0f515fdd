//! Clients that send as fast as they can.

use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Sender;

use crate::client::Client;
use crate::message;

/// In one connection.
const MESSAGES: usize = 8;

static NEXT: AtomicU64 = AtomicU64::new(1);

/// What happened to a message.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// It is being sent.
    Sent(u64),
    /// It got its 250.
    Acknowledged(u64),
}

/// What is to be sent.
pub(crate) struct Todo {
    first: Mutex<Vec<u64>>,
    endless: bool,
}

impl Todo {
    /// These, and then new ones.
    pub(crate) fn endless(first: Vec<u64>) -> Self {
        Self { first: Mutex::new(first), endless: true }
    }

    /// These and no others.
    pub(crate) fn only(these: Vec<u64>) -> Self {
        Self { first: Mutex::new(these), endless: false }
    }

    fn next(&self) -> Option<u64> {
        let first = self.first.lock().unwrap().pop();
        first.or_else(|| self.endless.then(|| NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Sends until nothing is left to send, or nobody to send it to.
pub(crate) fn send(port: u16, todo: &Todo, events: &Sender<Event>) {
    // A server that is gone takes no further connection.
    while let Ok(mut client) = Client::connect(port) {
        if let Ok(true) = session(&mut client, todo, events) {
            return;
        }
    }
}

/// Whether everything was sent.
fn session(client: &mut Client, todo: &Todo, events: &Sender<Event>) -> io::Result<bool> {
    said(&client.command("EHLO client.example")?, "250")?;
    for _ in 0..MESSAGES {
        let Some(number) = todo.next() else { return Ok(true) };
        events.send(Event::Sent(number)).expect("somebody notes it");
        transaction(client, number)?;
        events.send(Event::Acknowledged(number)).expect("somebody notes it");
    }
    said(&client.command("QUIT")?, "221")?;
    Ok(false)
}

fn transaction(client: &mut Client, number: u64) -> io::Result<()> {
    client.send(b"MAIL FROM:<sender@example.com>\r\nRCPT TO:<postmaster@example.org>\r\nDATA\r\n")?;
    for expected in ["250", "250", "354"] {
        said(&client.reply()?, expected)?;
    }
    client.send(&message::sent(number))?;
    said(&client.reply()?, "250")
}

/// A server may break off, but it may not refuse.
fn said(reply: &str, expected: &str) -> io::Result<()> {
    if !reply.ends_with("\r\n") {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    assert!(reply.starts_with(expected), "{expected}: {reply}");
    Ok(())
}
