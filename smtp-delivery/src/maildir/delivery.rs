use std::io;
use std::sync::Arc;

use super::draft::Draft;
use super::quota::Refused;
use super::target::Target;

/// One message on its way into one or several mailboxes: the part of it that blocks.
#[derive(Debug)]
pub(super) struct Delivery {
    host: Arc<str>,
    targets: Vec<Target>,
    failures: Vec<Option<Refused>>,
    /// A message too large to be kept in memory is written to the mailbox with this index, and
    /// copied to the others at the end.
    draft: Option<(usize, Draft)>,
}

impl Delivery {
    pub(super) fn new(host: Arc<str>, targets: Vec<Target>) -> Self {
        let failures = targets.iter().map(|_| None).collect();
        Self { host, targets, failures, draft: None }
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
    pub(super) fn finish(mut self, rest: &[u8]) -> io::Result<Vec<Option<Refused>>> {
        match self.draft.take() {
            None => self.deliver_small(rest),
            Some((index, mut draft)) => {
                draft.write(rest)?;
                self.deliver_copies(index, &mut draft);
                self.failures[index] = draft.deliver(self.targets[index].usage.as_ref()).err();
            }
        }
        for (target, failure) in self.targets.iter().zip(&self.failures) {
            let mailbox = target.mailbox.display();
            match failure {
                None => {}
                Some(Refused::Storage(error)) => {
                    tracing::error!(%mailbox, %error, "delivery to mailbox failed");
                }
                Some(Refused::Full | Refused::TooLarge) => tracing::info!(%mailbox, "mailbox has no room"),
            }
        }
        Ok(self.failures)
    }

    /// The first mailbox that can be written to: one that is broken must not keep the message
    /// from the others.
    fn open_first(&mut self) -> io::Result<(usize, Draft)> {
        let mut last = io::ErrorKind::NotFound.into();
        for (index, target) in self.targets.iter().enumerate() {
            match Draft::create(&target.directory(), &self.host) {
                Ok(draft) => return Ok((index, draft)),
                Err(error) => {
                    last = io::Error::new(error.kind(), error.to_string());
                    self.failures[index] = Some(error.into());
                }
            }
        }
        Err(last)
    }

    fn deliver_small(&mut self, octets: &[u8]) {
        for (target, failure) in self.targets.iter().zip(&mut self.failures) {
            let delivered = Draft::create(&target.directory(), &self.host).map_err(Refused::from).and_then(
                |mut draft| {
                    draft.write(octets)?;
                    draft.deliver(target.usage.as_ref())
                },
            );
            *failure = delivered.err();
        }
    }

    fn deliver_copies(&mut self, original: usize, draft: &mut Draft) {
        let targets = self.targets.iter().zip(&mut self.failures).enumerate();
        for (index, (target, failure)) in targets {
            if index == original || failure.is_some() {
                continue;
            }
            let delivered =
                Draft::create(&target.directory(), &self.host).map_err(Refused::from).and_then(|mut copy| {
                    copy.copy_from(draft)?;
                    copy.deliver(target.usage.as_ref())
                });
            *failure = delivered.err();
        }
    }
}
