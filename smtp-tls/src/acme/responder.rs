use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use smtp_core::BoxError;
use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

const PREFIX: &str = "/.well-known/acme-challenge/";
/// Who asks, asks one thing.
const LONGEST: Duration = Duration::from_secs(30);
/// The CA asks from some places at once; nobody else has business here.
const MAX_CONNECTIONS: usize = 64;

type Answers = Arc<Mutex<HashMap<String, String>>>;

/// Answers HTTP-01 challenges (RFC 8555 section 8.3) until it is dropped.
pub(super) struct Responder {
    answers: Answers,
    task: AbortHandle,
}

impl Responder {
    pub(super) async fn start(address: SocketAddr) -> Result<Self, BoxError> {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|error| format!("cannot listen on {address} for challenges: {error}"))?;
        let answers = Answers::default();
        let task = tokio::spawn(serve(listener, Arc::clone(&answers))).abort_handle();
        Ok(Self { answers, task })
    }

    /// Will answer for this token.
    pub(super) fn expect(&self, token: &str, answer: &str) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(token.to_owned(), answer.to_owned());
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, answers: Answers) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let answers = Arc::clone(&answers);
                    let answer = service_fn(move |request| {
                        let answer = answer(&answers, &request);
                        async { Ok::<_, Infallible>(answer) }
                    });
                    let mut http = http1::Builder::new();
                    http.timer(TokioTimer::new()).header_read_timeout(LONGEST).keep_alive(false);
                    let connection = http.serve_connection(TokioIo::new(stream), answer);
                    connections.spawn(async move { drop(tokio::time::timeout(LONGEST, connection).await) });
                }
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

fn answer(answers: &Answers, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let token = request.uri().path().strip_prefix(PREFIX);
    let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
    match token.and_then(|token| answers.get(token)) {
        Some(answer) => Response::new(Full::from(answer.clone())),
        None => {
            let mut response = Response::new(Full::from("not found\n"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}
