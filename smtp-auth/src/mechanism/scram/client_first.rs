//! `client-first-message` of RFC 5802 section 7.

use std::borrow::Cow;

use super::error::{Violation, check_extension};
use crate::saslprep::prepare;

/// What the client begins with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst<'a> {
    /// Up to its second comma; the final message repeats it.
    pub(super) gs2_header: &'a str,
    /// The rest, which both sides sign.
    pub(super) bare: &'a str,
    /// The name, in the form that SASLprep gives.
    pub(super) name: String,
    /// For whom the client wants to act; empty if it does not say so.
    pub(super) acts_for: String,
    /// The client's part of the nonce.
    pub(super) nonce: &'a str,
}

impl<'a> ClientFirst<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, Violation> {
        let message = std::str::from_utf8(message).map_err(|_| Violation::Grammar)?;
        let (binding, rest) = message.split_once(',').ok_or(Violation::Grammar)?;
        let (acts_for, bare) = rest.split_once(',').ok_or(Violation::Grammar)?;
        let gs2_header = message.strip_suffix(bare).ok_or(Violation::Grammar)?;
        check_binding(binding)?;
        let acts_for = match acts_for {
            "" => String::new(),
            _ => sasl_name(acts_for.strip_prefix("a=").ok_or(Violation::Grammar)?)?,
        };
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
        Ok(Self { gs2_header, bare, name, acts_for, nonce })
    }
}

/// `n`: the client has no channel binding. `y`: it has, and saw that the server offers none; which
/// is true as long as no -PLUS mechanism is offered (RFC 5802 section 6).
fn check_binding(flag: &str) -> Result<(), Violation> {
    match flag {
        "n" | "y" => Ok(()),
        _ if flag.starts_with("p=") => Err(Violation::ChannelBinding),
        _ => Err(Violation::Grammar),
    }
}

/// `saslname`, in which `=2C` stands for a comma and `=3D` for an equals sign.
fn sasl_name(text: &str) -> Result<String, Violation> {
    let mut pieces = text.split('=');
    let mut name = String::from(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (sign, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            (None, None) => return Err(Violation::Grammar),
        };
        name.push(sign);
        name.push_str(rest);
    }
    prepare(&name).map(Cow::into_owned).ok_or(Violation::Grammar)
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
        assert_eq!((first.gs2_header, first.name.as_str()), ("n,,", "user"));
        assert_eq!((first.bare, first.nonce), ("n=user,r=rOprNGfwEbeRWgbNEkqO", "rOprNGfwEbeRWgbNEkqO"));

        let first = ClientFirst::parse(b"y,a=x=2Cy,n=a=2Cb=3Dc,r=x,e=1").unwrap();
        assert_eq!((first.gs2_header, first.name.as_str()), ("y,a=x=2Cy,", "a,b=c"));
        assert_eq!((first.bare, first.acts_for.as_str()), ("n=a=2Cb=3Dc,r=x,e=1", "x,y"));

        // SASLprep takes the soft hyphen out of the name, but not out of what is signed.
        let first = ClientFirst::parse("n,,n=I\u{ad}X,r=x".as_bytes()).unwrap();
        assert_eq!((first.bare, first.name.as_str()), ("n=I\u{ad}X,r=x", "IX"));
    }

    #[test]
    fn refuses_everything_else() {
        use Violation::{ChannelBinding, Extension, Grammar};
        let table: [(&[u8], Violation); 24] = [
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
            (b"p=tls-exporter,,n=u,r=x", ChannelBinding),
            (b"n,,m=must,n=u,r=x", Extension),
            (b"n,,n=u,r=x,m=must", Extension),
        ];
        for (message, violation) in table {
            let text = String::from_utf8_lossy(message);
            assert_eq!(ClientFirst::parse(message), Err(violation), "{text}");
        }
    }
}
