use std::time::Duration;

/// How long the next hop may take for each step.
///
/// The defaults are those of RFC 5321 section 4.5.3.2, where it has one.
///
/// ```
/// use std::time::Duration;
/// use smtp_delivery::relay::Timeouts;
///
/// let mut timeouts = Timeouts::default();
/// timeouts.connect = Duration::from_secs(5);
/// assert_eq!(timeouts.end_of_data, Duration::from_secs(600));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// To find out what is demanded of TLS, for which the DNS and a web server may be asked: 2 minutes.
    pub tls_policy: Duration,
    /// To look up the name and connect, whichever of its addresses answers: 30 seconds.
    pub connect: Duration,
    /// For the greeting: 5 minutes.
    pub greeting: Duration,
    /// To answer EHLO and HELO: 5 minutes.
    pub hello: Duration,
    /// To answer STARTTLS, and for the handshake behind it: 1 minute each.
    pub tls: Duration,
    /// To answer each line of AUTH: 5 minutes.
    pub auth: Duration,
    /// To answer MAIL: 5 minutes. RSET, in front of a further message over the same connection, gets 10
    /// seconds of that.
    pub mail: Duration,
    /// To answer each RCPT: 5 minutes.
    pub rcpt: Duration,
    /// For all recipients of a message together, whatever each may take: 1 hour to accept them, and again,
    /// in LMTP, to answer for them. A next hop that is slow on purpose is not to keep a delivery for days.
    pub recipients: Duration,
    /// To answer DATA: 2 minutes.
    pub data: Duration,
    /// To take a block of the content: 3 minutes.
    pub block: Duration,
    /// To answer the end of the content: 10 minutes. A next hop that is given less may deliver
    /// what it was not waited for, and the message arrives twice.
    pub end_of_data: Duration,
    /// To answer QUIT: 2 seconds. By then the message is settled: this only keeps the client
    /// waiting.
    pub quit: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tls_policy: Duration::from_mins(2),
            connect: Duration::from_secs(30),
            greeting: Duration::from_mins(5),
            hello: Duration::from_mins(5),
            tls: Duration::from_mins(1),
            auth: Duration::from_mins(5),
            mail: Duration::from_mins(5),
            rcpt: Duration::from_mins(5),
            recipients: Duration::from_hours(1),
            data: Duration::from_mins(2),
            block: Duration::from_mins(3),
            end_of_data: Duration::from_mins(10),
            quit: Duration::from_secs(2),
        }
    }
}
