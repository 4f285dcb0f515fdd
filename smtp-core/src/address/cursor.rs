//! A position in the bytes of one command line.

/// Walks over the bytes of a line; every parser in this crate is a method or function over one.
#[derive(Debug, Clone)]
pub(crate) struct Cursor<'a> {
    input: &'a [u8],
    at: usize,
    /// Octets above 127 may stand where the grammar of RFC 6531 has them.
    utf8: bool,
}

impl<'a> Cursor<'a> {
    /// Over ASCII, as RFC 5321 has it.
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self { input, at: 0, utf8: false }
    }

    /// Over UTF-8, as RFC 6531 has it.
    pub(crate) fn utf8(input: &'a str) -> Self {
        Self { input: input.as_bytes(), at: 0, utf8: true }
    }

    /// Consumes the longest run of bytes that satisfy `accept` or belong to a character beyond ASCII,
    /// if those may stand here.
    pub(crate) fn take_text(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let utf8 = self.utf8;
        self.take_while(|byte| accept(byte) || utf8 && !byte.is_ascii())
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.input.get(self.at).copied()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.input[self.at..]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at == self.input.len()
    }

    pub(crate) fn advance(&mut self) {
        self.at = (self.at + 1).min(self.input.len());
    }

    /// Consumes `byte` if it comes next.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
        }
        found
    }

    /// Consumes the longest run of bytes that satisfy `accept`.
    pub(crate) fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let length = rest.iter().position(|&byte| !accept(byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Consumes the bytes of an earlier position up to this one.
    pub(crate) fn since(&self, start: &Cursor<'a>) -> &'a [u8] {
        &self.input[start.at..self.at]
    }

    /// Consumes `word`, whatever its case.
    pub(crate) fn eat_ignore_case(&mut self, word: &[u8]) -> bool {
        let found = self.rest().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if found {
            self.at += word.len();
        }
        found
    }
}
