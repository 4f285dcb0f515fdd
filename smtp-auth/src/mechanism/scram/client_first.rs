//! `client-first-message` of RFC 5802 section 7.

use super::extension::check_extension;
use crate::mechanism::Violation;
use crate::mechanism::gs2::{Gs2Header, sasl_name};

/// What the client begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst<'a> {
    /// Who acts for whom, bound to which channel; the final message repeats it.
    pub(super) header: Gs2Header<'a>,
    /// The rest, which both sides sign.
    pub(super) bare: &'a str,
    /// The name, in the form that SASLprep gives.
    pub(super) name: String,
    /// The client's part of the nonce.
    pub(super) nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, Violation> {
        let message = std::str::from_utf8(message).map_err(|_| Violation::Grammar)?;
        let (header, bare) = Gs2Header::split(message)?;
        let mut attributes = bare.split(',');
        let mut attribute = |letter| {
            let text = attributes.next().ok_or(Violation::Grammar)?;
            text.strip_prefix(letter).ok_or_else(|| check_extension(text).err().unwrap_or(Violation::Grammar))
        };
        let name = sasl_name(attribute("n=")?)?;
        let nonce = attribute("r=")?;
        if !is_nonce(nonce) {
            return Err(Violation::Grammar);
        }
        attributes.try_for_each(check_extension)?;
        Ok(Self { header, bare, name, nonce })
    }
}

/// Printable ASCII but the comma.
fn is_nonce(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_grammar_allows() {
        let first = ClientFirst::parse(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
        assert_eq!((first.header.text, first.name.as_str()), ("n,,", "user"));
        assert_eq!((first.bare, first.nonce), ("n=user,r=rOprNGfwEbeRWgbNEkqO", "rOprNGfwEbeRWgbNEkqO"));

        let first = ClientFirst::parse(b"y,a=x=2Cy,n=a=2Cb=3Dc,r=x,e=1").unwrap();
        assert_eq!((first.header.text, first.name.as_str()), ("y,a=x=2Cy,", "a,b=c"));
        assert_eq!((first.bare, first.header.acts_for.as_str()), ("n=a=2Cb=3Dc,r=x,e=1", "x,y"));

        // SASLprep takes the soft hyphen out of the name, but not out of what is signed.
        let first = ClientFirst::parse("n,,n=I\u{ad}X,r=x".as_bytes()).unwrap();
        assert_eq!((first.bare, first.name.as_str()), ("n=I\u{ad}X,r=x", "IX"));
    }

    #[test]
    fn refuses_everything_else() {
        use Violation::{Extension, Grammar};
        let table: [(&[u8], Violation); 26] = [
            (b"", Grammar),
            (b",", Grammar),
            (b",,", Grammar),
            (b"n,,", Grammar),
            (b"n,,,r=x", Grammar),
            (b"n,a,n=u,r=x", Grammar),
            (b"n,a=,n=u,r=x", Grammar),
            (b"n,zzalice,n=u,r=x", Grammar),
            (b"n,,n=u", Grammar),
            (b"n,,n=u,r=", Grammar),
            (b"n,,n=,r=x", Grammar),
            (b"n,,n=u,r=x y", Grammar),
            (b"n,,n=u,r=x,", Grammar),
            (b"n,,n=u,r=x,e", Grammar),
            (b"n,,n=u,r=x,1=2", Grammar),
            (b"n,,n=u=2c,r=x", Grammar),
            (b"n,,n=u=,r=x", Grammar),
            (b"n,,n=\x07,r=x", Grammar),
            (b"n,,n=\xff,r=x", Grammar),
            (b"x,,n=u,r=x", Grammar),
            (b"n,,r=x,n=u", Grammar),
            (b"p=,,n=u,r=x", Grammar),
            (b"p=tls exporter,,n=u,r=x", Grammar),
            (b"p,,n=u,r=x", Grammar),
            (b"n,,m=must,n=u,r=x", Extension),
            (b"n,,n=u,r=x,m=must", Extension),
        ];
        for (message, violation) in table {
            let text = String::from_utf8_lossy(message);
            assert_eq!(ClientFirst::parse(message), Err(violation), "{text}");
        }
    }
}
