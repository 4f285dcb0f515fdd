use memchr::memrchr;

/// Watches the length of lines over the chunks of a body.
#[derive(Debug, Clone, Copy)]
pub(super) struct LineLimit {
    max: usize,
    /// The length of the line that goes on in the next chunk.
    open: usize,
}

impl LineLimit {
    pub(super) fn new(max: usize) -> Self {
        Self { max, open: 0 }
    }

    pub(super) fn max(self) -> usize {
        self.max
    }

    /// Whether a line is longer than allowed by the end of this chunk.
    ///
    /// Of each stretch as long as a line may be, only the last line end is searched for: most of the
    /// content is not looked at.
    pub(super) fn exceeded(&mut self, chunk: &[u8]) -> bool {
        let mut rest = chunk;
        loop {
            let room = self.max - self.open;
            let Some(stretch) = rest.get(..room).filter(|_| rest.len() > room) else {
                self.open = memrchr(b'\n', rest).map_or(self.open + rest.len(), |end| rest.len() - end - 1);
                return false;
            };
            let Some(end) = memrchr(b'\n', stretch) else { return true };
            self.open = 0;
            rest = &rest[end + 1..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_the_limit_wherever_it_is_cut() {
        for (content, exceeded) in [
            ("", false),
            ("123\r\n", false),
            ("1234\r\n", true),
            ("12345", false),
            ("123456", true),
            ("\r\n123\r\n\r\n123\r\n1", false),
            ("\r\n123\r\n\r\n1234\r\n1", true),
            ("\n\n\n\n\n\n\n\n\n1234\n12345\n", true),
        ] {
            for size in 1..content.len().max(2) {
                let mut limit = LineLimit::new(5);
                let any = content.as_bytes().chunks(size).any(|chunk| limit.exceeded(chunk));
                assert_eq!(any, exceeded, "{content:?} {size}");
            }
        }
    }
}
