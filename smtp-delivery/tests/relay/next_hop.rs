//! A next hop that follows a script, in memory and in paused time.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtp_core::Transport;
use smtp_delivery::Relay;
use smtp_delivery::relay::Connect;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;

/// A relay to a next hop with this script, and the next hop's task, which panics if the relay
/// strays from the script.
///
/// `C: ` begins a line that the relay must send, `S: ` one that it is sent. Before each `S: ` the
/// relay must have nothing more to say. `S~ ` sends text as it is, with `\r\n` for CRLF, `close` closes the
/// connection, `stop` reads no more,
/// `hang` waits for the relay to close. Behind the script the relay must close.
pub(crate) fn relay(script: &str) -> (Relay, JoinHandle<()>) {
    let (relay, mut tasks) = relays(&[script]);
    (relay, tasks.remove(0))
}

/// How to reach a next hop with this script, once, and its task.
pub(crate) fn next_hop(script: &str) -> (impl Connect, JoinHandle<()>) {
    let (connect, mut tasks) = next_hops(&[script]);
    (connect, tasks.remove(0))
}

/// A relay over one connection after the other, each with its script. Further ones do not come about.
pub(crate) fn relays(scripts: &[&str]) -> (Relay, Vec<JoinHandle<()>>) {
    let (connect, tasks) = next_hops(scripts);
    (Relay::over(connect), tasks)
}

fn next_hops(scripts: &[&str]) -> (impl Connect + use<>, Vec<JoinHandle<()>>) {
    let mut connections = VecDeque::new();
    let tasks = scripts.iter().map(|script| {
        let (near, far) = tokio::io::duplex(64 * 1024);
        connections.push_back(near);
        let script = (*script).to_owned();
        tokio::spawn(async move { follow(far, &script).await })
    });
    let tasks = tasks.collect();
    let connections = Arc::new(Mutex::new(connections));
    let connect = move || {
        let next = connections.lock().ok().and_then(|mut connections| connections.pop_front());
        async move { next.map(Transport::new).ok_or_else(|| io::ErrorKind::ConnectionRefused.into()) }
    };
    (connect, tasks)
}

async fn follow(mut stream: DuplexStream, script: &str) {
    for step in script.lines().map(str::trim_start).filter(|step| !step.is_empty()) {
        if let Some(expected) = step.strip_prefix("C:").map(|line| line.strip_prefix(' ').unwrap_or(line)) {
            assert_eq!(read_line(&mut stream).await, expected);
        } else if let Some(text) = step.strip_prefix("S: ") {
            assert_silent(&mut stream, step).await;
            write(&mut stream, &format!("{text}\r\n")).await;
        } else if let Some(text) = step.strip_prefix("S~ ") {
            write(&mut stream, &text.replace("\\r\\n", "\r\n")).await;
        } else if step == "close" {
            return;
        } else if step == "stop" {
            return std::future::pending().await;
        } else {
            assert_eq!(step, "hang");
            let _ = stream.read_to_end(&mut Vec::new()).await;
            return;
        }
    }
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(String::from_utf8_lossy(&rest), "", "sent behind the end of the script");
}

async fn read_line(stream: &mut DuplexStream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        match stream.read_u8().await {
            Ok(octet) => line.push(octet),
            Err(_) => return format!("{} (end of stream)", String::from_utf8_lossy(&line)),
        }
    }
    line.truncate(line.len() - 2);
    String::from_utf8_lossy(&line).into_owned()
}

async fn assert_silent(stream: &mut DuplexStream, step: &str) {
    let more = tokio::time::timeout(Duration::from_millis(1), stream.read_u8()).await;
    assert!(more.is_err(), "more was sent before {step}");
}

async fn write(stream: &mut DuplexStream, text: &str) {
    // The relay may have closed already.
    let _ = stream.write_all(text.as_bytes()).await;
}
