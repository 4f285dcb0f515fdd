/// One field of a header section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    name: Option<&'a str>,
    value: &'a [u8],
}

impl<'a> Field<'a> {
    /// A line and those that continue it.
    pub(super) fn parse(lines: &'a [u8]) -> Self {
        let colon = lines.iter().position(|octet| *octet == b':');
        let name = colon.and_then(|colon| {
            // White space before the colon is obsolete, and still read by everybody (RFC 5322 section 4.5).
            let name = lines[..colon].trim_ascii_end();
            let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
            std::str::from_utf8(name).ok().filter(|_| is_name)
        });
        match (name, colon) {
            (Some(name), Some(colon)) => Self { name: Some(name), value: &lines[colon + 1..] },
            _ => Self { name: None, value: lines },
        }
    }

    /// The name as it was written; `None` for a line that is no field.
    pub fn name(&self) -> Option<&'a str> {
        self.name
    }

    /// Whether it has this name, whatever the case.
    pub fn is(&self, name: &str) -> bool {
        self.name.is_some_and(|own| own.eq_ignore_ascii_case(name))
    }

    /// What stands behind the colon, as it came: with its folds.
    pub fn raw(&self) -> &'a [u8] {
        self.value
    }

    /// What stands behind the colon in one line, without white space around it. Octets that are no UTF-8
    /// become replacement characters.
    pub fn value(&self) -> String {
        let unfolded: Vec<u8> =
            self.value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
        String::from_utf8_lossy(&unfolded).trim().to_owned()
    }
}
