use std::fs::{File, OpenOptions};
use std::io::{self, Seek as _, Write as _};
use std::path::Path;
use std::thread;

use tokio::sync::{mpsc, oneshot};

use super::Messages;

/// The octets of the file.
const SIZE: usize = 64 << 20;

/// A file to which messages are appended. Those that came while one wait for the disk lasted share the
/// next one.
///
/// The file has its size from the start, so that no wait is for more than its content, and is begun again
/// at its end, as the log of a database is.
#[derive(Debug, Clone)]
pub struct Log(mpsc::UnboundedSender<Entry>);

#[derive(Debug)]
struct Entry {
    message: Vec<u8>,
    durable: oneshot::Sender<()>,
}

impl Log {
    /// Opens the file, which is made if it is missing, and starts the thread that writes it. The thread
    /// ends with the last clone, or when the disk fails.
    ///
    /// # Errors
    /// If there can be no such file or thread.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
        file.write_all(&vec![0; SIZE])?;
        file.sync_all()?;
        file.rewind()?;
        let (sender, entries) = mpsc::unbounded_channel();
        thread::Builder::new().name("log".to_owned()).spawn(move || write(file, entries))?;
        Ok(Self(sender))
    }

    /// What one connection appends.
    pub fn messages(&self) -> Logged {
        Logged { log: self.clone(), message: Vec::new() }
    }
}

fn write(mut file: File, mut entries: mpsc::UnboundedReceiver<Entry>) -> io::Result<()> {
    let (mut group, mut octets, mut written) = (Vec::new(), Vec::new(), 0);
    while let Some(first) = entries.blocking_recv() {
        group.push(first);
        while let Ok(more) = entries.try_recv() {
            group.push(more);
        }
        for Entry { message, .. } in &group {
            octets.extend_from_slice(&(message.len() as u64).to_be_bytes());
            octets.extend_from_slice(message);
        }
        written += octets.len();
        if written > SIZE {
            file.rewind()?;
            written = octets.len();
        }
        file.write_all(&octets)?;
        file.sync_data()?;
        octets.clear();
        for Entry { durable, .. } in group.drain(..) {
            // Whose connection is broken does not wait any more.
            let _ = durable.send(());
        }
    }
    Ok(())
}

/// The messages of a connection, on their way into a log.
#[derive(Debug)]
pub struct Logged {
    log: Log,
    message: Vec<u8>,
}

impl Messages for Logged {
    fn add(&mut self, piece: &[u8]) {
        self.message.extend_from_slice(piece);
    }

    async fn end(&mut self) -> io::Result<()> {
        let (durable, answer) = oneshot::channel();
        let message = std::mem::take(&mut self.message);
        let failed = || io::Error::other("the log cannot be written");
        self.log.0.send(Entry { message, durable }).map_err(|_| failed())?;
        answer.await.map_err(|_| failed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_answered_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut messages = Log::open(&path).unwrap().messages();
        for message in ["one", "another"] {
            messages.add(message.as_bytes());
            messages.end().await.unwrap();
        }
        let written = std::fs::read(path).unwrap();
        assert_eq!(written.len(), SIZE);
        assert!(written.starts_with(b"\0\0\0\0\0\0\0\x03one\0\0\0\0\0\0\0\x07another\0"));
    }
}
