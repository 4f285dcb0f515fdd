//! Bodies that can be read several times.

mod file;
mod options;

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use smtp_core::{Body, BoxError, Replay, Spool};

pub(crate) use file::SpoolFile;
pub use options::SpoolOptions;

use crate::storage;

/// How much is collected before it is written to the file.
const PIECE: usize = 256 * 1024;

/// The whole content of a message, to be read any number of times: in memory up to a threshold,
/// in a file without a name beyond it. The file is gone with the last reader.
///
/// It is for services that must see the whole message before they decide, or that pass it on more
/// than once. Cheap to clone.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use smtp_core::Body;
/// use smtp_delivery::{SpoolOptions, Spooled};
///
/// let spooled = Spooled::read(Body::from("hello\r\n"), &SpoolOptions::default()).await?;
/// assert_eq!(spooled.len(), 7);
/// for _ in 0..2 {
///     let mut body = spooled.body();
///     assert_eq!(body.next().await.unwrap()?, "hello\r\n");
///     assert!(body.next().await.is_none());
/// }
/// # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Spooled(Content);

#[derive(Clone)]
enum Content {
    Memory(Bytes),
    File(Arc<SpoolFile>),
}

impl Spooled {
    /// Reads a body to its end.
    ///
    /// # Errors
    /// The [`BodyError`](smtp_core::BodyError) with which the body ended. If the file cannot be
    /// written, a [`Reply`](smtp_core::Reply): 452 4.3.1 if there is no room, else 451 4.3.0.
    pub async fn read(mut body: Body, options: &SpoolOptions) -> Result<Self, BoxError> {
        let mut collected = BytesMut::new();
        let mut file: Option<SpoolFile> = None;
        while let Some(chunk) = body.next().await {
            collected.extend_from_slice(&chunk?);
            let limit = if file.is_some() { PIECE } else { options.threshold };
            if collected.len() > limit {
                file = Some(append(file, options, collected.split().freeze()).await?);
            }
        }
        Ok(Self(match file {
            None => Content::Memory(collected.freeze()),
            Some(file) => Content::File(Arc::new(append(Some(file), options, collected.freeze()).await?)),
        }))
    }

    /// The content from its start.
    ///
    /// If the file cannot be read, the body ends with an error like that of a broken connection,
    /// which is a temporary failure.
    pub fn body(&self) -> Body {
        match &self.0 {
            Content::Memory(octets) => octets.clone().into(),
            Content::File(file) => Body::from_stream(SpoolFile::read(file.clone())),
        }
    }

    /// The number of octets.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Content::Memory(octets) => octets.len() as u64,
            Content::File(file) => file.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Spool for SpoolOptions {
    type Spooled = Spooled;

    async fn spool(&self, body: Body) -> Result<Spooled, BoxError> {
        Spooled::read(body, self).await
    }
}

impl Replay for Spooled {
    fn body(&self) -> Body {
        Self::body(self)
    }
}

/// Writes to the file, which is made first if there is none.
async fn append(
    file: Option<SpoolFile>,
    options: &SpoolOptions,
    octets: Bytes,
) -> Result<SpoolFile, BoxError> {
    let directory = options.directory.clone();
    let written = storage::blocking(move || {
        let mut file = match file {
            Some(file) => file,
            None => SpoolFile::create(&directory)?,
        };
        file.append(&octets)?;
        Ok(file)
    });
    written.await.map_err(|error| {
        tracing::error!(%error, "message cannot be spooled");
        storage::reply(&error).into()
    })
}

impl fmt::Debug for Spooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spooled({} octets)", self.len())
    }
}
