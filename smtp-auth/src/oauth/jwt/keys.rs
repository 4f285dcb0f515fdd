use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jsonwebtoken::Header;
use tokio::time::Instant;

use super::key_set::KeySet;
use super::source::Source;
use crate::store::StoreError;

/// How old keys may become while the source is away.
const OLDEST: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the source is left alone after it failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// How long it is left alone after a token named a key that is not among its keys.
const AFTER_UNKNOWN: Duration = Duration::from_secs(30);

/// The keys, read again when it is time.
pub(super) struct Keys {
    source: Source,
    refresh_every: Duration,
    state: Mutex<State>,
    /// One reads, the others wait for what comes of it.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    set: Option<(Arc<KeySet>, Instant)>,
    failed: Option<(StoreError, Instant)>,
    unknown: Option<Instant>,
}

impl Keys {
    pub(super) fn new(source: Source, refresh_every: Duration) -> Self {
        Self { source, refresh_every, state: Mutex::default(), reading: tokio::sync::Mutex::default() }
    }

    /// The keys among which that of the token is, if there is one.
    pub(super) async fn for_token(&self, header: &Header) -> Result<Arc<KeySet>, StoreError> {
        let keys = self.current().await?;
        if keys.fitting(header).next().is_some() || !self.may_ask_for_unknown() {
            return Ok(keys);
        }
        // It may be a key of just now.
        self.read_since(Instant::now()).await
    }

    pub(super) async fn current(&self) -> Result<Arc<KeySet>, StoreError> {
        let known = self.lock().set.clone();
        let Some((set, read)) = known.filter(|(_, read)| read.elapsed() < OLDEST) else {
            return self.read_since(Instant::now()).await;
        };
        // While somebody reads them again, the others go on with what there is.
        if read.elapsed() < self.refresh_every || self.reading.try_lock().is_err() {
            return Ok(set);
        }
        match self.read_since(read + self.refresh_every).await {
            Ok(set) => Ok(set),
            Err(error) => {
                tracing::warn!(%error, "the keys of before stay");
                Ok(set)
            }
        }
    }

    /// Reads the keys, unless somebody did so since then.
    async fn read_since(&self, then: Instant) -> Result<Arc<KeySet>, StoreError> {
        let _reading = self.reading.lock().await;
        {
            let state = self.lock();
            match (&state.set, &state.failed) {
                (Some((set, read)), _) if *read >= then => return Ok(set.clone()),
                (_, Some((error, failed))) if failed.elapsed() < AFTER_FAILURE => return Err(error.clone()),
                _ => {}
            }
        }
        let read = self.source.read().await;
        let mut state = self.lock();
        match read {
            Ok(set) => {
                let set = Arc::new(set);
                state.set = Some((set.clone(), Instant::now()));
                state.failed = None;
                Ok(set)
            }
            Err(error) => {
                state.failed = Some((error.clone(), Instant::now()));
                Err(error)
            }
        }
    }

    fn may_ask_for_unknown(&self) -> bool {
        let mut state = self.lock();
        let may = state.unknown.is_none_or(|asked| asked.elapsed() >= AFTER_UNKNOWN);
        if may {
            state.unknown = Some(Instant::now());
        }
        may
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
