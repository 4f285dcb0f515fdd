//! What stands in a certificate, of the server or of a peer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use smtp_core::{DistinguishedName, Fingerprint, PeerCertificate, SubjectName};
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::{ASN1Time, FromDer, GeneralName, X509Certificate, X509Name};
use x509_parser::x509::AttributeTypeAndValue;

/// The most names that are kept of one certificate; nobody needs more.
const MAX_NAMES: usize = 250;

/// Reads a certificate; `None` if it is malformed.
pub(crate) fn parse(certificate: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(certificate).ok().map(|(_, parsed)| parsed)
}

/// What a peer's certificate says.
pub(crate) fn facts(certificate: &[u8]) -> Option<PeerCertificate> {
    let parsed = parse(certificate)?;
    let fingerprint = Fingerprint(Sha256::digest(certificate).into());
    let mut facts = PeerCertificate::new(name(parsed.subject()), name(parsed.issuer()), fingerprint);
    facts.names = subject_names(&parsed);
    facts.serial = parsed.raw_serial().iter().map(|octet| format!("{octet:02X}")).collect();
    facts.not_before = time(&parsed.validity().not_before);
    facts.not_after = time(&parsed.validity().not_after);
    Some(facts)
}

/// The further names of the subject.
pub(crate) fn subject_names(certificate: &X509Certificate<'_>) -> Vec<SubjectName> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().filter_map(subject_name).take(MAX_NAMES).collect()
}

fn subject_name(name: &GeneralName<'_>) -> Option<SubjectName> {
    Some(match name {
        GeneralName::DNSName(name) => SubjectName::Dns(name.to_ascii_lowercase()),
        GeneralName::RFC822Name(address) => SubjectName::Email((*address).to_owned()),
        GeneralName::URI(uri) => SubjectName::Uri((*uri).to_owned()),
        GeneralName::IPAddress(octets) => SubjectName::Ip(address(octets)?),
        _ => return None,
    })
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).into());
    v4().or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).into())).ok()
}

fn name(name: &X509Name<'_>) -> DistinguishedName {
    DistinguishedName::new(name.iter_attributes().map(|attribute| (kind(attribute), value(attribute))))
}

fn kind(attribute: &AttributeTypeAndValue<'_>) -> String {
    oid2abbrev(attribute.attr_type(), oid_registry())
        .map_or_else(|_| attribute.attr_type().to_id_string(), str::to_owned)
}

fn value(attribute: &AttributeTypeAndValue<'_>) -> String {
    if let Ok(text) = attribute.as_str() {
        return text.to_owned();
    }
    let octets = attribute.as_slice();
    const BMP_STRING: u32 = 30;
    if attribute.attr_value().tag().0 == BMP_STRING {
        let units = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
        return char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    }
    String::from_utf8_lossy(octets).into_owned()
}

fn time(time: &ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moment = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    moment.unwrap_or(SystemTime::UNIX_EPOCH)
}
