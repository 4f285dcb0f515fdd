use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How long to wait until a reserve that could not be made is tried again.
const AGAIN: Duration = Duration::from_secs(1);
const PIECE: usize = 1 << 20;

/// A file that is given up when the disk is full, for what has to be written even then.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    octets: u64,
    there: bool,
    tried: Option<Instant>,
}

impl Reserve {
    /// Finds the reserve of a process before, or makes one if there is room.
    pub(super) fn new(path: PathBuf, octets: u64) -> Self {
        let there = fs::metadata(&path).is_ok_and(|metadata| metadata.len() == octets);
        let mut reserve = Self { path, octets, there, tried: None };
        if octets == 0 {
            reserve.there = true;
            let _ = fs::remove_file(&reserve.path);
        } else if !there {
            reserve.refill();
        }
        reserve
    }

    pub(super) fn is_there(&self) -> bool {
        self.there
    }

    /// Gives up the reserve; `false` if there is none.
    pub(super) fn release(&mut self) -> bool {
        if self.octets == 0 || !self.there {
            return false;
        }
        self.there = false;
        self.tried = Some(Instant::now());
        match fs::remove_file(&self.path) {
            Ok(()) => tracing::warn!(octets = self.octets, "disk is full: the queue lives on its reserve"),
            Err(error) => tracing::error!(%error, "reserve of the queue not given up"),
        }
        true
    }

    /// Whether a quarter of what was given up is still free.
    pub(super) fn has_quarter(&self) -> bool {
        let disk = self.path.parent().map(rustix::fs::statvfs);
        disk.is_some_and(|disk| {
            disk.is_ok_and(|disk| disk.f_bavail.saturating_mul(disk.f_frsize) >= self.octets / 4)
        })
    }

    /// Makes the reserve again if there is room; `false` if there is none.
    pub(super) fn refill(&mut self) -> bool {
        if self.there || self.tried.is_some_and(|tried| tried.elapsed() < AGAIN) {
            return self.there;
        }
        self.tried = Some(Instant::now());
        match self.fill() {
            Ok(()) => self.there = true,
            Err(error) => {
                tracing::warn!(%error, "no room for the reserve of the queue");
                let _ = fs::remove_file(&self.path);
            }
        }
        self.there
    }

    fn fill(&self) -> io::Result<()> {
        let mut file: File =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path)?;
        let mut left = self.octets;
        let mut piece = vec![0; PIECE];
        while left > 0 {
            // File systems that compress keep no room for octets that are alike.
            rand::fill(&mut piece[..]);
            let length = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            file.write_all(&piece[..length])?;
            left -= length as u64;
        }
        file.sync_all()
    }
}
