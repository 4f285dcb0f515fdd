use memchr::{memchr, memchr_iter};

/// A field of a header (RFC 5322 section 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// The whole of it, folded as it is, with its last line end.
    pub(crate) octets: &'a [u8],
    name: usize,
}

impl<'a> Field<'a> {
    pub(crate) fn is(&self, name: &str) -> bool {
        without_blanks(&self.octets[..self.name]).eq_ignore_ascii_case(name.as_bytes())
    }

    /// What stands behind the colon.
    pub(crate) fn value(&self) -> &'a [u8] {
        &self.octets[self.name + 1..]
    }
}

/// The fields at the start of these octets, in their order.
pub(crate) fn fields(mut octets: &[u8]) -> impl Iterator<Item = Field<'_>> {
    std::iter::from_fn(move || {
        let name = name_length(octets)?;
        let (field, rest) = octets.split_at(field_length(octets));
        octets = rest;
        Some(Field { octets: field, name })
    })
}

/// The length of the name before a colon: printable, with blanks behind it at most (RFC 5322 section
/// 4.5 had them). Nothing else begins a field.
fn name_length(line: &[u8]) -> Option<usize> {
    let colon = memchr(b':', line)?;
    let name = without_blanks(&line[..colon]);
    let printable = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    printable.then_some(colon)
}

fn without_blanks(mut name: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = name {
        name = rest;
    }
    name
}

/// Up to the first line end that no blank follows.
fn field_length(octets: &[u8]) -> usize {
    let is_end = |at: &usize| !matches!(octets.get(at + 1), Some(b' ' | b'\t'));
    memchr_iter(b'\n', octets).find(is_end).map_or(octets.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_ends_where_its_last_line_does() {
        let octets = b"A: 1\r\nB :\r\n 2\r\n\t3\r\nc:\r\n\r\nD: no\r\n";
        let found: Vec<_> = fields(octets).collect();
        assert_eq!(found.len(), 3);
        assert!(found[0].is("a") && found[1].is("b") && found[2].is("C"));
        assert_eq!(found[1].value(), b"\r\n 2\r\n\t3\r\n");
        assert_eq!(found.iter().map(|field| field.octets.len()).sum::<usize>(), 23);
    }

    #[test]
    fn what_is_no_field_ends_the_header() {
        for octets in [
            &b""[..],
            b"\r\n",
            b"hello\r\n",
            b": x\r\n",
            b" A: x\r\n",
            b"a b: x\r\n",
            b"a\r\n: x\r\n",
            b"\xc3\xa4: x\r\n",
        ] {
            assert_eq!(fields(octets).count(), 0, "{octets:?}");
        }
    }
}
