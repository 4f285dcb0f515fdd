use std::time::Duration;

use smtp_core::testing::{facts, request};
use smtp_core::{Command, Reply, Request, Session};
use tokio::time::Instant;
use tower::{BoxError, Layer, ServiceExt, service_fn};

use super::TarpitLayer;

/// How many seconds each of these lines takes, where VRFY is refused and nothing else.
async fn seconds(layer: TarpitLayer, session: &Session, lines: &[&str]) -> Vec<u64> {
    let stack = layer.layer(service_fn(|request: Request| async move {
        let refused = matches!(request.command, Command::Vrfy(_));
        Ok::<_, BoxError>(if refused { Reply::new(550, "5.1.1 who?") } else { Reply::new(250, "2.0.0 OK") })
    }));
    let mut seconds = Vec::new();
    for line in lines {
        let begin = Instant::now();
        stack.clone().oneshot(request(line, session)).await.unwrap();
        seconds.push(begin.elapsed().as_secs());
    }
    seconds
}

#[tokio::test(start_paused = true)]
async fn refusals_take_longer_and_longer() {
    let facts = facts();
    let lines = [
        "VRFY a", "NOOP", "VRFY b", "VRFY c", "NOOP", "VRFY d", "VRFY e", "VRFY f", "VRFY g", "VRFY h",
        "NOOP",
    ];
    let taken = seconds(TarpitLayer::new(), facts.session(), &lines).await;
    assert_eq!(taken, [0, 0, 0, 0, 0, 1, 2, 4, 8, 10, 0]);
}

#[tokio::test(start_paused = true)]
async fn the_longest_delay_holds_however_many_there_are() {
    let facts = facts();
    let layer = TarpitLayer::new().free(0).max_delay(Duration::from_secs(2));
    let taken = seconds(layer, facts.session(), &["VRFY a"; 100]).await;
    assert_eq!(taken[..3], [1, 2, 2]);
    assert!(taken[3..].iter().all(|&seconds| seconds == 2));
}
