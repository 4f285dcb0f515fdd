//! Random sessions: whatever a client sends and a delivery does, each command has its reply, each
//! message is delivered whole if and only if its reply is 250, and everything comes to an end.
//!
//! `PROPTEST_CASES` says how many sessions are played.

mod case;
mod client;
mod content;
mod delivery;
mod expected;
mod server;
mod session;
mod when_woken;

use std::time::Duration;

use proptest::prelude::*;
use smtp_server::testing::info;
use smtp_server::{Command, Connection, Deliver, Request, Route};
use tokio::runtime::{Builder, Handle};
use tokio::time::{sleep, timeout};
use tower::ServiceBuilder;

use case::{Case, case};
use delivery::{Log, delivery};
use session::{Over, Session};

/// In the time of the test, which passes only while everybody waits. Even the slowest session has
/// less to wait for.
const BOUND: Duration = Duration::from_secs(3000);

async fn play(case: Case) {
    let log = Log::default();
    let stack = ServiceBuilder::new()
        .map_request(|mut request: Request| {
            if let Command::Rcpt(recipient) = &mut request.command {
                recipient.route = Some(Route::Local);
            }
            request
        })
        .service(Deliver::new(delivery(case.behaviours(), log.clone())));
    let (client, server) = tokio::io::duplex(case.pipe);
    let server = server::spawn(Connection::new(server, info(), stack), case.shutdown);

    let session = Session::new(client, &case);
    let (messages, over) = timeout(BOUND, session.play(&case.steps)).await.expect("replies");
    // What remains of the client was dropped with the session.
    let served = timeout(BOUND, server).await.expect("the server's end").expect("no panic");
    // A client that leaves may take the replies to it down with it.
    assert!(served.is_ok() || over == Over::Left, "{served:?}");
    // Tasks that a delivery left behind see their body end.
    sleep(Duration::from_secs(1)).await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "tasks are left over");

    for (id, message) in messages.iter().enumerate() {
        message.check(&log.of(id), over);
    }
}

proptest! {
    #[test]
    fn a_message_is_delivered_whole_or_refused(case in case()) {
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(play(case));
    }
}
