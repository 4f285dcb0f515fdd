use clap::ValueEnum;

/// What the body of a message looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// Lines of 78 octets of text.
    Plain,
    /// Lines of 38 octets, each of which begins with a dot.
    Dotty,
}

/// A message of `size` octets (at least two), with CRLF at its end and without dot-stuffing.
///
/// ```
/// use benches::load::{Shape, message};
///
/// let message = message(Shape::Dotty, 1024);
/// assert_eq!(message.len(), 1024);
/// assert!(message.ends_with(b"\r\n"));
/// ```
pub fn message(shape: Shape, size: usize) -> Vec<u8> {
    let header = b"From: <sender@example.com>\r\nTo: <recipient@example.org>\r\nSubject: load\r\n\r\n";
    let line: &[u8] = match shape {
        Shape::Plain => b"The quick brown fox jumps over the lazy dog, and over it once more, and again\r\n",
        Shape::Dotty => b".he quick brown fox jumps over the dog\r\n",
    };
    let endless = header.iter().chain(line.iter().cycle()).copied();
    let mut message: Vec<u8> = endless.take(size.saturating_sub(2)).collect();
    // Half a line end must not stand in front of the last one.
    if let Some(last @ b'\r') = message.last_mut() {
        *last = b'x';
    }
    message.extend_from_slice(b"\r\n");
    message
}

/// The message as it goes behind DATA: dots doubled, the end marked.
pub fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(message.len() + message.len() / 32 + 5);
    for line in message.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}

/// The message as it goes in chunks of at most `size` octets, with their BDAT commands.
pub fn chunked(message: &[u8], size: usize) -> Vec<Vec<u8>> {
    let count = message.len().div_ceil(size);
    let chunks = message.chunks(size).enumerate();
    chunks
        .map(|(at, chunk)| {
            let last = if at + 1 == count { " LAST" } else { "" };
            [format!("BDAT {}{last}\r\n", chunk.len()).as_bytes(), chunk].concat()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_dotty_body_begins_with_a_dot() {
        let wire = stuffed(&message(Shape::Dotty, 100_000));
        let text = String::from_utf8(wire).unwrap();
        let body = text.split_once("\r\n\r\n").unwrap().1;
        let lines: Vec<&str> = body.lines().collect();
        let (end, content) = lines.split_last().unwrap();
        assert_eq!(*end, ".");
        assert!(content[..content.len() - 1].iter().all(|line| line.starts_with("..") && line.len() == 39));
    }

    #[test]
    fn lines_end_with_crlf_at_every_size() {
        for shape in [Shape::Plain, Shape::Dotty] {
            for size in 200..400 {
                let text = String::from_utf8(message(shape, size)).unwrap();
                assert_eq!(text.len(), size);
                let bare = text.replace("\r\n", "");
                assert!(!bare.contains(['\r', '\n']), "{shape:?} {size}");
            }
        }
    }

    #[test]
    fn chunks_say_what_follows() {
        assert_eq!(chunked(b"abcde", 2), [&b"BDAT 2\r\nab"[..], b"BDAT 2\r\ncd", b"BDAT 1 LAST\r\ne"]);
    }
}
