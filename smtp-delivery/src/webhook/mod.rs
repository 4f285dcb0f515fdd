//! Delivery to a web service, by HTTP POST.
//!
//! The message is streamed as the client sends it, in one of two [forms](Form):
//!
//! - [`Form::Raw`]: the body is the message, `message/rfc822` (`message/global` where it is
//!   internationalised). The envelope stands in header fields: `X-Envelope-From` (empty for notifications), and
//!   one `X-Envelope-To` for each recipient.
//! - [`Form::Multipart`]: the body is `multipart/form-data` with a part `envelope` of JSON (`from`, which is
//!   `null` for notifications, `to`, `utf8`, and where they are known `client_address`, `helo`, `user` and
//!   `trace_id`), and a part `message`, a file of type `message/rfc822`.
//!
//! The status of the response is the outcome of all recipients:
//!
//! | Status | Outcome |
//! |---|---|
//! | 2xx, when the whole message was sent | 250 2.0.0 |
//! | 408, 425, 429 | 451 4.3.2: it asks to be asked again |
//! | 413 | 552 5.3.4 |
//! | other 4xx | 554 5.3.0 |
//! | 5xx | 451 4.3.0 |
//! | 3xx, and what else there may be | 451 4.3.5: redirects are not followed |
//!
//! Where the message may come again and the response has `Retry-After`, be it a number of seconds or a date, the
//! outcome says so ([`Reply::retry_after`](smtp_core::Reply::retry_after)), for 24 hours at most: a queue tries
//! the message no earlier.
//!
//! No connection, none that is secure, or no response in time is 451 with 4.4.1, 4.7.5 or 4.4.2. The service
//! may have taken a message for which its response got lost; it comes again then, with the same
//! `Message-ID`.
//!
//! # Signature
//!
//! With a [key](Webhook::signing_key) each request has the field `X-SMTP-Signature: t=SECONDS,v1=HEX`: the time
//! in seconds since 1970, and the HMAC-SHA256, by the key, of these octets: the seconds and LF; each field
//! `X-Envelope-From` and `X-Envelope-To` in their order, as `x-envelope-to: VALUE` and LF; one more LF; the
//! body as it was sent. Whoever receives it computes the same while it reads, compares in constant time,
//! refuses what is older than some minutes, and does nothing before the end. The message is
//! [spooled](crate::Spooled) for that, as it has to be read before its signature can be sent.
//!
//! # TLS
//!
//! `https:` needs a [`ClientTls`](smtp_core::client::ClientTls), by [`Webhook::tls`]; `RelayTls` of `smtp-tls`
//! is one. The certificate is verified whatever it demands otherwise. `http:` is for services on this host,
//! unless [`allow_without_tls`](Webhook::allow_without_tls) says otherwise.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::Webhook;
//! use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
//! use tower::ServiceExt;
//!
//! // A service that has no use for the message.
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let port = listener.local_addr()?.port();
//! let service = tokio::spawn(async move {
//!     let mut stream = BufReader::new(listener.accept().await?.0);
//!     let mut line = String::new();
//!     stream.read_line(&mut line).await?;
//!     stream.write_all(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n").await?;
//!     Ok::<_, std::io::Error>(line)
//! });
//!
//! let webhook = Webhook::to(&format!("http://127.0.0.1:{port}/incoming"))?;
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("jane@example.org"));
//! let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone());
//! let outcomes = webhook.oneshot(message).await?;
//! assert_eq!(outcomes.fold().to_string(), "554 5.3.0 the web service refuses this message");
//! assert_eq!(service.await??, "POST /incoming HTTP/1.1\r\n");
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod connection;
mod content;
mod endpoint;
mod exchange;
mod form;
mod json;
mod retry_after;
mod service;
mod signature;
mod status;

pub use endpoint::EndpointError;
pub use form::Form;
pub use service::{HeaderError, Webhook};
