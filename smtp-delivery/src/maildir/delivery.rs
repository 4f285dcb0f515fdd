use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::draft::Draft;

/// One message on its way into one or several mailboxes: the part of it that blocks.
#[derive(Debug)]
pub(super) struct Delivery {
    host: Arc<str>,
    mailboxes: Vec<PathBuf>,
    failures: Vec<Option<io::Error>>,
    /// A message too large to be kept in memory is written to the mailbox with this index, and
    /// copied to the others at the end.
    draft: Option<(usize, Draft)>,
}

impl Delivery {
    pub(super) fn new(host: Arc<str>, mailboxes: Vec<PathBuf>) -> Self {
        let failures = mailboxes.iter().map(|_| None).collect();
        Self { host, mailboxes, failures, draft: None }
    }

    /// Writes a piece of a large message.
    ///
    /// # Errors
    /// If it can be written to none of the mailboxes.
    pub(super) fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        if self.draft.is_none() {
            self.draft = Some(self.open_first()?);
        }
        match &mut self.draft {
            Some((_, draft)) => draft.write(octets),
            None => Ok(()),
        }
    }

    /// Writes the rest and delivers; gives what failed, for each mailbox.
    ///
    /// # Errors
    /// If the rest can be written to none of the mailboxes.
    pub(super) fn finish(mut self, rest: &[u8]) -> io::Result<Vec<Option<io::Error>>> {
        match self.draft.take() {
            None => self.deliver_small(rest),
            Some((index, mut draft)) => {
                draft.write(rest)?;
                self.deliver_copies(index, &mut draft);
                self.failures[index] = draft.deliver().err();
            }
        }
        for (mailbox, failure) in self.mailboxes.iter().zip(&self.failures) {
            if let Some(error) = failure {
                tracing::error!(mailbox = %mailbox.display(), %error, "delivery to mailbox failed");
            }
        }
        Ok(self.failures)
    }

    /// The first mailbox that can be written to: one that is broken must not keep the message
    /// from the others.
    fn open_first(&mut self) -> io::Result<(usize, Draft)> {
        let mut last = io::ErrorKind::NotFound.into();
        for (index, mailbox) in self.mailboxes.iter().enumerate() {
            match Draft::create(mailbox, &self.host) {
                Ok(draft) => return Ok((index, draft)),
                Err(error) => {
                    last = io::Error::new(error.kind(), error.to_string());
                    self.failures[index] = Some(error);
                }
            }
        }
        Err(last)
    }

    fn deliver_small(&mut self, octets: &[u8]) {
        for (mailbox, failure) in self.mailboxes.iter().zip(&mut self.failures) {
            let delivered = Draft::create(mailbox, &self.host).and_then(|mut draft| {
                draft.write(octets)?;
                draft.deliver()
            });
            *failure = delivered.err();
        }
    }

    fn deliver_copies(&mut self, original: usize, draft: &mut Draft) {
        let targets = self.mailboxes.iter().zip(&mut self.failures).enumerate();
        for (index, (mailbox, failure)) in targets {
            if index == original || failure.is_some() {
                continue;
            }
            let delivered = Draft::create(mailbox, &self.host).and_then(|mut copy| {
                copy.copy_from(draft)?;
                copy.deliver()
            });
            *failure = delivered.err();
        }
    }
}
