//! The AUTH parameter of MAIL (RFC 4954 section 5).

use smtp_core::{Mail, Mailbox, Reply};

/// The answer to a malformed AUTH parameter; `None` if there is none or it is well-formed.
pub(super) fn refusal(mail: &Mail) -> Option<Reply> {
    let parameter = mail.parameters.get("AUTH")?;
    if parameter.value().is_some_and(is_originator) {
        return None;
    }
    Some(Reply::new(501, "5.5.4 malformed AUTH parameter"))
}

/// `<>`, or a mailbox in xtext.
fn is_originator(value: &str) -> bool {
    value == "<>" || decode_xtext(value).is_some_and(|mailbox| mailbox.parse::<Mailbox>().is_ok())
}

/// RFC 3461 section 4: printable ASCII, in which `+` and two hexadecimal digits stand for any octet.
fn decode_xtext(text: &str) -> Option<String> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let mut octets = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'+' => digit(bytes.next()?)? << 4 | digit(bytes.next()?)?,
            b'=' => return None,
            b'!'..=b'~' => byte,
            _ => return None,
        });
    }
    String::from_utf8(octets).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_values_that_the_rfc_allows() {
        for value in ["<>", "joe@example.com", "e+3Dmc2@example.com", "+6Aoe@example.com"] {
            assert!(is_originator(value), "{value}");
        }
        for value in
            ["", "<", "joe", "<joe@example.com>", "e+3dmc2@example.com", "a+@b", "a+4", "a=b@c", "+FF"]
        {
            assert!(!is_originator(value), "{value}");
        }
    }

    #[test]
    fn xtext_gives_octets_back() {
        assert_eq!(decode_xtext("a+2Bb+3Dc").as_deref(), Some("a+b=c"));
        assert_eq!(decode_xtext("a b"), None);
        assert_eq!(decode_xtext("+C3+A9").as_deref(), Some("\u{e9}"));
    }
}
