use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use smtp_core::Secret;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::StoredPassword;
use crate::scram::ScramKeys;
use crate::store::StoreError;

/// How long a login waits for others before it is told to come again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How many may wait: more would wait in vain, and hold their connections meanwhile.
const MOST_WAITING: usize = 64;

/// Verifies passwords on the blocking pool, a few at a time: each takes 19 MiB and tens of
/// milliseconds of a processor.
pub(crate) struct PasswordChecks {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// The memory of checks that are over. What goes back to the allocator in pieces of this size
    /// comes back from it somewhere else, until the process has grown by hundreds of MiB.
    memory: Arc<Mutex<Vec<Vec<Block>>>>,
}

impl Default for PasswordChecks {
    /// Half of the processors are left to everything else.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::at_once((processors / 2).max(1))
    }
}

impl PasswordChecks {
    fn at_once(permits: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(permits)),
            waiting: AtomicUsize::new(0),
            memory: Arc::default(),
        }
    }

    pub(crate) async fn check(&self, password: Secret, stored: StoredPassword) -> Result<bool, StoreError> {
        let _place = Place::take(&self.waiting)
            .ok_or_else(|| StoreError::new("too many passwords are waiting to be verified"))?;
        let permit = timeout(LONGEST_WAIT, self.permits.clone().acquire_owned())
            .await
            .map_err(|_| StoreError::new("too many passwords are waiting to be verified"))?
            .map_err(StoreError::new)?;
        let pool = self.memory.clone();
        let verified = spawn_blocking(move || {
            // Until the work is done, even if nobody waits for it any more.
            let _permit = permit;
            match stored {
                StoredPassword::Argon2id(hash) => {
                    let mut memory = lock(&pool).pop().unwrap_or_default();
                    let matches = verify(password.expose(), &hash, &mut memory);
                    // There are never more than there are permits.
                    lock(&pool).push(memory);
                    matches
                }
                StoredPassword::Scram(keys) => has_keys(&password, &keys),
            }
        });
        verified.await.map_err(StoreError::new)
    }
}

fn lock(pool: &Mutex<Vec<Vec<Block>>>) -> MutexGuard<'_, Vec<Vec<Block>>> {
    // Nothing panics while the lock is held.
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether the hash is that of the password. Leaves the memory empty.
fn verify(password: &[u8], hash: &PasswordHash, memory: &mut Vec<Block>) -> bool {
    let (Ok(argon2), Some(salt), Some(expected)) = (argon2_of(hash), &hash.salt, &hash.hash) else {
        return false;
    };
    let mut output = vec![0; expected.len()];
    memory.resize(argon2.params().block_count(), Block::default());
    let computed = argon2.hash_password_into_with_memory(password, salt, &mut output, &mut memory[..]);
    // It was made of the password.
    memory.fill(Block::default());
    memory.clear();
    computed.is_ok() && bool::from(output.ct_eq(expected.as_ref()))
}

/// Whether these keys are those of the password.
fn has_keys(password: &Secret, expected: &ScramKeys) -> bool {
    let cost = expected.cost();
    let derived = ScramKeys::derive(expected.hash(), password, cost.iterations, expected.salt());
    derived.is_some_and(|keys| keys.stored_key().ct_eq(expected.stored_key()).into())
}

/// The function that made the hash.
fn argon2_of(hash: &PasswordHash) -> argon2::password_hash::Result<Argon2<'static>> {
    let algorithm = Algorithm::try_from(hash.algorithm.as_str())?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from)?;
    Ok(Argon2::new(algorithm, version, Params::try_from(hash)?))
}

/// A place among those that wait, until this is dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Option<Self> {
        let place = Self(waiting);
        (waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;
    use crate::password::decoy_argon2id;
    use crate::scram::{ScramCost, ScramHash};

    fn hash() -> StoredPassword {
        StoredPassword::Argon2id(decoy_argon2id(None))
    }

    #[tokio::test]
    async fn scram_keys_do_for_a_password_too() {
        let checks = PasswordChecks::default();
        let keys = ScramKeys::generate(ScramHash::Sha256, &"pencil".into(), ScramCost::default()).unwrap();
        for (password, matches) in [("pencil", true), ("pencils", false), ("", false)] {
            let stored = StoredPassword::Scram(keys.clone());
            assert_eq!(checks.check(password.into(), stored).await.unwrap(), matches, "{password:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_to_come_again() {
        let checks = PasswordChecks::at_once(0);
        let error = checks.check("x".into(), hash()).await.unwrap_err();
        assert!(error.to_string().contains("too many passwords"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn only_so_many_wait() {
        let checks = Arc::new(PasswordChecks::at_once(0));
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..MOST_WAITING {
            let checks = checks.clone();
            waiting.spawn(async move { checks.check("x".into(), hash()).await });
        }
        while checks.waiting.load(Ordering::Relaxed) < MOST_WAITING {
            tokio::task::yield_now().await;
        }
        let before = tokio::time::Instant::now();
        assert!(checks.check("x".into(), hash()).await.is_err());
        assert_eq!(before.elapsed(), Duration::ZERO);
        waiting.shutdown().await;
        assert_eq!(checks.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_permit_is_kept_until_the_work_is_done() {
        let runtime = Builder::new_current_thread().enable_time().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (gate, closed) = std::sync::mpsc::channel::<()>();
            spawn_blocking(move || closed.recv());
            let checks = PasswordChecks::at_once(1);
            // Whoever hung up no longer waits, but a processor will still work for it.
            assert!(timeout(Duration::ZERO, checks.check("x".into(), hash())).await.is_err());
            assert_eq!(checks.permits.available_permits(), 0);
            drop(gate);
            assert!(!checks.check("x".into(), hash()).await.unwrap());
        });
    }
}
