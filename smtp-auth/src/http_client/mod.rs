//! The client of web services that stores ask.

mod endpoint;
mod options;

use std::time::Duration;

pub(crate) use endpoint::Endpoint;
pub use endpoint::EndpointError;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
pub use options::HttpOptions;
use serde::de::DeserializeOwned;

use crate::store::{Limits, StoreError};
use crate::trust::TrustError;

/// How long a connection waits for its next question.
const IDLE: Duration = Duration::from_secs(30);

/// Asks web services: so many at once, each for a bounded time, and takes answers of a bounded length.
/// Redirects are not followed: names, passwords and tokens go where the site says and nowhere else.
pub(crate) struct HttpClient {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    limits: Limits,
}

/// What came back, whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    is_json: bool,
    body: Bytes,
}

impl HttpClient {
    pub(crate) fn new(options: &HttpOptions) -> Result<Self, TrustError> {
        let mut tcp = HttpConnector::new();
        // Whether it has to be HTTPS was decided when the endpoint was made.
        tcp.enforce_http(false);
        tcp.set_connect_timeout(Some(options.timeout));
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(options.roots.client_config()?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(options.max_concurrent)
            .build(connector);
        Ok(Self { client, limits: Limits::new(options.max_concurrent, options.timeout) })
    }

    pub(crate) async fn send(
        &self,
        mut request: Request<Full<Bytes>>,
        longest: usize,
    ) -> Result<Answer, StoreError> {
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(env!("CARGO_PKG_NAME")));
        self.limits.run(self.exchange(request, longest)).await
    }

    async fn exchange(&self, request: Request<Full<Bytes>>, longest: usize) -> Result<Answer, StoreError> {
        let response = self.client.request(request).await.map_err(StoreError::new)?;
        let status = response.status();
        let is_json = response.headers().get(CONTENT_TYPE).is_some_and(is_json);
        let body = Limited::new(response.into_body(), longest).collect().await.map_err(StoreError::new)?;
        Ok(Answer { status, is_json, body: body.to_bytes() })
    }
}

impl Answer {
    /// The body, read as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        if !self.is_json {
            return Err(StoreError::new("the answer is not JSON by its content type"));
        }
        // The library's texts quote what they do not understand.
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            StoreError::new(format!("the answer is not understood, line {line}, column {column}"))
        })
    }

    /// An error that names the status.
    pub(crate) fn unexpected(&self) -> StoreError {
        StoreError::new(format!("the answer is {}", self.status))
    }
}

fn is_json(value: &HeaderValue) -> bool {
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    let essence = essence.trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_by_its_content_type() {
        let table = [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/jwk-set+json", true),
            ("text/html", false),
            ("application/jsonp", false),
            ("text/x+json", false),
            ("", false),
        ];
        for (value, expected) in table {
            assert_eq!(is_json(&HeaderValue::from_str(value).unwrap()), expected, "{value}");
        }
    }
}
