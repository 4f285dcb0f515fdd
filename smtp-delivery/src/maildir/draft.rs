use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::directory;
use super::quota::{Refused, Usage};
use super::unique_name::unique_name;

/// How often another name is tried if one is taken.
const ATTEMPTS: usize = 5;

/// A message in a mailbox that is not delivered yet. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    mailbox: PathBuf,
    name: String,
    /// What is to be removed if the delivery comes to nothing.
    unfinished: Unfinished,
}

impl Draft {
    /// Opens a new file in `tmp`. The mailbox is created if it is missing.
    pub(super) fn create(mailbox: &Path, host: &str) -> io::Result<Self> {
        for attempt in 1.. {
            let name = unique_name(host);
            let path = mailbox.join("tmp").join(&name);
            // Not asking first whether the mailbox is there saves what it costs for every
            // message but the first.
            match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
                Ok(file) => {
                    let unfinished = Unfinished(Some(path));
                    return Ok(Self { file, mailbox: mailbox.to_owned(), name, unfinished });
                }
                Err(error) if attempt == ATTEMPTS => return Err(error),
                Err(error) => match error.kind() {
                    io::ErrorKind::NotFound => directory::create(mailbox)?,
                    io::ErrorKind::AlreadyExists => {}
                    _ => return Err(error),
                },
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    pub(super) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.file.write_all(octets)
    }

    /// Copies the whole of another draft.
    pub(super) fn copy_from(&mut self, other: &mut Self) -> io::Result<()> {
        other.file.rewind()?;
        io::copy(&mut other.file, &mut self.file).map(drop)
    }

    /// Moves the message into `new`, where there is room for it. Once this returns, it is durable.
    pub(super) fn deliver(mut self, usage: Option<&Usage>) -> Result<(), Refused> {
        self.file.sync_all()?;
        let new = self.mailbox.join("new");
        let Some(usage) = usage else {
            let name = self.name.clone();
            self.move_to(new.join(name))?;
            return Ok(self.settle(&new)?);
        };
        let octets = self.file.metadata()?.len();
        // Who counts what is in the mailbox need not look at the file.
        let name = format!("{},S={octets}", self.name);
        usage.admit(octets, || self.move_to(new.join(name)))?;
        if let Err(error) = self.settle(&new) {
            usage.take_back(octets)?;
            return Err(error.into());
        }
        Ok(())
    }

    fn move_to(&mut self, to: PathBuf) -> io::Result<()> {
        let from = self.mailbox.join("tmp").join(&self.name);
        match fs::rename(&from, &to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                directory::create(&self.mailbox)?;
                fs::rename(&from, &to)?;
            }
            moved => moved?,
        }
        self.unfinished.0 = Some(to);
        Ok(())
    }

    fn settle(&mut self, new: &Path) -> io::Result<()> {
        directory::sync(new)?;
        self.unfinished.0 = None;
        Ok(())
    }
}

#[derive(Debug)]
struct Unfinished(Option<PathBuf>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // May run in a task that was cancelled: a single unlink, which does not wait for the disk.
        if let Some(path) = &self.0
            && let Err(error) = fs::remove_file(path)
        {
            tracing::warn!(path = %path.display(), %error, "unfinished message stays behind");
        }
    }
}
