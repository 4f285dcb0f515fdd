//! The content of a message that goes on as several.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use smtp_core::{Body, BoxError, BoxFuture, Replay, Reply, Spool};

/// Gives the content from its start, each time.
pub(super) type Copies = Box<dyn Fn() -> Body + Send>;

/// A [`Spool`] of any type.
#[derive(Clone)]
pub(super) struct Copier(Arc<dyn Fn(Body) -> BoxFuture<Result<Copies, BoxError>> + Send + Sync>);

impl Copier {
    pub(super) fn new<S: Spool>(spool: S) -> Self {
        Self(Arc::new(move |body| {
            let spool = spool.clone();
            Box::pin(async move {
                let spooled = spool.spool(body).await?;
                Ok(Box::new(move || spooled.body()) as Copies)
            })
        }))
    }

    /// Reads a body to its end.
    pub(super) async fn copies(&self, body: Body) -> Result<Copies, BoxError> {
        (self.0)(body).await
    }
}

impl Default for Copier {
    fn default() -> Self {
        Self::new(InMemory)
    }
}

impl fmt::Debug for Copier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Copier")
    }
}

/// What keeps content that is not long.
#[derive(Clone)]
struct InMemory;

impl InMemory {
    /// The longest content, in octets.
    const MAX: usize = 1024 * 1024;
}

#[derive(Clone)]
struct Kept(Bytes);

impl Spool for InMemory {
    type Spooled = Kept;

    async fn spool(&self, mut body: Body) -> Result<Kept, BoxError> {
        let mut content = Vec::new();
        while let Some(chunk) = body.next().await {
            content.extend_from_slice(&chunk?);
            if content.len() > Self::MAX {
                let reply =
                    Reply::new(452, "4.5.3 too large for these recipients, send to lists by themselves");
                return Err(reply.into());
            }
        }
        Ok(Kept(content.into()))
    }
}

impl Replay for Kept {
    fn body(&self) -> Body {
        self.0.clone().into()
    }
}
