//! Whole sessions over a pipe in memory, with a stack that the input picks.
//!
//! The replies must be well-formed, and an observer who knows nothing but both directions of the
//! wire must come to the same messages as the delivery: each that was accepted has the octets that
//! stand in front of its `CRLF.CRLF`, or in its chunks.

mod client;
mod delivery;
mod observer;
mod setup;
mod stack;

use std::time::Duration;

use smtp_server::Connection;
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::codec::find;
use crate::wire;
use delivery::{Behaviour, Log};
use setup::Setup;

/// In the time of the session, which passes only while everybody waits.
const BOUND: Duration = Duration::from_secs(100_000);

/// The first octets are the [`Setup`], the others are what the client sends.
pub fn check(data: &[u8]) {
    let Some((setup, input)) = Setup::read(data) else { return };
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    runtime.block_on(play(&setup, input));
}

async fn play(setup: &Setup, input: &[u8]) {
    let log = Log::default();
    let (client, server) = tokio::io::duplex(setup.pipe);
    let connection =
        Connection::with_options(server, setup.info(), stack::stack(setup, log.clone()), setup.options());
    let server = tokio::spawn(connection);
    let output = timeout(BOUND, client::play(client, input, setup.cuts.clone())).await.expect("an end");
    // How the client ends is no matter of the server, but the server's task must not panic.
    let _ = timeout(BOUND, server).await.expect("an end").expect("no panic");

    // To those who say so in VRFY and EXPN.
    let utf8 = find(&input.to_ascii_uppercase(), b"SMTPUTF8").is_some();
    let replies = wire::replies(&output, utf8);
    let accepted = observer::accepted(input, &replies, setup);
    let delivered = log.messages();
    match setup.delivery {
        // It does not know what it accepted, nor whether that came.
        Behaviour::AcceptUnread => assert!(delivered.len() >= accepted.len()),
        // The limit on errors may turn all outcomes into 421.
        Behaviour::RefuseLast if setup.limits => assert!(delivered.starts_with(&accepted)),
        _ => assert_eq!(delivered, accepted),
    }
}
