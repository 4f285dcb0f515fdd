use std::borrow::Cow;

/// Replaces what may not stand in the text of a reply: anything but printable ASCII and the line
/// feeds that divide lines. A line feed at the end divides nothing.
pub(super) fn clean(text: Cow<'static, str>) -> Cow<'static, str> {
    let allowed = |byte: u8| matches!(byte, b'\n' | b' '..=b'~');
    if text.bytes().all(allowed) && !text.ends_with('\n') {
        return text;
    }
    let replace = |c: char| if c.is_ascii() && allowed(c as u8) { c } else { '?' };
    Cow::Owned(text.trim_end_matches('\n').chars().map(replace).collect())
}
