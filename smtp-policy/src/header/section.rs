use std::fmt;

use bytes::{Bytes, BytesMut};
use smtp_core::{Body, Reply};

use super::Field;
use super::rejoined::Rejoined;

/// The header section of a message: everything in front of the first empty line. Cheap to clone.
///
/// ```
/// use smtp_policy::HeaderSection;
///
/// let header = HeaderSection::parse("From: joe@example.org\r\nSubject: a\r\n b\r\n\r\nhello\r\n");
/// assert_eq!(header.get("subject").unwrap().value(), "a b");
/// assert_eq!(header.fields().count(), 2);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct HeaderSection(Bytes);

impl HeaderSection {
    /// How many octets are read by default: 64 KiB.
    pub const DEFAULT_LIMIT: usize = 64 * 1024;

    /// The header section in front of a message.
    pub fn parse(message: impl Into<Bytes>) -> Self {
        let mut message = message.into();
        let end = end(&message, 0).unwrap_or(message.len());
        Self(message.split_to(end))
    }

    /// Reads the header section, and gives a body back that begins from its start and streams on.
    ///
    /// # Errors
    /// 552 5.3.4 for a header section of more than `limit` octets, and the reply to a body that was not
    /// received whole.
    pub async fn read(mut body: Body, limit: usize) -> Result<(Self, Body), Reply> {
        let mut read = BytesMut::new();
        let end = loop {
            match body.next().await {
                None => break read.len(),
                Some(Err(error)) => return Err(error.reply()),
                Some(Ok(chunk)) => {
                    // The empty line may have begun in the chunk before.
                    let known = read.len().saturating_sub(3);
                    read.extend_from_slice(&chunk);
                    if let Some(end) = end(&read, known) {
                        break end;
                    }
                }
            }
            // The empty line would be here.
            if read.len() >= limit.saturating_add(2) {
                break read.len();
            }
        };
        if end > limit {
            return Err(Reply::new(552, "5.3.4 the header of the message is too large"));
        }
        let read = read.freeze();
        Ok((Self(read.slice(..end)), Body::from_stream(Rejoined { read, rest: body })))
    }

    /// The fields in their order, with lines that are no fields among them.
    pub fn fields(&self) -> impl Iterator<Item = Field<'_>> {
        let mut rest = &self.0[..];
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (field, behind) = rest.split_at(field_end(rest));
            rest = behind;
            Some(Field::parse(field))
        })
    }

    /// The fields of this name, whatever the case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Field<'a>> {
        self.fields().filter(move |field| field.is(name))
    }

    /// The first field of this name, whatever the case.
    pub fn get(&self, name: &str) -> Option<Field<'_>> {
        self.fields().find(|field| field.is(name))
    }

    /// The octets, each line with its CRLF.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

/// Where the header section ends, if an empty line behind `known` octets ends it.
fn end(octets: &[u8], known: usize) -> Option<usize> {
    if octets.starts_with(b"\r\n") {
        return Some(0);
    }
    let at = octets[known..].windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(known + at + 2)
}

/// Where the first field ends, with the lines that continue it.
fn field_end(octets: &[u8]) -> usize {
    let mut lines = octets.iter().enumerate().filter(|(_, octet)| **octet == b'\n').map(|(at, _)| at + 1);
    let end = lines.find(|end| !matches!(octets.get(*end), Some(b' ' | b'\t')));
    end.unwrap_or(octets.len())
}

impl fmt::Debug for HeaderSection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.fields()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A body that comes in chunks of these octets.
    fn chunked(text: &str, size: usize) -> Body {
        let chunks: Vec<Bytes> = text.as_bytes().chunks(size).map(Bytes::copy_from_slice).collect();
        Body::from_stream(Chunks(chunks.into_iter()))
    }

    struct Chunks(std::vec::IntoIter<Bytes>);

    impl futures_core::Stream for Chunks {
        type Item = Result<Bytes, smtp_core::BodyError>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::Poll::Ready(self.0.next().map(Ok))
        }
    }

    async fn whole(mut body: Body) -> String {
        let mut text = Vec::new();
        while let Some(chunk) = body.next().await {
            text.extend_from_slice(&chunk.unwrap());
        }
        String::from_utf8(text).unwrap()
    }

    #[tokio::test]
    async fn wherever_the_body_is_cut_the_header_is_the_same_and_nothing_is_lost() {
        for (message, header) in [
            ("A: b\r\nC: d\r\n\r\nE: f\r\n\r\n", "A: b\r\nC: d\r\n"),
            ("\r\nA: b\r\n", ""),
            ("A: b\r\n", "A: b\r\n"),
            ("", ""),
            ("A: b\r\n \r\n\r\nx", "A: b\r\n \r\n"),
        ] {
            for size in 1..=message.len().max(1) {
                let (read, body) = HeaderSection::read(chunked(message, size), 100).await.unwrap();
                assert_eq!(read, HeaderSection::parse(message), "{message:?} {size}");
                assert_eq!(read.as_bytes(), header, "{message:?} {size}");
                assert_eq!(whole(body).await, message, "{message:?} {size}");
            }
        }
    }

    #[tokio::test]
    async fn a_header_has_a_bound_and_the_content_behind_it_has_none() {
        let message = format!("A: b\r\n\r\n{}", "x".repeat(1000));
        for size in [1, 7, 1008] {
            assert!(HeaderSection::read(chunked(&message, size), 6).await.is_ok());
            let reply = HeaderSection::read(chunked(&message, size), 5).await.unwrap_err();
            assert_eq!(reply.to_string(), "552 5.3.4 the header of the message is too large");
        }
    }

    #[test]
    fn what_is_a_field() {
        let header =
            HeaderSection::parse("From : joe\r\nno field\r\nX: \r\n\ty\r\n: z\r\nA\u{e4}: b\r\n v\r\n");
        let fields: Vec<_> = header.fields().map(|field| (field.name(), field.value())).collect();
        let expected = [
            (Some("From"), "joe"),
            (None, "no field"),
            (Some("X"), "y"),
            (None, ": z"),
            (None, "A\u{e4}: b v"),
        ];
        assert_eq!(fields, expected.map(|(name, value)| (name, value.to_owned())));
    }

    proptest! {
        #[test]
        fn no_message_panics_and_fields_are_the_section(text in "([a-b:\u{e4} \t]|\r\n|\r|\n){0,40}") {
            let header = HeaderSection::parse(text);
            let length: usize = header.fields().map(|field| {
                field.raw().len() + field.name().map_or(0, str::len)
            }).sum();
            prop_assert!(length <= header.as_bytes().len());
        }
    }
}
