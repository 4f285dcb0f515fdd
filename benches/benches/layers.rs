//! What one command costs on its way through layers, and a whole session in memory.

use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use smtp_core::testing::{facts, sender};
use smtp_core::{Command, Recipient, Reply, Request, Session};
use smtp_server::auth::{AuthLayer, Verdict, verify_fn};
use smtp_server::delivery::{Discard, ReceivedLayer};
use smtp_server::policy::{Next, RelayLayer, from_fn, policy_fn};
use smtp_server::{BoxSmtpService, Connection, ConnectionInfo, Deliver, SmtpService};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{Builder, Runtime};
use tower::timeout::TimeoutLayer;
use tower::{ServiceBuilder, ServiceExt};

fn deliver() -> impl SmtpService + Clone + Sync {
    ServiceBuilder::new()
        .layer(RelayLayer::new().local_domains(["example.org".parse().expect("a domain")]))
        .service(Deliver::new(ServiceBuilder::new().layer(ReceivedLayer::new()).service(Discard)))
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

/// RCPT through one stack, ready and called as the driver does it.
fn rcpt(criterion: &mut Criterion, name: &str, mut stack: impl SmtpService) {
    let runtime = runtime();
    let mut facts = facts();
    facts.start_transaction(sender("a@example.com"));
    let recipient = smtp_core::testing::recipient("b@example.org");
    criterion.benchmark_group("RCPT").bench_function(name, |bencher| {
        bencher.iter(|| {
            let request = Request::new(Command::Rcpt(recipient.clone()), facts.session().clone());
            runtime.block_on(async { stack.ready().await.ok()?.call(request).await.ok() })
        });
    });
}

fn layers(criterion: &mut Criterion) {
    rcpt(criterion, "Deliver and RelayLayer", deliver());
    rcpt(criterion, "boxed", BoxSmtpService::new(deliver()));
    let timeout = ServiceBuilder::new().layer(TimeoutLayer::new(Duration::from_secs(1)));
    rcpt(criterion, "with Timeout", timeout.service(deliver()));
    let auth = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) }));
    rcpt(criterion, "with AuthLayer, passed by", ServiceBuilder::new().layer(auth).service(deliver()));
    let policy = policy_fn(|_: Recipient, _: Session| async { Ok::<(), Reply>(()) });
    rcpt(criterion, "with policy_fn", ServiceBuilder::new().layer(policy).service(deliver()));
    let from_fn = from_fn(|request: Request, next: Next| async move { next.run(request).await });
    rcpt(criterion, "with from_fn", ServiceBuilder::new().layer(from_fn).service(deliver()));
}

/// Messages over one connection in memory: codec, protocol, driver and stack without a kernel.
fn session(criterion: &mut Criterion) {
    const MESSAGES: usize = 100;
    let runtime = runtime();
    let content =
        "0123456789012345678901234567890123456789012345678901234567890123456789012345\r\n".repeat(13);
    let message = format!("MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n{content}.\r\n");
    let input = format!("EHLO client.example\r\n{}QUIT\r\n", message.repeat(MESSAGES));
    let mut group = criterion.benchmark_group("session in memory");
    group.throughput(Throughput::Elements(MESSAGES as u64));
    group.bench_function("100 messages of 1 KiB", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let (client, server) = tokio::io::duplex(64 * 1024);
                let (mut replies, mut commands) = tokio::io::split(client);
                let connection = Connection::new(server, ConnectionInfo::default(), deliver());
                let write = async { commands.write_all(input.as_bytes()).await };
                let mut text = String::new();
                let read = replies.read_to_string(&mut text);
                let (served, written, read) = tokio::join!(connection, write, read);
                assert!(served.is_ok() && written.is_ok() && read.is_ok());
                text.len()
            })
        });
    });
}

criterion_group!(benches, layers, session);
criterion_main!(benches);
