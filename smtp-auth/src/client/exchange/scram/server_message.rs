//! What the server says (RFC 5802 section 7).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use subtle::ConstantTimeEq as _;

use super::super::super::error::ClientError;
use super::super::refusal;
use super::ITERATIONS;

/// The longest nonce and salt that are taken.
const MAX_VALUE: usize = 1024;

/// `server-first-message`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServerFirst<'a> {
    /// All of it, which both sides sign.
    pub(super) text: &'a str,
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
}

impl<'a> ServerFirst<'a> {
    /// Reads the answer to a message with this nonce.
    pub(super) fn parse(message: &'a [u8], own_nonce: &str) -> Result<Self, ClientError> {
        if let Some(reason) = message.strip_prefix(b"e=") {
            return Err(refusal(reason));
        }
        let text = std::str::from_utf8(message).map_err(|_| ClientError::Malformed)?;
        if text.starts_with("m=") {
            return Err(ClientError::Extension);
        }
        let mut attributes = text.split(',');
        let mut value = |letter| {
            let value = attributes.next().and_then(|attribute| attribute.strip_prefix(letter));
            value.filter(|value| matches!(value.len(), 1..=MAX_VALUE)).ok_or(ClientError::Malformed)
        };
        let (nonce, salt, iterations) = (value("r=")?, value("s=")?, value("i=")?);
        let is_longer = nonce.strip_prefix(own_nonce).is_some_and(|rest| !rest.is_empty());
        if !is_longer || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ClientError::Nonce);
        }
        let salt = BASE64.decode(salt).map_err(|_| ClientError::Malformed)?;
        let is_number = iterations.len() <= 10 && iterations.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number {
            return Err(ClientError::Malformed);
        }
        let iterations = iterations.parse().unwrap_or(u32::MAX);
        if !ITERATIONS.contains(&iterations) {
            return Err(ClientError::Iterations(iterations));
        }
        Ok(Self { text, nonce, salt, iterations })
    }
}

/// Whether `server-final-message` has this signature.
pub(super) fn verify(message: &[u8], signature: &[u8]) -> Result<(), ClientError> {
    if let Some(reason) = message.strip_prefix(b"e=") {
        return Err(refusal(reason));
    }
    let verifier = message.strip_prefix(b"v=").ok_or(ClientError::Malformed)?;
    // Extensions may follow.
    let verifier = verifier.split(|byte| *byte == b',').next().unwrap_or_default();
    let shown = BASE64.decode(verifier).map_err(|_| ClientError::Malformed)?;
    if bool::from(shown.ct_eq(signature)) { Ok(()) } else { Err(ClientError::Signature) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_grammar_allows() {
        let first = ServerFirst::parse(b"r=xy,s=QSXCR+Q6sek8bf92,i=4096", "x").unwrap();
        assert_eq!((first.nonce, first.iterations, first.salt.len()), ("xy", 4096, 12));
        let first = ServerFirst::parse(b"r=xy,s=AA==,i=4096,x=ext", "x").unwrap();
        assert_eq!(first.text, "r=xy,s=AA==,i=4096,x=ext");
    }

    #[test]
    fn refuses_everything_else() {
        use ClientError::{Extension, Iterations, Malformed, Nonce};
        for (message, expected) in [
            (&b""[..], Malformed),
            (b",", Malformed),
            (b"r", Malformed),
            (b"r=", Malformed),
            (b"r=xy", Malformed),
            (b"r=xy,s=", Malformed),
            (b"r=xy,s=AA==", Malformed),
            (b"r=xy,s=AA==,i=", Malformed),
            (b"r=xy,s=AA==,i=+4096", Malformed),
            (b"r=xy,s=AA==,i=00000004096", Malformed),
            (b"r=xy,s=AA=,i=4096", Malformed),
            (b"s=AA==,r=xy,i=4096", Malformed),
            (b"r=xy,s=AA==,i=4096\xff", Malformed),
            (b"m=1,r=xy,s=AA==,i=4096", Extension),
            (b"r=x,s=AA==,i=4096", Nonce),
            (b"r=yx,s=AA==,i=4096", Nonce),
            (b"r=x\x01,s=AA==,i=4096", Nonce),
            (b"r=xy,s=AA==,i=0", Iterations(0)),
            (b"r=xy,s=AA==,i=4095", Iterations(4095)),
            (b"r=xy,s=AA==,i=2000001", Iterations(2_000_001)),
            (b"r=xy,s=AA==,i=9999999999", Iterations(u32::MAX)),
        ] {
            let text = String::from_utf8_lossy(message);
            assert_eq!(ServerFirst::parse(message, "x"), Err(expected), "{text}");
        }
        let long = format!("r=x{},s=AA==,i=4096", "y".repeat(MAX_VALUE));
        assert_eq!(ServerFirst::parse(long.as_bytes(), "x"), Err(Malformed));
        for (message, reason) in [
            (&b"e=unknown-user\n"[..], "unknown-user"),
            (b"e=you said n,,n=joe,r=x", "it gives no known reason"),
        ] {
            assert_eq!(ServerFirst::parse(message, "x"), Err(ClientError::Refused(reason)));
        }
    }

    #[test]
    fn the_signature_is_the_only_proof() {
        assert_eq!(verify(b"v=AAE=", &[0, 1]), Ok(()));
        assert_eq!(verify(b"v=AAE=,x=ext", &[0, 1]), Ok(()));
        for (message, expected) in [
            (&b"v=AAA="[..], ClientError::Signature),
            (b"v=AA==", ClientError::Signature),
            (b"v=", ClientError::Signature),
            (b"v=A", ClientError::Malformed),
            (b"", ClientError::Malformed),
            (b"x=1", ClientError::Malformed),
            (b"e=other-error", ClientError::Refused("other-error")),
        ] {
            assert_eq!(verify(message, &[0, 1]), Err(expected));
        }
    }
}
