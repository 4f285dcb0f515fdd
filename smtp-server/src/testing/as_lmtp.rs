//! Scripts of SMTP as LMTP.

use std::collections::VecDeque;

/// Follows a session by its script: what the client sends, and what is expected of the server.
#[derive(Debug, Default)]
pub(super) struct AsLmtp {
    /// The commands whose replies are not expected yet.
    pending: VecDeque<Command>,
    /// The recipients of the transaction that were accepted.
    recipients: usize,
    content: Content,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    /// It begins a transaction, or ends one without a message.
    Reset,
    Recipient,
    Data,
    /// The end of a message.
    End,
    Other,
}

/// Which of the client's octets are no commands.
#[derive(Debug, Default)]
enum Content {
    #[default]
    None,
    Data,
    Chunk(usize),
}

impl AsLmtp {
    /// What the client sends in the place of `octets`.
    pub(super) fn sent(&mut self, octets: Vec<u8>) -> Vec<u8> {
        match self.content {
            Content::Chunk(size) => {
                self.content = match size.saturating_sub(octets.len()) {
                    0 => Content::None,
                    left => Content::Chunk(left),
                };
                octets
            }
            Content::Data => {
                if octets == b".\r\n" {
                    self.content = Content::None;
                    self.pending.push_back(Command::End);
                }
                octets
            }
            Content::None => self.command(octets),
        }
    }

    fn command(&mut self, octets: Vec<u8>) -> Vec<u8> {
        let line = String::from_utf8_lossy(&octets).to_ascii_uppercase();
        let mut words = line.split_whitespace();
        let (verb, size, last) = (words.next().unwrap_or_default(), words.next(), words.next());
        self.pending.push_back(match verb {
            "EHLO" | "MAIL" | "RSET" => Command::Reset,
            "RCPT" => Command::Recipient,
            "DATA" => Command::Data,
            "BDAT" => {
                if let Some(size) = size.and_then(|size| size.parse().ok()).filter(|size| *size > 0) {
                    self.content = Content::Chunk(size);
                }
                if last == Some("LAST") { Command::End } else { Command::Other }
            }
            _ => Command::Other,
        });
        if verb == "EHLO" { [b"L", &octets[1..]].concat() } else { octets }
    }

    /// What to expect in the place of a line of the script, and how often.
    pub(super) fn expected<'a>(&mut self, line: &'a str) -> (&'a str, usize) {
        // RFC 2033 section 4.2 knows this code alone.
        let line = match line {
            "554 5.5.1 no valid recipients" => "503 5.5.1 no valid recipients",
            line => line,
        };
        if line.as_bytes().get(3) == Some(&b'-') {
            return (line, 1);
        }
        let positive = line.starts_with('2');
        match self.pending.pop_front() {
            Some(Command::Reset) if positive => self.recipients = 0,
            Some(Command::Recipient) => self.recipients += usize::from(positive),
            Some(Command::Data) if line.starts_with("354") => self.content = Content::Data,
            Some(Command::End) => return (line, std::mem::take(&mut self.recipients).max(1)),
            _ => {}
        }
        (line, 1)
    }
}
