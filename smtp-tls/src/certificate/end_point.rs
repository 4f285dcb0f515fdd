//! `tls-server-end-point` (RFC 5929 section 4): the hash of the server's certificate.

use bytes::Bytes;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::AlgorithmIdentifier;

use super::x509;

/// The data of the channel binding; `None` where the hash of the certificate's signature is not
/// known or is none, as with Ed25519: the RFC leaves the binding undefined then.
pub(crate) fn of(certificate: &[u8]) -> Option<Bytes> {
    let parsed = x509::parse(certificate)?;
    let digest = match Hash::of(&parsed.signature_algorithm)? {
        Hash::Sha224 => Sha224::digest(certificate).to_vec(),
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    };
    Some(digest.into())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha224,
    /// In the place of MD5 and SHA-1, too.
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Self> {
        const RSASSA_PSS: Oid<'static> = oid!(1.2.840.113549.1.1.10);
        if algorithm.algorithm == RSASSA_PSS {
            let parameters = RsaSsaPssParams::try_from(algorithm.parameters.as_ref()?).ok()?;
            return Self::by_oid(parameters.hash_algorithm_oid());
        }
        Self::by_oid(&algorithm.algorithm)
    }

    /// By the algorithm of a signature with RSA, ECDSA or DSA, or by that of the hash itself.
    fn by_oid(algorithm: &Oid<'_>) -> Option<Self> {
        let known = [
            (oid!(1.2.840.113549.1.1.4), Self::Sha256),
            (oid!(1.2.840.113549.1.1.5), Self::Sha256),
            (oid!(1.2.840.10045.4.1), Self::Sha256),
            (oid!(1.2.840.10040.4.3), Self::Sha256),
            (oid!(1.2.840.113549.2.5), Self::Sha256),
            (oid!(1.3.14.3.2.26), Self::Sha256),
            (oid!(1.2.840.113549.1.1.14), Self::Sha224),
            (oid!(1.2.840.10045.4.3.1), Self::Sha224),
            (oid!(2.16.840.1.101.3.4.3.1), Self::Sha224),
            (oid!(2.16.840.1.101.3.4.2.4), Self::Sha224),
            (oid!(1.2.840.113549.1.1.11), Self::Sha256),
            (oid!(1.2.840.10045.4.3.2), Self::Sha256),
            (oid!(2.16.840.1.101.3.4.3.2), Self::Sha256),
            (oid!(2.16.840.1.101.3.4.2.1), Self::Sha256),
            (oid!(1.2.840.113549.1.1.12), Self::Sha384),
            (oid!(1.2.840.10045.4.3.3), Self::Sha384),
            (oid!(2.16.840.1.101.3.4.3.3), Self::Sha384),
            (oid!(2.16.840.1.101.3.4.2.2), Self::Sha384),
            (oid!(1.2.840.113549.1.1.13), Self::Sha512),
            (oid!(1.2.840.10045.4.3.4), Self::Sha512),
            (oid!(2.16.840.1.101.3.4.3.4), Self::Sha512),
            (oid!(2.16.840.1.101.3.4.2.3), Self::Sha512),
        ];
        known.into_iter().find_map(|(oid, hash)| (oid == *algorithm).then_some(hash))
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SignatureAlgorithm};

    use super::*;

    #[test]
    fn the_hash_is_that_of_the_signature() {
        for (algorithm, length) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, Some(32)),
            (&rcgen::PKCS_ECDSA_P384_SHA384, Some(48)),
            (&rcgen::PKCS_ED25519, None),
        ] {
            let algorithm: &'static SignatureAlgorithm = algorithm;
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::default().self_signed(&key).unwrap();
            assert_eq!(of(certificate.der()).map(|data| data.len()), length, "{algorithm:?}");
        }
        assert_eq!(of(b"no certificate"), None);
    }

    #[test]
    fn signatures_of_rsa_have_their_hash_in_the_algorithm_or_in_its_parameters() {
        // Made by openssl, each with what `openssl x509 -fingerprint` says of it.
        let sha1 = include_bytes!("testdata/rsa-sha1.der");
        let pss512 = include_bytes!("testdata/rsa-pss-sha512.der");
        assert_eq!(of(sha1).unwrap(), Bytes::from_static(include_bytes!("testdata/rsa-sha1.sha256")));
        assert_eq!(of(pss512).unwrap(), Bytes::from_static(include_bytes!("testdata/rsa-pss-sha512.sha512")));
    }
}
