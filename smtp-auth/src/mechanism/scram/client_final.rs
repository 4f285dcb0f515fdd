//! `client-final-message` of RFC 5802 section 7.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::extension::check_extension;
use crate::mechanism::Violation;

/// What the client ends with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFinal<'a> {
    /// All but the proof, which both sides sign.
    pub(super) without_proof: &'a str,
    /// The client's proof.
    pub(super) proof: Vec<u8>,
}

impl<'a> ClientFinal<'a> {
    /// Reads the message that ends the exchange which is bound to this and has this nonce.
    pub(super) fn parse(message: &'a [u8], binding: &[u8], nonce: &str) -> Result<Self, Violation> {
        let message = std::str::from_utf8(message).map_err(|_| Violation::Grammar)?;
        let (without_proof, proof) = message.rsplit_once(",p=").ok_or(Violation::Grammar)?;
        let proof = BASE64.decode(proof).map_err(|_| Violation::Grammar)?;
        let mut attributes = without_proof.split(',');
        let mut attribute = |letter| attributes.next()?.strip_prefix(letter);
        let header = attribute("c=").ok_or(Violation::Grammar)?;
        let header = BASE64.decode(header).map_err(|_| Violation::Grammar)?;
        let repeated = attribute("r=").ok_or(Violation::Grammar)?;
        attributes.try_for_each(check_extension)?;
        // Who changed the header on its way, or stands between two TLS sessions, is found out here.
        if header != binding || repeated != nonce {
            return Err(Violation::Mismatch);
        }
        Ok(Self { without_proof, proof })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_grammar_allows() {
        let last = ClientFinal::parse(b"c=biws,r=xy,p=AAE=", b"n,,", "xy").unwrap();
        assert_eq!(last, ClientFinal { without_proof: "c=biws,r=xy", proof: vec![0, 1] });
        let last = ClientFinal::parse(b"c=biws,r=xy,e=p=1,p=AAE=", b"n,,", "xy").unwrap();
        assert_eq!(last.without_proof, "c=biws,r=xy,e=p=1");
    }

    #[test]
    fn refuses_everything_else() {
        use Violation::{Extension, Grammar, Mismatch};
        let table: [(&[u8], Violation); 18] = [
            (b"", Grammar),
            (b",", Grammar),
            (b"c", Grammar),
            (b"c=biws,r", Grammar),
            (b"c=biws,r=xy", Grammar),
            (b"c=biws,r=xy,p", Grammar),
            (b",p=AAE=", Grammar),
            (b"c=biws,p=AAE=", Grammar),
            (b"r=xy,c=biws,p=AAE=", Grammar),
            (b"c=biws,r=xy,p=AAE", Grammar),
            (b"c=biws,r=xy,p=AAE=,", Grammar),
            (b"c=biws,r=xy,,p=AAE=", Grammar),
            (b"c=biw,r=xy,p=AAE=", Grammar),
            (b"c=biws,r=\xff,p=AAE=", Grammar),
            (b"c=biws,r=x,p=AAE=", Mismatch),
            (b"c=biws,r=xyz,p=AAE=", Mismatch),
            (b"c=eSws,r=xy,p=AAE=", Mismatch),
            (b"c=biws,r=xy,m=1,p=AAE=", Extension),
        ];
        for (message, violation) in table {
            let text = String::from_utf8_lossy(message);
            assert_eq!(ClientFinal::parse(message, b"n,,", "xy"), Err(violation), "{text}");
        }
    }
}
