use crate::header::fields;

/// The fields of which there is one at most (RFC 5322 section 3.6).
const ONCE: [&str; 11] = [
    "Date",
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Bcc",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Subject",
];

/// Whether a header has the fields that it must have, and none too often.
pub(super) fn is_sane(header: &[u8]) -> bool {
    let count = |name: &str| fields(header).filter(|field| field.is(name)).count();
    count("From") == 1 && ONCE.iter().all(|name| count(name) <= 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_counted() {
        for (header, sane) in [
            ("From: a@x\r\n", true),
            ("from: a@x\r\nDate: x\r\nReceived: 1\r\nReceived: 2\r\nX-A: 1\r\nX-A: 2\r\n", true),
            ("", false),
            ("To: a@x\r\n", false),
            ("From: a@x\r\nFROM : b@x\r\n", false),
            ("From: a@x\r\nSubject: 1\r\nsubject: 2\r\n", false),
        ] {
            assert_eq!(is_sane(header.as_bytes()), sane, "{header:?}");
        }
    }
}
