/// The octets that `text` writes with two hexadecimal digits each, if it is as long as that.
pub(crate) fn hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut octets = [0; N];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    if pairs.len() != N {
        return None;
    }
    for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
        *octet = digit(*high)? << 4 | digit(*low)?;
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_make_an_octet() {
        assert_eq!(hexadecimal("00fFa5"), Some([0, 255, 165]));
        for text in ["", "00ff", "00ffa", "00ffa5a", "00ffg5", "+0ffa5", "0\u{e9}ff5"] {
            assert_eq!(hexadecimal::<3>(text), None, "{text}");
        }
    }
}
