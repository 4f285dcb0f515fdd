use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use proxy_header::{ParseConfig, Protocol, ProxyHeader, Tlv};
use smtp_core::{BoxError, ProxiedTls, Transport};
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use super::rewound::Rewound;

/// The beginning of a header of version 2, which nothing else begins with.
const SIGNATURE: &[u8] = b"\r\n\r\n\x00\r\nQUIT\n";
/// The signature, the version, the family and the length.
const V2_FIXED: usize = 16;
/// The longest header that is taken; the addresses and the names of certificates have room in it.
const MAX_V2: usize = 4096;
/// The longest of version 1, with its CRLF.
const MAX_V1: usize = 107;

/// What a header tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// The client's and the one that it connected to.
    pub(super) addresses: Option<(SocketAddr, SocketAddr)>,
    pub(super) tls: Option<ProxiedTls>,
}

/// Reads a header, and gives the transport back as it is behind it.
pub(super) async fn read(mut transport: Transport, limit: Duration) -> (Transport, Result<Told, BoxError>) {
    let mut buffer = BytesMut::with_capacity(512);
    let result = match timeout(limit, fill(&mut transport, &mut buffer)).await {
        Ok(length) => length.and_then(|length| Ok((parse(&buffer[..length])?, length))),
        Err(_) => Err("no PROXY header in time".into()),
    };
    match result {
        Ok((told, length)) => {
            let behind = buffer.split_off(length).freeze();
            (rewind(transport, behind), Ok(told))
        }
        Err(error) => (transport, Err(error)),
    }
}

fn rewind(transport: Transport, behind: Bytes) -> Transport {
    if behind.is_empty() { transport } else { Transport::new(Rewound::new(transport, behind)) }
}

/// Reads until a whole header is there, and gives its length.
async fn fill(transport: &mut Transport, buffer: &mut BytesMut) -> Result<usize, BoxError> {
    loop {
        if let Some(length) = length(buffer)? {
            return Ok(length);
        }
        if transport.read_buf(buffer).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
}

/// How long the header is; `None` as long as it is not all there.
fn length(buffer: &[u8]) -> Result<Option<usize>, &'static str> {
    if begins_like(buffer, SIGNATURE) {
        let Some(fixed) = buffer.get(..V2_FIXED) else { return Ok(None) };
        let length = V2_FIXED + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
        if length > MAX_V2 {
            return Err("the PROXY header is too long");
        }
        return Ok((buffer.len() >= length).then_some(length));
    }
    if !begins_like(buffer, b"PROXY ") {
        return Err("this is no PROXY header");
    }
    let start = &buffer[..buffer.len().min(MAX_V1)];
    match start.windows(2).position(|pair| pair == b"\r\n") {
        Some(position) => Ok(Some(position + 2)),
        None if buffer.len() >= MAX_V1 => Err("the PROXY header is too long"),
        None => Ok(None),
    }
}

/// Whether there is nothing in the buffer that could not become this.
fn begins_like(buffer: &[u8], expected: &[u8]) -> bool {
    let common = buffer.len().min(expected.len());
    buffer[..common] == expected[..common]
}

fn parse(header: &[u8]) -> Result<Told, BoxError> {
    let config = ParseConfig { include_tlvs: true, allow_v1: true, allow_v2: true };
    let (parsed, length) =
        ProxyHeader::parse(header, config).map_err(|error| format!("malformed PROXY header: {error}"))?;
    if length != header.len() {
        return Err("malformed PROXY header: there is more in it than it says".into());
    }
    let mut told = Told::default();
    if let Some(addresses) = parsed.proxied_address() {
        if addresses.protocol != Protocol::Stream {
            return Err("the PROXY header is not of a TCP connection".into());
        }
        told.addresses = Some((addresses.source, addresses.destination));
    }
    told.tls = tls(&parsed)?;
    Ok(told)
}

fn tls(header: &ProxyHeader<'_>) -> Result<Option<ProxiedTls>, BoxError> {
    let malformed = |error| format!("malformed PROXY header: {error}");
    let (mut told, mut server_name) = (None, None);
    for field in header.tlvs() {
        match field.map_err(malformed)? {
            Tlv::Authority(name) => server_name = Some(name.into_owned()),
            Tlv::Ssl(ssl) if ssl.client_ssl() => {
                let mut tls = ProxiedTls::default();
                for field in ssl.tlvs() {
                    match field.map_err(malformed)? {
                        Tlv::SslVersion(version) => tls.version = Some(version.into_owned()),
                        Tlv::SslCipher(cipher) => tls.cipher = Some(cipher.into_owned()),
                        Tlv::SslCn(name) => tls.client_name = Some(name.into_owned()),
                        _ => {}
                    }
                }
                let certificate = ssl.client_cert_conn() || ssl.client_cert_sess();
                tls.client_verified = certificate && ssl.verify() == 0;
                told = Some(tls);
            }
            _ => {}
        }
    }
    Ok(told.map(|mut tls: ProxiedTls| {
        tls.server_name = server_name;
        tls
    }))
}
