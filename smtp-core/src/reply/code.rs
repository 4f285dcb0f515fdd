use std::fmt;

/// A reply code of three digits, 200 to 599 (RFC 5321 section 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplyCode(u16);

/// What the first digit of a reply code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Severity {
    /// 2xx: done.
    Positive,
    /// 3xx: go on.
    Intermediate,
    /// 4xx: not now.
    Transient,
    /// 5xx: no.
    Permanent,
}

impl ReplyCode {
    /// 451, local error in processing.
    pub(crate) const LOCAL_ERROR: Self = Self(451);
    /// 421, the service closes the channel.
    pub const CLOSING: Self = Self(421);

    /// The code, if it lies in 200 to 599.
    pub const fn new(code: u16) -> Option<Self> {
        if matches!(code, 200..=599) { Some(Self(code)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// What the first digit says.
    pub const fn severity(self) -> Severity {
        match self.0 / 100 {
            2 => Severity::Positive,
            3 => Severity::Intermediate,
            4 => Severity::Transient,
            _ => Severity::Permanent,
        }
    }

    /// The three digits as they are written.
    pub(crate) fn digits(self) -> [u8; 3] {
        let digit = |number: u16| b'0' + (number % 10) as u8;
        [digit(self.0 / 100), digit(self.0 / 10), digit(self.0)]
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl PartialEq<u16> for ReplyCode {
    fn eq(&self, other: &u16) -> bool {
        self.0 == *other
    }
}

/// An enhanced status code `class.subject.detail` (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnhancedStatus {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedStatus {
    /// The subject and detail of a status; its class comes from the reply that carries it.
    pub const fn new(subject: u16, detail: u16) -> Self {
        Self { class: 2, subject, detail }
    }

    /// 2, 4 or 5.
    pub const fn class(self) -> u8 {
        self.class
    }

    /// The second number, up to 999.
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// The third number, up to 999.
    pub const fn detail(self) -> u16 {
        self.detail
    }

    pub(crate) const fn with_severity(mut self, severity: Severity) -> Self {
        self.class = match severity {
            Severity::Positive | Severity::Intermediate => 2,
            Severity::Transient => 4,
            Severity::Permanent => 5,
        };
        self
    }

    /// A status at the start of `text`, and how many octets it takes with the space behind it.
    pub(crate) fn split_from(text: &str) -> Option<(Self, usize)> {
        let length = text.find([' ', '\n']).unwrap_or(text.len());
        let mut numbers = text[..length].split('.').map(|number| {
            let well_formed = matches!(number.len(), 1..=3) && number.bytes().all(|b| b.is_ascii_digit());
            well_formed.then(|| number.parse::<u16>().ok()).flatten()
        });
        let class = match numbers.next()?? {
            class @ (2 | 4 | 5) => class as u8,
            _ => return None,
        };
        let (subject, detail) = (numbers.next()??, numbers.next()??);
        if numbers.next().is_some() {
            return None;
        }
        let skip = (length + 1).min(text.len());
        Some((Self { class, subject, detail }, skip))
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}
