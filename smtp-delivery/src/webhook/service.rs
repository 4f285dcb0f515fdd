use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use smtp_core::client::ClientTls;
use smtp_core::{Body, BoxError, BoxFuture, Message, Outcomes, Reply, Secret};
use tower_service::Service;
use tracing::Instrument as _;

use super::content::Content;
use super::endpoint::Endpoint;
use super::form::Formed;
use super::signature::{self, SigningKey};
use super::{EndpointError, Form, connection, exchange, retry_after, status};
use crate::{SpoolOptions, Spooled, split};

/// Posts messages to a web service; see the [module](super).
#[derive(Clone)]
pub struct Webhook {
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
    endpoint: Endpoint,
    form: Form,
    tls: Option<Arc<dyn ClientTls>>,
    without_tls: bool,
    fields: HeaderMap,
    key: Option<SigningKey>,
    connect_timeout: Duration,
    timeout: Duration,
    max_recipients: usize,
    spool: SpoolOptions,
}

/// A header field that cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderError;

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name or a value that no header field has")
    }
}

impl std::error::Error for HeaderError {}

impl Webhook {
    /// To the service at this `https:` or `http:` address.
    ///
    /// # Errors
    /// If it is no such address, or has a user and a password in it.
    pub fn to(address: &str) -> Result<Self, EndpointError> {
        let settings = Settings {
            endpoint: Endpoint::parse(address)?,
            form: Form::Raw,
            tls: None,
            without_tls: false,
            fields: HeaderMap::new(),
            key: None,
            connect_timeout: Duration::from_secs(30),
            timeout: Duration::from_mins(1),
            max_recipients: 100,
            spool: SpoolOptions::default(),
        };
        Ok(Self { settings: Arc::new(settings) })
    }

    /// How the message and its envelope are sent: [`Form::Raw`] unless told otherwise.
    #[must_use]
    pub fn form(self, form: Form) -> Self {
        self.with(|settings| settings.form = form)
    }

    /// Who does TLS with the service.
    #[must_use]
    pub fn tls(self, tls: impl ClientTls) -> Self {
        self.with(|settings| settings.tls = Some(Arc::new(tls)))
    }

    /// Sends to services on other hosts without TLS too, if their address begins with `http:`. Everybody on
    /// the way reads the messages, and can take them in the place of the service.
    ///
    /// Logs a warning.
    #[must_use]
    pub fn allow_without_tls(self) -> Self {
        tracing::warn!("messages may be sent to a web service without TLS");
        self.with(|settings| settings.without_tls = true)
    }

    /// Sends a field with each request, `Authorization` for example.
    ///
    /// # Errors
    /// If there are no such names or values.
    pub fn header(self, name: &str, value: &Secret) -> Result<Self, HeaderError> {
        let name = HeaderName::try_from(name).map_err(|_| HeaderError)?;
        let mut value = HeaderValue::from_bytes(value.expose()).map_err(|_| HeaderError)?;
        value.set_sensitive(true);
        Ok(self.with(|settings| drop(settings.fields.insert(name, value))))
    }

    /// Signs each request with this key.
    #[must_use]
    pub fn signing_key(self, key: Secret) -> Self {
        self.with(|settings| settings.key = Some(SigningKey::new(key)))
    }

    /// How long connecting may take, and the handshake behind it: 30 seconds each.
    #[must_use]
    pub fn connect_timeout(self, limit: Duration) -> Self {
        self.with(|settings| settings.connect_timeout = limit)
    }

