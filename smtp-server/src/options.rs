use std::time::Duration;

use smtp_core::Leniency;
use smtp_core::codec::BareLineEndings;

/// How long the driver waits, and how much it puts up with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// Which faults of clients are overlooked; none by default.
    pub leniency: Leniency,
    /// What a message gets that has a CR or an LF of its own; it is refused by default.
    pub bare_line_endings: BareLineEndings,
    /// How long the greeting waits for clients that cannot: one that sends something before it is
    /// greeted (RFC 5321 section 4.3.1) is refused with 554. Zero, the default, greets at once and looks
    /// at nothing.
    pub greeting_delay: Duration,
    /// How long a client may take for a whole command line, and how long it may take no octet of
    /// what is written to it. RFC 5321 section 4.5.3.2.7 asks for 5 minutes at least.
    pub command_timeout: Duration,
    /// How long a client may be silent within a message (RFC 5321 section 4.5.3.2.5).
    pub data_timeout: Duration,
    /// How many octets a second a client must send within a message on average, at least, once it
    /// made the server wait for `data_timeout` in all; zero lets it take its time. The time that the
    /// server itself takes does not count.
    pub min_data_rate: u32,
    /// How long a whole message may take, however steadily it comes.
    pub message_timeout: Duration,
    /// How long the octets of a message that nobody wants are read before the connection closes.
    pub drain_timeout: Duration,
    /// How many octets of a message that nobody wants are read before the connection closes.
    pub drain_octets: u64,
    /// How long a handshake may take behind STARTTLS.
    pub handshake_timeout: Duration,
}

impl Default for Options {
    /// 5 minutes for commands, 3 within a message, 100 octets a second, 1 hour for a whole one, 1 minute
    /// and 64 MiB for what nobody wants, 30 seconds for handshakes; no wait before the greeting.
    fn default() -> Self {
        Self {
            leniency: Leniency::default(),
            bare_line_endings: BareLineEndings::Reject,
            greeting_delay: Duration::ZERO,
            command_timeout: Duration::from_secs(300),
            data_timeout: Duration::from_secs(180),
            min_data_rate: 100,
            message_timeout: Duration::from_secs(3600),
            drain_timeout: Duration::from_secs(60),
            drain_octets: 64 << 20,
            handshake_timeout: Duration::from_secs(30),
        }
    }
}
