//! The facts of a session, taken from the TLS library.

use std::borrow::Cow;

use bytes::Bytes;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConnection, ConnectionCommon, Error, HandshakeKind, ProtocolVersion, ServerConnection};
use smtp_core::{CertificateProblem, ChannelBinding, TlsInfo, Verify};

use crate::certificate::{end_point, x509};
use crate::cipher_suite;

/// The facts of a server's session whose handshake is done, but for what came of certificates.
pub(crate) fn of_server(connection: &ServerConnection) -> Result<TlsInfo, Error> {
    let mut info = of(connection)?;
    info.server_name = connection.server_name().map(str::to_owned);
    Ok(info)
}

/// The same for a client, which binds to the certificate that the server has shown.
pub(crate) fn of_client(connection: &ClientConnection) -> Result<TlsInfo, Error> {
    let mut info = of(connection)?;
    let shown = connection.peer_certificates().and_then(|chain| chain.first());
    if let Some(data) = shown.and_then(|shown| end_point::of(shown)) {
        push_binding(&mut info, "tls-server-end-point", data);
    }
    Ok(info)
}

/// `tls-exporter` (RFC 9266). Not for TLS 1.2, where it is unique only if the extended master
/// secret is in use, and the library does not tell.
const EXPORTER: &[u8] = b"EXPORTER-Channel-Binding";

fn of<D>(connection: &ConnectionCommon<D>) -> Result<TlsInfo, Error> {
    let version = connection.protocol_version().ok_or(Error::HandshakeNotComplete)?;
    let suite = connection.negotiated_cipher_suite().ok_or(Error::HandshakeNotComplete)?;
    let (cipher, bits) = cipher_suite::name_and_bits(suite.suite());
    let mut info = TlsInfo::new(version_name(version), cipher, bits);
    info.group =
        connection.negotiated_key_exchange_group().and_then(|group| group.name().as_str()).map(Cow::Borrowed);
    info.resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    if version == ProtocolVersion::TLSv1_3 {
        let data = connection.export_keying_material([0; 32], EXPORTER, Some(b""))?;
        push_binding(&mut info, "tls-exporter", Bytes::copy_from_slice(&data));
    }
    Ok(info)
}

pub(crate) fn push_binding(info: &mut TlsInfo, name: &'static str, data: Bytes) {
    info.channel_bindings.push(ChannelBinding { name, data });
}

/// Notes what the peer's certificates are, if it sent some, and what came of them.
pub(crate) fn note_peer(
    info: &mut TlsInfo,
    chain: Option<&[CertificateDer<'_>]>,
    judge: impl FnOnce(&[CertificateDer<'_>]) -> (Verify, Option<CertificateProblem>),
) {
    let Some((chain, own)) = chain.and_then(|chain| Some((chain, chain.first()?))) else {
        info.verify = Verify::No;
        return;
    };
    info.peer_certificate = x509::facts(own).map(Box::new);
    info.peer_certificates = chain.iter().map(|one| Bytes::copy_from_slice(one)).collect();
    (info.verify, info.problem) = judge(chain);
    // What cannot be read names nobody, whatever else is said of it.
    if info.peer_certificate.is_none() && info.verify == Verify::Ok {
        (info.verify, info.problem) = (Verify::Fail, Some(CertificateProblem::Malformed));
    }
}

fn version_name(version: ProtocolVersion) -> Cow<'static, str> {
    match version {
        ProtocolVersion::TLSv1_2 => Cow::Borrowed("TLSv1.2"),
        ProtocolVersion::TLSv1_3 => Cow::Borrowed("TLSv1.3"),
        other => Cow::Owned(format!("{other:?}")),
    }
}
