//! A layer around a mock that takes one command at a time.

use smtp_core::{BoxError, Reply, Request, SmtpService};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
use tower::{Layer, Service};
use tower_test::mock::{self, Handle, Mock};

pub(crate) type Inner = ConcurrencyLimit<Mock<Request, Reply>>;

/// The layer, what is below it, and another user of that.
struct Bench<S> {
    service: S,
    beside: Inner,
    handle: Handle<Request, Reply>,
}

impl<S: SmtpService> Bench<S> {
    /// The layer is ready once the mock is, and not before.
    fn ready<L: Layer<Inner, Service = S>>(layer: &L) -> Self {
        let (mock, mut handle) = mock::pair();
        let inner = ConcurrencyLimitLayer::new(1).layer(mock);
        let (beside, mut service) = (inner.clone(), layer.layer(inner));
        handle.allow(0);
        let mut client = task::spawn(());
        assert_pending!(client.enter(|cx, _| service.poll_ready(cx)).map_err(|_| ()));
        handle.allow(1);
        assert!(client.is_woken(), "nobody hears that the rest of the stack is ready");
        assert_ready_ok!(client.enter(|cx, _| service.poll_ready(cx)).map_err(|_| ()));
        Self { service, beside, handle }
    }
}

/// A command that goes on as `seen` and is answered below; what the client hears.
async fn answered<S: SmtpService>(mut bench: Bench<S>, request: Request, seen: &str, answer: &str) -> String {
    let asked = tokio::spawn(bench.service.call(request));
    let (below, respond) = bench.handle.next_request().await.expect("the rest of the stack is asked");
    assert_eq!(format!("{:?}", below.command), seen);
    let (code, text) = answer.split_once(' ').expect("a code and a text");
    respond.send_response(Reply::new(code.parse::<u16>().expect("a code"), text.to_owned()));
    reply(asked.await.expect("no panic"))
}

fn reply<E: Into<BoxError>>(reply: Result<Reply, E>) -> String {
    reply.unwrap_or_else(|error| panic!("{}", error.into())).to_string()
}

/// The command and its answer go through as they are.
pub(crate) async fn passes<L>(layer: &L, request: Request)
where
    L: Layer<Inner, Service: SmtpService>,
{
    let seen = format!("{:?}", request.command);
    passes_as(layer, request, &seen).await;
}

/// The command goes on as `seen`, and its answer as it is. So does an error.
pub(crate) async fn passes_as<L>(layer: &L, request: Request, seen: &str)
where
    L: Layer<Inner, Service: SmtpService>,
{
    let ok = "250 2.0.0 as it was";
    assert_eq!(answered(Bench::ready(layer), request, seen, ok).await, ok);
}

/// What fails below fails above, in the same words.
pub(crate) async fn fails<L>(layer: &L, request: Request)
where
    L: Layer<Inner, Service: SmtpService>,
{
    let mut bench = Bench::ready(layer);
    let asked = tokio::spawn(bench.service.call(request));
    let (_, respond) = bench.handle.next_request().await.expect("the rest of the stack is asked");
    respond.send_error("the disk is full");
    let error: BoxError = asked.await.expect("no panic").expect_err("an error").into();
    assert_eq!(error.to_string(), "the disk is full");
}

/// The layer answers by itself: the rest of the stack does not hear of it, and is free for others at once.
pub(crate) async fn refuses<L>(layer: &L, request: Request, expected: &str)
where
    L: Layer<Inner, Service: SmtpService>,
{
    let Bench { mut service, mut beside, mut handle } = Bench::ready(layer);
    assert_eq!(reply(service.call(request).await), expected);
    let mut other = task::spawn(());
    assert_ready_ok!(other.enter(|cx, _| beside.poll_ready(cx)), "the rest of the stack is kept");
    drop((service, beside));
    assert!(handle.next_request().await.is_none(), "the rest of the stack was asked");
}

/// The rest of the stack answers `answer`, and the client hears something else.
pub(crate) async fn refuses_behind<L>(layer: &L, request: Request, answer: &str, expected: &str)
where
    L: Layer<Inner, Service: SmtpService>,
{
    let seen = format!("{:?}", request.command);
    assert_eq!(answered(Bench::ready(layer), request, &seen, answer).await, expected);
}
