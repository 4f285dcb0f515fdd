use std::sync::Arc;
use std::thread;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier};
use smtp_core::Secret;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::store::StoreError;

/// How long a login waits for others before it is told to come again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Verifies passwords on the blocking pool, a few at a time: each takes 19 MiB and tens of
/// milliseconds of a processor.
pub(super) struct PasswordChecks(Arc<Semaphore>);

impl Default for PasswordChecks {
    /// Half of the processors are left to everything else.
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new((processors / 2).max(1))))
    }
}

impl PasswordChecks {
    pub(super) async fn check(&self, password: Secret, hash: PasswordHash) -> Result<bool, StoreError> {
        let permit = timeout(LONGEST_WAIT, self.0.clone().acquire_owned())
            .await
            .map_err(|_| StoreError::new("too many passwords are waiting to be verified"))?
            .map_err(StoreError::new)?;
        let verified = spawn_blocking(move || {
            // Until the work is done, even if nobody waits for it any more.
            let _permit = permit;
            Argon2::default().verify_password(password.expose(), &hash).is_ok()
        });
        verified.await.map_err(StoreError::new)
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;
    use crate::user_file::users::Users;

    fn hash() -> PasswordHash {
        Users::decode("", "users".as_ref()).unwrap().decoy_hash
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_to_come_again() {
        let checks = PasswordChecks(Arc::new(Semaphore::new(0)));
        let error = checks.check("x".into(), hash()).await.unwrap_err();
        assert!(error.to_string().contains("too many passwords"), "{error}");
    }

    #[test]
    fn a_permit_is_kept_until_the_work_is_done() {
        let runtime = Builder::new_current_thread().enable_time().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (gate, closed) = std::sync::mpsc::channel::<()>();
            spawn_blocking(move || closed.recv());
            let checks = PasswordChecks(Arc::new(Semaphore::new(1)));
            // Whoever hung up no longer waits, but a processor will still work for it.
            assert!(timeout(Duration::ZERO, checks.check("x".into(), hash())).await.is_err());
            assert_eq!(checks.0.available_permits(), 0);
            drop(gate);
            assert!(!checks.check("x".into(), hash()).await.unwrap());
        });
    }
}
