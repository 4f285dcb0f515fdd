use std::fmt;

use smtp_core::{Reply, TlsInfo, Verify};

use super::action::strip_word;

/// What is demanded of TLS with a peer: `VERIFY`, `VERIFY:112`, `ENCR:256`, `PERM+VERIFY+CN:mx.example.org`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsDemand {
    failure: Failure,
    verify: bool,
    bits: u16,
    certificate: Vec<CertificateDemand>,
}

/// How a peer that does not meet the demand is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Failure {
    /// `454 4.7.0`
    #[default]
    Default,
    /// `TEMP+`: `403 4.7.0`
    Temporary,
    /// `PERM+`: `503 5.7.0`
    Permanent,
}

/// What the peer's certificate has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
enum CertificateDemand {
    /// `CN`, `CN:name`: its common name; without a name that of the peer.
    CommonName(Option<Box<str>>),
    /// `CS:/C=..`
    Subject(Box<str>),
    /// `CI:/C=..`
    Issuer(Box<str>),
}

const FORM: &str = "write VERIFY, VERIFY:bits or ENCR:bits, PERM+ or TEMP+ in front, and behind it +CN, \
                    +CN:name, +CS:/subject or +CI:/issuer with ++ between them";

impl TlsDemand {
    /// Reads a value; `OK` demands nothing.
    ///
    /// # Errors
    /// Why the value cannot be taken, and what to write.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("OK") {
            return Ok(Self::default());
        }
        let (failure, text) = match (strip_word(text, "PERM+"), strip_word(text, "TEMP+")) {
            (Some(rest), _) => (Failure::Permanent, rest),
            (_, Some(rest)) => (Failure::Temporary, rest),
            _ => (Failure::Default, text),
        };
        let (grade, extensions) = match text.split_once('+') {
            Some((grade, extensions)) => (grade, Some(extensions)),
            None => (text, None),
        };
        let (verify, bits) = match grade.split_once(':') {
            None if grade.eq_ignore_ascii_case("VERIFY") => (true, 0),
            Some((word, bits)) if ["VERIFY", "ENCR"].iter().any(|known| known.eq_ignore_ascii_case(word)) => {
                let bits =
                    bits.trim().parse().map_err(|_| format!("{bits:?} is no number of bits; {FORM}"))?;
                (word.eq_ignore_ascii_case("VERIFY"), bits)
            }
            _ => return Err(format!("nothing that can be demanded of TLS; {FORM}")),
        };
        let parts = extensions.into_iter().flat_map(|extensions| extensions.split("++"));
        let certificate = parts.map(CertificateDemand::parse).collect::<Result<_, _>>()?;
        Ok(Self { failure, verify, bits, certificate })
    }

    /// Whether a verified certificate is demanded.
    pub fn is_verified(&self) -> bool {
        self.verify
    }

    /// The least strength of the cipher in bits; 0 if there is none.
    pub fn bits(&self) -> u16 {
        self.bits
    }

    /// What is not met by a session with the peer of this name; `None` if everything is.
    pub fn unmet(&self, tls: Option<&TlsInfo>, peer: &str) -> Option<Reply> {
        let verify = Verify::of(tls);
        let bits = tls.map_or(0, |tls| tls.bits);
        if self.verify && verify != Verify::Ok {
            return Some(self.refuse(match verify {
                Verify::Fail => "authentication failed",
                Verify::No => "not authenticated",
                Verify::Not => "no authentication requested",
                Verify::None => "STARTTLS required",
                _ => "authentication is not possible now",
            }));
        }
        if bits < self.bits {
            return Some(
                self.refuse(&format!("encryption too weak, {bits} bits are less than {}", self.bits)),
            );
        }
        // What no CA vouches for says nothing.
        let met = |demand: &CertificateDemand| tls.is_some_and(|tls| demand.is_met(tls, peer));
        let unmet = self.certificate.iter().find(|demand| !met(demand))?;
        Some(self.refuse(&format!("the certificate does not say {unmet}")))
    }

    fn refuse(&self, text: &str) -> Reply {
        match self.failure {
            Failure::Default => Reply::new(454, format!("4.7.0 {text}")),
            Failure::Temporary => Reply::new(403, format!("4.7.0 {text}")),
            Failure::Permanent => Reply::new(503, format!("5.7.0 {text}")),
        }
    }
}

impl CertificateDemand {
    fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("CN") {
            return Ok(Self::CommonName(None));
        }
        let rest = |word| strip_word(text, word).filter(|rest| !rest.is_empty());
        if let Some(name) = rest("CN:") {
            return Ok(Self::CommonName(Some(name.into())));
        }
        if let Some(name) = rest("CS:") {
            return Ok(Self::Subject(name.into()));
        }
        if let Some(name) = rest("CI:") {
            return Ok(Self::Issuer(name.into()));
        }
        if strip_word(text, "CITag:").is_some() {
            return Err(
                "CITag: cannot be taken, tags of one's own are not known; name the issuer by CI:".into()
            );
        }
        Err(format!("nothing that can be demanded of a certificate; {FORM}"))
    }

    fn is_met(&self, tls: &TlsInfo, peer: &str) -> bool {
        let Some(certificate) = tls.verified_peer() else { return false };
        match self {
            Self::CommonName(name) => {
                let name = name.as_deref().unwrap_or(peer);
                certificate.subject.common_name().is_some_and(|common| common.eq_ignore_ascii_case(name))
            }
            Self::Subject(name) => certificate.subject.to_string().eq_ignore_ascii_case(name),
            Self::Issuer(name) => certificate.issuer.to_string().eq_ignore_ascii_case(name),
        }
    }
}

impl fmt::Display for TlsDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::default() {
            return f.write_str("OK");
        }
        f.write_str(match self.failure {
            Failure::Default => "",
            Failure::Temporary => "TEMP+",
            Failure::Permanent => "PERM+",
        })?;
        match (self.verify, self.bits) {
            (true, 0) => f.write_str("VERIFY")?,
            (true, bits) => write!(f, "VERIFY:{bits}")?,
            (false, bits) => write!(f, "ENCR:{bits}")?,
        }
        for (index, demand) in self.certificate.iter().enumerate() {
            write!(f, "{}{demand}", if index == 0 { "+" } else { "++" })?;
        }
        Ok(())
    }
}

impl fmt::Display for CertificateDemand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommonName(None) => f.write_str("CN"),
            Self::CommonName(Some(name)) => write!(f, "CN:{name}"),
            Self::Subject(name) => write!(f, "CS:{name}"),
            Self::Issuer(name) => write!(f, "CI:{name}"),
        }
    }
}
