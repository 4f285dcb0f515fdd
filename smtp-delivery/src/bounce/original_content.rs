//! What a notification gives back of the message that it is about.

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use smtp_core::Body;

use super::Returned;

/// The longest line without its CRLF (RFC 5322 section 2.1.1).
const MAX_LINE: usize = 998;

/// A message, or its header.
#[derive(Debug)]
pub(super) struct OriginalContent {
    pub(super) octets: Bytes,
    pub(super) returned: Returned,
}

impl OriginalContent {
    /// Reads what is given back: up to `limit` octets, and no more than that.
    pub(super) async fn read(mut body: Body, whole: bool, limit: usize) -> Self {
        let mut octets = BytesMut::new();
        let complete = loop {
            if octets.len() > limit || (!whole && header_end(&octets).is_some()) {
                break false;
            }
            match body.next().await {
                None => break true,
                Some(Ok(chunk)) => {
                    // One more than the limit tells that there is more.
                    let room = limit.saturating_add(1) - octets.len();
                    octets.extend_from_slice(&chunk[..chunk.len().min(room)]);
                }
                Some(Err(error)) => {
                    tracing::error!(%error, "content for a notification cannot be read");
                    break false;
                }
            }
        };
        let complete = complete && octets.len() <= limit;
        octets.truncate(limit);
        Self::of(octets.freeze(), whole, complete)
    }

    fn of(mut octets: Bytes, whole: bool, complete: bool) -> Self {
        if whole && complete && is_sendable(&octets) && !octets.is_empty() {
            return Self { octets, returned: Returned::Whole };
        }
        let header = if whole { Returned::HeaderOnly } else { Returned::Header };
        let returned = match header_end(&octets) {
            Some(end) => {
                octets.truncate(end);
                header
            }
            // A message may be nothing but a header.
            None if complete => header,
            None => {
                octets.truncate(last_field_end(&octets));
                Returned::PartOfHeader
            }
        };
        let returned = if octets.is_empty() { Returned::Nothing } else { returned };
        Self { octets, returned }
    }

    /// Whether it can stand in a message as it is: lines that are not too long.
    pub(super) fn is_sendable(&self) -> bool {
        is_sendable(&self.octets)
    }

    /// The fields of its header: names, and what is behind the colons with its folds.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let header = header_end(&self.octets).unwrap_or(self.octets.len());
        // Up to where it is text at all.
        let text = match std::str::from_utf8(&self.octets[..header]) {
            Ok(text) => text,
            Err(error) => std::str::from_utf8(&self.octets[..error.valid_up_to()]).unwrap_or_default(),
        };
        let mut rest = text;
        std::iter::from_fn(move || {
            let end = field_end(rest.as_bytes());
            let (field, behind) = rest.split_at(end);
            rest = behind;
            (!field.is_empty()).then_some(field)
        })
        .filter_map(|field| field.split_once(':'))
        .map(|(name, value)| (name.trim_end(), value))
    }
}

/// Where the header ends, behind the CRLF of its last line.
fn header_end(octets: &[u8]) -> Option<usize> {
    if octets.starts_with(b"\r\n") {
        return Some(0);
    }
    memmem::find(octets, b"\r\n\r\n").map(|position| position + 2)
}

/// The length of the field that this begins with, its folded lines included.
fn field_end(octets: &[u8]) -> usize {
    let mut ends = memmem::find_iter(octets, b"\r\n").map(|position| position + 2);
    ends.find(|end| !matches!(octets.get(*end), Some(b' ' | b'\t'))).unwrap_or(octets.len())
}

/// Where the last whole field ends, in a header that was cut.
fn last_field_end(octets: &[u8]) -> usize {
    let ends = memmem::rfind_iter(octets, b"\r\n").map(|position| position + 2);
    let is_end = |end: &usize| octets.get(*end).is_some_and(|next| !matches!(next, b' ' | b'\t'));
    ends.into_iter().find(is_end).unwrap_or(0)
}

