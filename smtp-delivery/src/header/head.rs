use bytes::{Bytes, BytesMut};
use memchr::memchr;
use smtp_core::{Body, BodyError};

use super::fields;

/// The most octets of a header that are looked at.
const MAX: usize = 256 * 1024;

/// The beginning of a message.
pub(crate) struct Head {
    /// The fields of the header, or as many of them as were looked at.
    pub(crate) header: Bytes,
    /// How it goes on.
    pub(crate) end: End,
    /// What was read of that.
    behind: Bytes,
    rest: Body,
}

/// What is behind the fields of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// An empty line, or nothing.
    Proper,
    /// A line that is neither a field nor empty.
    Improper,
    /// More of the header than is looked at.
    TooLong,
}

impl Head {
    pub(crate) async fn read(mut body: Body) -> Result<Self, BodyError> {
        let mut octets = BytesMut::new();
        // From here on, lines have not been looked at.
        let mut line = 0;
        let mut over = false;
        while !over && octets.len() <= MAX {
            let Some(chunk) = body.next().await else {
                // The last line may lack its end.
                line = octets.len();
                break;
            };
            let mut searched = octets.len();
            octets.extend_from_slice(&chunk?);
            while let Some(length) = memchr(b'\n', &octets[searched..]) {
                searched += length + 1;
                if octets[line..searched] == *b"\r\n" {
                    over = true;
                    break;
                }
                line = searched;
            }
        }
        let octets = octets.freeze();
        let header = fields(&octets[..line]).map(|field| field.octets.len()).sum::<usize>();
        let end = if header < line {
            End::Improper
        } else if line > MAX || (!over && octets.len() > MAX) {
            End::TooLong
        } else {
            End::Proper
        };
        Ok(Self { header: octets.slice(..header), end, behind: octets.slice(header..), rest: body })
    }

    /// The message with another header.
    pub(crate) fn into_body(self, header: impl Into<Bytes>) -> Body {
        let mut body = self.rest;
        for octets in [self.behind, header.into()] {
            if !octets.is_empty() {
                body = body.prepend(octets);
            }
        }
        body
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn content(mut body: Body) -> Vec<u8> {
        let mut content = Vec::new();
        while let Some(chunk) = body.next().await {
            content.extend_from_slice(&chunk.unwrap());
        }
        content
    }

    fn in_pieces(octets: &'static [u8], size: usize) -> Body {
        let chunks: Vec<_> = octets.chunks(size).map(|chunk| Ok(Bytes::from_static(chunk))).collect();
        Body::from_stream(futures::stream::iter(chunks))
    }

    #[tokio::test]
    async fn reads_the_header_wherever_it_is_cut() {
        for (message, header, end) in [
            ("", "", End::Proper),
            ("\r\nbody\r\n", "", End::Proper),
            ("A: 1\r\n b\r\nC: 2\r\n\r\nD: body\r\n\r\n", "A: 1\r\n b\r\nC: 2\r\n", End::Proper),
            ("A: 1\r\nB: 2\r\n", "A: 1\r\nB: 2\r\n", End::Proper),
            ("A: 1\r\nB: 2", "A: 1\r\nB: 2", End::Proper),
            ("A: 1\r\nB", "A: 1\r\n", End::Improper),
            ("A: 1\r\nbody\r\n\r\nC: 2\r\n\r\n", "A: 1\r\n", End::Improper),
            ("body\r\n", "", End::Improper),
            (" A: 1\r\n\r\n", "", End::Improper),
        ] {
            for size in 1..=message.len().max(1) {
                let head = Head::read(in_pieces(message.as_bytes(), size)).await.unwrap();
                assert_eq!(head.header, header, "{message:?} in pieces of {size}");
                assert_eq!(head.end, end, "{message:?} in pieces of {size}");
                let header = head.header.clone();
                assert_eq!(content(head.into_body(header)).await, message.as_bytes());
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn whatever_it_is_nothing_is_lost(
            octets in "([ABx:. \t-]|\r\n|\n|\r|\r\n\r\n){0,60}",
            size in 1_usize..20,
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let whole = Head::read(octets.clone().into_bytes().into()).await.unwrap();
                let chunks: Vec<_> =
                    octets.as_bytes().chunks(size).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
                let cut = Head::read(Body::from_stream(futures::stream::iter(chunks))).await.unwrap();
                assert_eq!((&whole.header, whole.end), (&cut.header, cut.end));
                // The fields are all of the header, and what is behind it is as it came.
                let length: usize = fields(&cut.header).map(|field| field.octets.len()).sum();
                assert_eq!(length, cut.header.len());
                let header = cut.header.clone();
                assert_eq!(content(cut.into_body(header)).await, octets.as_bytes());
            });
        }
    }

    #[tokio::test]
    async fn a_header_without_end_is_not_read_to_it() {
        let lines = (0..).map(|_| Ok(Bytes::from_static(b"A: 1\r\nB: 2\r\n")));
        let head = Head::read(Body::from_stream(futures::stream::iter(lines))).await.unwrap();
        assert_eq!(head.end, End::TooLong);
        assert!(head.header.len() <= MAX + 12);
    }
}
