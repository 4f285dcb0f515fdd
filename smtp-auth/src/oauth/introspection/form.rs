//! The form that is sent (RFC 7662 section 2.1), and how a client authenticates (RFC 6749 section 2.3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use smtp_core::Secret;
use zeroize::Zeroizing;

/// The question after this token. It is wiped when it was sent.
pub(super) fn encode(token: &[u8]) -> Bytes {
    let mut form = Zeroizing::new(Vec::with_capacity(3 * token.len() + 64));
    form.extend_from_slice(b"token=");
    escape(token, &mut form);
    form.extend_from_slice(b"&token_type_hint=access_token");
    Bytes::from_owner(form)
}

/// `Basic`, with both in the form of forms. It does not print.
pub(super) fn authorization(client: &str, secret: &Secret) -> HeaderValue {
    let mut plain = Zeroizing::new(Vec::with_capacity(3 * (client.len() + secret.expose().len()) + 1));
    escape(client.as_bytes(), &mut plain);
    plain.push(b':');
    escape(secret.expose(), &mut plain);
    let value = Zeroizing::new(format!("Basic {}", BASE64.encode(&*plain)));
    let mut value = HeaderValue::try_from(value.as_str()).expect("base64 fits into a header");
    value.set_sensitive(true);
    value
}

fn escape(octets: &[u8], form: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &octet in octets {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => form.push(octet),
            b' ' => form.push(b'+'),
            _ => form.extend([b'%', HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_breaks_out_of_its_field() {
        let form = encode("a&b=c d+%\u{fc}~".as_bytes());
        assert_eq!(&form[..], b"token=a%26b%3Dc+d%2B%25%C3%BC%7E&token_type_hint=access_token");
        let value = authorization("a:b", &"c d".into());
        assert_eq!(value.to_str().unwrap(), format!("Basic {}", BASE64.encode("a%3Ab:c+d")));
        assert!(!format!("{value:?}").contains("Basic"));
    }
}
