//! What the replies must be.

use std::ops::RangeInclusive;

use bytes::Bytes;

use crate::session::Over;

/// The reply that a command waits for.
#[derive(Debug)]
pub(crate) enum Expected {
    /// One of these codes.
    Code(RangeInclusive<u16>),
    /// One of these codes; the message that was coming in by chunks is given up.
    Abort { id: usize, codes: RangeInclusive<u16>, closes: Closes },
    /// The reply to BDAT.
    Chunk { id: usize, last: bool },
    /// The reply to the content behind DATA.
    End { id: usize },
}

/// Whether the server closes the connection behind a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closes {
    No,
    Perhaps,
    Yes,
}

impl Expected {
    pub(crate) fn is(code: u16) -> Self {
        Self::Code(code..=code)
    }

    pub(crate) fn refusal() -> Self {
        Self::Code(REFUSALS)
    }
}

pub(crate) const REFUSALS: RangeInclusive<u16> = 500..=599;

/// A message, and what is known of its fate.
#[derive(Debug)]
pub(crate) struct Sent {
    /// As it was meant, without dot-stuffing.
    pub(crate) content: Bytes,
    /// It is well-formed and the delivery accepts it: once it is sent whole, the reply is 250.
    pub(crate) acceptable: bool,
    /// The delivery reads it to its end.
    pub(crate) read_to_end: bool,
    /// The server took all of its octets.
    pub(crate) whole: bool,
    pub(crate) fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No reply yet, or only to some chunks.
    Unknown { begun: bool },
    /// The last reply was 250.
    Accepted,
    /// A reply was none of success, or the client gave it up.
    Refused,
}

impl Sent {
    /// Takes the final reply.
    pub(crate) fn end(&mut self, code: u16) {
        assert_eq!(code == 250, self.acceptable, "{code} to {self:?}");
        assert!(code == 250 || (400..600).contains(&code), "{code} to {self:?}");
        self.fate = if code == 250 { Fate::Accepted } else { Fate::Refused };
    }

    /// Takes the reply to a chunk.
    pub(crate) fn chunk(&mut self, code: u16, last: bool) {
        match self.fate {
            Fate::Unknown { .. } if last => self.end(code),
            Fate::Unknown { .. } if code == 250 => self.fate = Fate::Unknown { begun: true },
            Fate::Unknown { .. } => {
                assert!(!self.acceptable && (400..600).contains(&code), "{code} to {self:?}");
                self.fate = Fate::Refused;
            }
            Fate::Refused => assert_eq!(code, 503, "a chunk of {self:?}"),
            Fate::Accepted => panic!("a chunk behind the last: {self:?}"),
        }
    }

    /// Whether the server waits for the rest of it, even when it shuts down.
    pub(crate) fn is_begun(&self) -> bool {
        self.fate == Fate::Unknown { begun: true }
    }

    /// Holds what was delivered against what was said.
    pub(crate) fn check(&self, delivered: &[Vec<u8>], over: Over) {
        let allowed = match self.fate {
            Fate::Accepted if self.read_to_end => 1..=1,
            Fate::Accepted => 0..=1,
            Fate::Refused => 0..=0,
            // Who leaves before the reply cannot know.
            Fate::Unknown { .. } => 0..=usize::from(self.whole && over == Over::Left),
        };
        assert!(allowed.contains(&delivered.len()), "{} times: {self:?}", delivered.len());
        for content in delivered {
            assert_eq!(self.content, content, "another content was delivered");
        }
    }
}
