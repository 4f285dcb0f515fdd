//! Challenges and responses within one AUTH command (RFC 4954 section 4).

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::{Reply, Secret};

/// The service's end of an AUTH exchange.
///
/// ```
/// # async fn login(mut dialogue: smtp_core::Dialogue) -> Result<(), smtp_core::DialogueError> {
/// let name = dialogue.challenge(b"Username:").await?;
/// let password = dialogue.challenge(b"Password:").await?;
/// # Ok(()) }
/// ```
pub struct Dialogue(Arc<Mutex<Shared>>);

/// The driver's end of an AUTH exchange.
pub struct DialogueServer(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    challenge: Option<Vec<u8>>,
    response: Option<Result<Secret, DialogueError>>,
    closed: bool,
    /// A challenge is on its way or was sent, and its response was not taken yet.
    outstanding: bool,
    service: Option<Waker>,
    driver: Option<Waker>,
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    // Nothing panics while the lock is held.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Dialogue {
    /// Both ends: for drivers and tests.
    pub fn channel() -> (DialogueServer, Self) {
        let shared = Arc::<Mutex<Shared>>::default();
        (DialogueServer(shared.clone()), Self(shared))
    }

    /// Sends a challenge and waits for the response. Base64 is the driver's business.
    ///
    /// # Errors
    /// When the client cancels, answers with something else than base64 or too much of it, or is
    /// gone; or when an earlier challenge was abandoned before its response. Each error has its [reply](DialogueError::reply), which ends the exchange.
    pub async fn challenge(&mut self, challenge: &[u8]) -> Result<Secret, DialogueError> {
        {
            let mut shared = lock(&self.0);
            // The response to a challenge that was abandoned must not pass for that to another one.
            if shared.closed || shared.outstanding {
                return Err(DialogueError::Disconnected);
            }
            shared.outstanding = true;
            shared.challenge = Some(challenge.to_vec());
            if let Some(driver) = shared.driver.take() {
                driver.wake();
            }
        }
        std::future::poll_fn(|cx| {
            let mut shared = lock(&self.0);
            match shared.response.take() {
                Some(response) => {
                    shared.outstanding = false;
                    Poll::Ready(response)
                }
                None if shared.closed => Poll::Ready(Err(DialogueError::Disconnected)),
                None => {
                    shared.service = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl DialogueServer {
    /// Waits for a challenge to be sent.
    pub fn poll_challenge(&mut self, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        let mut shared = lock(&self.0);
        match shared.challenge.take() {
            Some(challenge) => Poll::Ready(challenge),
            None => {
                shared.driver = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Passes the client's line on, decoded, or what is wrong with it.
    pub fn respond(&mut self, response: Result<Secret, DialogueError>) {
        let mut shared = lock(&self.0);
        shared.response = Some(response);
        if let Some(service) = shared.service.take() {
            service.wake();
        }
    }

    /// What a line of the client, without its CRLF, means as a response.
    ///
    /// # Errors
    /// [`DialogueError::Cancelled`] for `*`, [`DialogueError::Encoding`] if it is not base64.
    pub fn decode(line: &[u8]) -> Result<Secret, DialogueError> {
        if line == b"*" {
            return Err(DialogueError::Cancelled);
        }
        BASE64.decode(line).map(Secret::new).map_err(|_| DialogueError::Encoding)
    }

    /// A challenge as it goes over the wire, behind `334 ` and without CRLF.
    pub fn encode(challenge: &[u8]) -> String {
        BASE64.encode(challenge)
    }
}

impl Drop for DialogueServer {
    fn drop(&mut self) {
        let mut shared = lock(&self.0);
        shared.closed = true;
        if let Some(service) = shared.service.take() {
            service.wake();
        }
    }
}

impl fmt::Debug for Dialogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialogue")
    }
}

impl fmt::Debug for DialogueServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DialogueServer")
    }
}

/// Why there is no response to a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DialogueError {
    /// The client sent `*`.
    Cancelled,
    /// The line is not base64.
    Encoding,
    /// The line is longer than 12,288 octets (RFC 4954 section 4).
    TooLong,
    /// The connection broke, or the client was silent for too long.
    Disconnected,
}

impl DialogueError {
    /// What the client is told.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Cancelled => Reply::new(501, "5.7.0 authentication cancelled"),
            Self::Encoding => Reply::new(501, "5.5.2 response is not base64"),
            Self::TooLong => Reply::new(500, "5.5.6 authentication line too long"),
            Self::Disconnected => Reply::new(421, "4.4.2 connection lost"),
        }
    }
}

impl fmt::Display for DialogueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "the client cancelled the exchange",
            Self::Encoding => "the response is not base64",
            Self::TooLong => "the response is too long",
            Self::Disconnected => "the connection broke within the exchange",
        })
    }
}

impl std::error::Error for DialogueError {}