fn is_sendable(octets: &[u8]) -> bool {
    let mut lines = octets.split(|octet| *octet == b'\n').peekable();
    while let Some(line) = lines.next() {
        let is_last = lines.peek().is_none();
        let line = match line.strip_suffix(b"\r") {
            Some(line) if !is_last => line,
            None if is_last => line,
            _ => return false,
        };
        if line.len() > MAX_LINE || line.iter().any(|octet| matches!(octet, b'\r' | 0)) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use smtp_core::BodyErrorKind;

    use super::*;

    async fn read(content: &'static str, whole: bool, limit: usize) -> (String, Returned) {
        let read = OriginalContent::read(content.into(), whole, limit).await;
        (String::from_utf8(read.octets.to_vec()).unwrap(), read.returned)
    }

    #[tokio::test]
    async fn gives_back_what_is_wanted_and_fits() {
        use Returned::{Header, HeaderOnly, Nothing, PartOfHeader, Whole};
        const MESSAGE: &str = "A: 1\r\nB: 2\r\n\t3\r\n\r\ntext\r\n";
        for (whole, limit, octets, returned) in [
            (true, 24, MESSAGE, Whole),
            (true, 23, "A: 1\r\nB: 2\r\n\t3\r\n", HeaderOnly),
            (false, 24, "A: 1\r\nB: 2\r\n\t3\r\n", Header),
            (false, 18, "A: 1\r\nB: 2\r\n\t3\r\n", Header),
            (false, 17, "A: 1\r\nB: 2\r\n\t3\r\n", PartOfHeader),
            (false, 16, "A: 1\r\n", PartOfHeader),
            (true, 13, "A: 1\r\n", PartOfHeader),
            (true, 6, "", Nothing),
            (true, 0, "", Nothing),
        ] {
            let expected = (octets.to_owned(), returned);
            assert_eq!(read(MESSAGE, whole, limit).await, expected, "{whole} {limit}");
        }
        for (content, whole, octets, returned) in [
            ("", true, "", Nothing),
            ("A: 1\r\n", false, "A: 1\r\n", Header),
            ("\r\ntext\r\n", false, "", Nothing),
            ("A: 1\r\n\r\nbare\n", true, "A: 1\r\n", HeaderOnly),
            ("A: 1\r\n\r\nbare\rx", true, "A: 1\r\n", HeaderOnly),
            ("A: 1\r\n\r\nx\0\r\n", true, "A: 1\r\n", HeaderOnly),
            ("A: 1\r\n\r\nno end", true, "A: 1\r\n\r\nno end", Whole),
        ] {
            assert_eq!(read(content, whole, 100).await, (octets.to_owned(), returned), "{content:?}");
        }
    }

    #[tokio::test]
    async fn does_without_what_cannot_be_read() {
        for (content, octets, returned) in [
            ("A: 1\r\nB: 2", "A: 1\r\n", Returned::PartOfHeader),
            ("A: 1\r\n\r\ntext", "A: 1\r\n", Returned::HeaderOnly),
            ("A", "", Returned::Nothing),
        ] {
            let (mut writer, body) = Body::channel();
            writer.send(content.into());
            let read = async {
                let mut read = std::pin::pin!(OriginalContent::read(body, true, 100));
                assert!(futures::poll!(&mut read).is_pending());
                writer.fail(BodyErrorKind::Disconnected);
                read.await
            };
            let read = read.await;
            assert_eq!((&read.octets[..], read.returned), (octets.as_bytes(), returned), "{content:?}");
        }
    }

    #[tokio::test]
    async fn knows_the_fields_of_a_header() {
        let read =
            OriginalContent::read("A: 1\r\nB:\r\n 2\r\nno field\r\nC : 3\r\n\r\nD: 4\r\n".into(), true, 99)
                .await;
        let fields: Vec<_> = read.fields().collect();
        assert_eq!(fields, [("A", " 1\r\n"), ("B", "\r\n 2\r\n"), ("C", " 3\r\n")]);
    }
}
