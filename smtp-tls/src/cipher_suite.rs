//! Cipher suites by their names in the IANA registry.

use std::borrow::Cow;

use rustls::CipherSuite;

/// The name and the strength in bits. rustls names those of TLS 1.3 otherwise than IANA does.
pub(crate) fn name_and_bits(suite: CipherSuite) -> (Cow<'static, str>, u16) {
    let (name, bits) = match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256 => ("TLS_AES_128_GCM_SHA256", 128),
        CipherSuite::TLS13_AES_256_GCM_SHA384 => ("TLS_AES_256_GCM_SHA384", 256),
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => ("TLS_CHACHA20_POLY1305_SHA256", 256),
        other => {
            let Some(name) = other.as_str() else {
                return (Cow::Owned(format!("0x{:04X}", u16::from(other))), 0);
            };
            (name, bits_by_name(name))
        }
    };
    (Cow::Borrowed(name), bits)
}

fn bits_by_name(name: &str) -> u16 {
    let is = |cipher: &str| name.contains(cipher);
    if is("_AES_256_") || is("_CHACHA20_") {
        256
    } else if is("_AES_128_") {
        128
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_of_the_provider_has_its_registered_name_and_its_strength() {
        for suite in crate::provider::default().unwrap().cipher_suites {
            let (name, bits) = name_and_bits(suite.suite());
            assert!(name.starts_with("TLS_"), "{name}");
            assert_eq!(bits, if name.contains("128_GCM") { 128 } else { 256 }, "{name}");
        }
    }

    #[test]
    fn an_unknown_suite_has_its_number() {
        assert_eq!(name_and_bits(CipherSuite::Unknown(0xfefe)), ("0xFEFE".into(), 0));
    }
}
