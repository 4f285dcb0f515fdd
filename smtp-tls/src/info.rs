//! The facts of a session, taken from the TLS library.

use std::borrow::Cow;

use bytes::Bytes;
use rustls::{Error, HandshakeKind, ProtocolVersion, ServerConnection};
use smtp_core::{ChannelBinding, TlsInfo, Verify};

use crate::cipher_suite;

/// The facts of a session whose handshake is done; `end_point` is what the server's certificate
/// gives for `tls-server-end-point`.
pub(super) fn of(connection: &ServerConnection, end_point: Option<Bytes>) -> Result<TlsInfo, Error> {
    let version = connection.protocol_version().ok_or(Error::HandshakeNotComplete)?;
    let suite = connection.negotiated_cipher_suite().ok_or(Error::HandshakeNotComplete)?;
    let (cipher, bits) = cipher_suite::name_and_bits(suite.suite());
    let mut info = TlsInfo::new(version_name(version), cipher, bits);
    info.group =
        connection.negotiated_key_exchange_group().and_then(|group| group.name().as_str()).map(Cow::Borrowed);
    info.server_name = connection.server_name().map(str::to_owned);
    info.resumed = connection.handshake_kind() == Some(HandshakeKind::Resumed);
    info.verify = Verify::Not;
    if version == ProtocolVersion::TLSv1_3 {
        info.channel_bindings.push(exporter(connection)?);
    }
    info.channel_bindings.extend(end_point.map(|data| ChannelBinding { name: "tls-server-end-point", data }));
    Ok(info)
}

fn version_name(version: ProtocolVersion) -> Cow<'static, str> {
    match version {
        ProtocolVersion::TLSv1_2 => Cow::Borrowed("TLSv1.2"),
        ProtocolVersion::TLSv1_3 => Cow::Borrowed("TLSv1.3"),
        other => Cow::Owned(format!("{other:?}")),
    }
}

/// `tls-exporter` (RFC 9266). Not for TLS 1.2, where it is unique only if the extended master
/// secret is in use, and the library does not tell.
fn exporter(connection: &ServerConnection) -> Result<ChannelBinding, Error> {
    let data = connection.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))?;
    Ok(ChannelBinding { name: "tls-exporter", data: Bytes::copy_from_slice(&data) })
}