    /// How long the service may take to read each piece of a message, and then to respond: 1 minute.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Self {
        self.with(|settings| settings.timeout = limit)
    }

    /// How many recipients one request has at most: 100. A message for more is [spooled](Spooled) and
    /// sent several times.
    #[must_use]
    pub fn max_recipients(self, recipients: usize) -> Self {
        self.with(|settings| settings.max_recipients = recipients.max(1))
    }

    /// Where messages are spooled that are signed, or sent several times.
    #[must_use]
    pub fn spool(self, options: SpoolOptions) -> Self {
        self.with(|settings| settings.spool = options)
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    async fn deliver(self, message: Message) -> Result<Outcomes, BoxError> {
        let settings = &self.settings;
        if !(settings.endpoint.tls || settings.without_tls || settings.endpoint.is_on_this_host()) {
            tracing::error!("the web service is on another host, and its address begins with http:");
            return Ok(Reply::new(451, "4.3.5 local configuration error, try again later").into());
        }
        let choices = (0..message.envelope.recipients.len()).map(|index| Ok(index / settings.max_recipients));
        let post = |_, part| -> BoxFuture<_> {
            let webhook = self.clone();
            Box::pin(async move { Ok(webhook.post(part).await?.into()) })
        };
        split::deliver(message, choices.collect(), &settings.spool, post).await
    }

    async fn post(self, message: Message) -> Result<Reply, BoxError> {
        let settings = &*self.settings;
        let Message { envelope, body, session } = message;
        let formed = settings.form.of(&envelope, &session)?;
        let (body, length, signature) = self.signed(&formed, body).await?;
        // The client is not asked for a message that cannot be sent.
        let tls = settings.tls.as_deref();
        let transport = match connection::open(&settings.endpoint, tls, settings.connect_timeout).await {
            Ok(transport) => transport,
            Err(refusal) => return Ok(refusal),
        };
        let request = self.request(&formed, formed.content(body, length), signature)?;
        let progress = request.body().progress();
        let response = exchange::run(transport, request, settings.timeout).await;
        if let Some(error) = progress.take_error() {
            return Err(error.into());
        }
        match response {
            Ok(response) if response.status().is_success() && !progress.is_sent() => {
                tracing::warn!(status = %response.status(), "the web service takes what it has not got");
                Ok(Reply::new(451, "4.5.0 the web service took less than the message"))
            }
            Ok(response) => {
                let wait = retry_after::wait(response.headers(), SystemTime::now());
                tracing::info!(status = %response.status(), wait = ?wait, "the web service responded");
                let outcome = status::outcome(response.status());
                Ok(match wait.filter(|_| outcome.is_transient()) {
                    Some(wait) => outcome.with_retry_after(wait),
                    None => outcome,
                })
            }
            Err(error) => {
                tracing::warn!(error, "no response of the web service");
                Ok(Reply::new(451, "4.4.2 no response of the web service"))
            }
        }
    }

    /// The message, its length, and the signature of a request with it, where there is to be one.
    async fn signed(
        &self,
        formed: &Formed,
        body: Body,
    ) -> Result<(Body, Option<u64>, Option<HeaderValue>), BoxError> {
        let Some(key) = &self.settings.key else { return Ok((body, None, None)) };
        let spooled = Spooled::read(body, &self.settings.spool).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let content = formed.content(spooled.body(), Some(spooled.len()));
        let signature = key.sign(now.as_secs(), formed.signed(), content).await?;
        Ok((spooled.body(), Some(spooled.len()), Some(signature)))
    }

    fn request(
        &self,
        formed: &Formed,
        content: Content,
        signature: Option<HeaderValue>,
    ) -> Result<Request<Content>, BoxError> {
        let Settings { endpoint, fields, .. } = &*self.settings;
        let mut request = Request::new(content);
        *request.method_mut() = Method::POST;
        *request.uri_mut() = endpoint.path.parse()?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::try_from(&endpoint.authority)?);
        headers.insert(USER_AGENT, HeaderValue::from_static(env!("CARGO_PKG_NAME")));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        headers.extend(fields.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::try_from(&formed.content_type)?);
        headers.extend(formed.fields.clone());
        headers.extend(signature.map(|signature| (HeaderName::from_static(signature::FIELD), signature)));
        Ok(request)
    }
}

impl Service<Message> for Webhook {
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        let span = tracing::warn_span!("webhook", service = %self.settings.endpoint.authority);
        Box::pin(self.clone().deliver(message).instrument(span))
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("endpoint", &self.settings.endpoint.authority).finish_non_exhaustive()
    }
}
