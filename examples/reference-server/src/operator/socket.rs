//! The side of the server.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::geteuid;
use smtp_server::BoxError;
use smtp_server::delivery::queue::QueueHandle;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::{FAILED, Request, answer, path};

/// The longest request, in octets.
const LONGEST: u64 = 4096;
/// How long one may be written.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many are answered at once.
const OPERATORS: usize = 8;
/// After a socket failed, for want of file descriptors for example.
const PAUSE: Duration = Duration::from_secs(1);

/// Where operators ask. The socket goes with it.
pub(crate) struct Desk {
    listener: UnixListener,
    path: PathBuf,
}

impl Desk {
    /// Opens it in the data folder.
    pub(crate) fn open(data_dir: &Path) -> Result<Self, BoxError> {
        let path = path(data_dir);
        // One who is there is another server; what is left of one who was killed is in the way.
        if StdStream::connect(&path).is_ok() {
            return Err(format!("{}: another server runs in this folder; stop it", path.display()).into());
        }
        let open = || {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let listener = UnixListener::bind(&path)?;
            // Whoever was quicker is asked who it is, too.
            fs::set_permissions(&path, Permissions::from_mode(0o600))?;
            Ok(listener)
        };
        let listener = open().map_err(|error| {
            format!("cannot listen on {}: {error}; name another data folder", path.display())
        })?;
        Ok(Self { listener, path })
    }

    /// Answers until it is dropped.
    pub(crate) async fn serve(self, queue: QueueHandle) {
        let operators = Arc::new(Semaphore::new(OPERATORS));
        loop {
            let Ok(place) = operators.clone().acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let queue = queue.clone();
                    tokio::spawn(async move {
                        if let Err(error) = talk(stream, &queue).await {
                            tracing::debug!(%error, "operator is gone");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "operators cannot be heard");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The next start takes it away if this does not.
        let _ = fs::remove_file(&self.path);
    }
}

async fn talk(stream: UnixStream, queue: &QueueHandle) -> io::Result<()> {
    let who = stream.peer_cred()?.uid();
    if who != 0 && who != geteuid().as_raw() {
        tracing::warn!(who, "is no operator");
        return Ok(());
    }
    let (reading, mut writing) = stream.into_split();
    let mut request = String::new();
    let mut reading = BufReader::new(reading.take(LONGEST));
    timeout(PATIENCE, reading.read_line(&mut request)).await??;
    let request = request.trim_end_matches('\n');
    match request.parse::<Request>() {
        Ok(request) => answer::answer(&request, queue, &mut writing).await,
        Err(_) => answer::line(&mut writing, &format!("{FAILED}the server is of another version")).await,
    }
}
