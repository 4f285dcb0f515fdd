//! How the server is set up.

use std::sync::Arc;

use smtp_server::codec::BareLineEndings;
use smtp_server::testing::info;
use smtp_server::{ConnectionInfo, Dialect, Leniency, Options};

use super::delivery::Behaviour;
use crate::cuts::Cuts;
use crate::stub_tls::facts;

pub(super) struct Setup {
    pub(super) lmtp: bool,
    pub(super) starttls: bool,
    pub(super) auth: bool,
    pub(super) limits: bool,
    pub(super) extensions: bool,
    implicit_tls: bool,
    lenient: bool,
    pub(super) normalises: bool,
    pub(super) delivery: Behaviour,
    /// How many octets are on their way at most, in each direction.
    pub(super) pipe: usize,
    /// How the client writes.
    pub(super) cuts: Cuts,
    pub(super) message_size: u64,
    pub(super) recipients: usize,
}

impl Setup {
    /// The setup in the first octets, and what stands behind it.
    pub(super) fn read(data: &[u8]) -> Option<(Self, &[u8])> {
        let [flags, delivery, pipe, cuts, size, recipients, input @ ..] = data else { return None };
        let is_set = |bit: u8| flags >> bit & 1 == 1;
        let setup = Self {
            lmtp: is_set(0),
            starttls: is_set(1),
            auth: is_set(2),
            limits: is_set(3),
            implicit_tls: is_set(4),
            lenient: is_set(5),
            extensions: is_set(6),
            normalises: is_set(7),
            delivery: Behaviour::pick(*delivery),
            pipe: [65_536, 1, 7, 64, 1024][usize::from(*pipe) % 5],
            cuts: Cuts::new(*cuts),
            message_size: u64::from(*size) * 16,
            recipients: usize::from(*recipients),
        };
        Some((setup, input))
    }

    pub(super) fn info(&self) -> ConnectionInfo {
        let info = info().dialect(if self.lmtp { Dialect::Lmtp } else { Dialect::Smtp });
        if self.implicit_tls { info.tls(Arc::new(facts())) } else { info }
    }

    pub(super) fn options(&self) -> Options {
        let mut options = Options::default();
        if self.lenient {
            options.leniency = Leniency::all();
        }
        if self.normalises {
            options.bare_line_endings = BareLineEndings::Normalise;
        }
        // So little that inputs get there.
        options.drain_octets = 1024;
        options
    }
}
