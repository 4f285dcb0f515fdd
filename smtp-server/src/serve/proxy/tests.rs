use proptest::prelude::*;
use proxy_header::{ProxiedAddress, SslInfo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

use super::header::{Told, read};
use super::*;

const CLIENT: &str = "198.51.100.7:40000";
const SERVER: &str = "192.0.2.1:25";

/// What is made of these octets, and what is still to be read then.
async fn told(sent: &[u8]) -> (Result<Told, String>, Vec<u8>) {
    let (mut far, near) = duplex(sent.len().max(1));
    far.write_all(sent).await.unwrap();
    far.shutdown().await.unwrap();
    let (mut transport, told) = read(Transport::new(near), Duration::from_secs(5)).await;
    let mut rest = Vec::new();
    transport.read_to_end(&mut rest).await.unwrap();
    (told.map_err(|error| error.to_string()), rest)
}

fn v2(tlvs: &[proxy_header::Tlv<'_>]) -> Vec<u8> {
    let address = ProxiedAddress::stream(CLIENT.parse().unwrap(), SERVER.parse().unwrap());
    let mut header = proxy_header::ProxyHeader::with_address(address);
    for tlv in tlvs {
        header.append_tlv(tlv.clone());
    }
    let mut octets = Vec::new();
    header.encode_v2(&mut octets).unwrap();
    octets
}

#[tokio::test]
async fn both_versions_tell_who_the_client_is() {
    let addresses = Some((CLIENT.parse().unwrap(), SERVER.parse().unwrap()));
    let v1 = b"PROXY TCP4 198.51.100.7 192.0.2.1 40000 25\r\n".to_vec();
    for header in [v1, v2(&[])] {
        let sent = [&header[..], b"EHLO client.example\r\n"].concat();
        let (told, rest) = told(&sent).await;
        assert_eq!(told.unwrap(), Told { addresses, tls: None });
        assert_eq!(rest, b"EHLO client.example\r\n");
    }
    let v6 = b"PROXY TCP6 2001:db8::7 2001:db8::1 40000 25\r\n";
    let (client, _) = told(v6).await.0.unwrap().addresses.unwrap();
    assert_eq!(client.to_string(), "[2001:db8::7]:40000");
    for own in [&b"PROXY UNKNOWN\r\n"[..], b"PROXY UNKNOWN whatever\r\n", &local()] {
        assert_eq!(told(own).await.0.unwrap(), Told::default());
    }
}

/// A health check of the forwarder.
fn local() -> Vec<u8> {
    let mut octets = Vec::new();
    proxy_header::ProxyHeader::with_local().encode_v2(&mut octets).unwrap();
    octets
}

#[tokio::test]
async fn what_the_forwarder_says_of_tls_is_told() {
    use proxy_header::Tlv;
    let mut ssl = SslInfo::new(true, true, false, 0);
    ssl.append_tlv(Tlv::SslVersion("TLSv1.3".into()));
    ssl.append_tlv(Tlv::SslCipher("TLS_AES_128_GCM_SHA256".into()));
    ssl.append_tlv(Tlv::SslCn("client\r\n.example".into()));
    let header = v2(&[Tlv::Ssl(ssl), Tlv::Authority("mx.example.org".into())]);
    let tls = told(&header).await.0.unwrap().tls.unwrap();
    assert_eq!(tls.server_name.as_deref(), Some("mx.example.org"));
    assert!(tls.client_verified);
    assert_eq!(tls.to_string(), "TLSv1.3 TLS_AES_128_GCM_SHA256 client client\\r\\n.example verified");
    let unverified = v2(&[Tlv::Ssl(SslInfo::new(true, true, false, 1))]);
    assert!(!told(&unverified).await.0.unwrap().tls.unwrap().client_verified);
    let none = v2(&[Tlv::Ssl(SslInfo::new(true, false, false, 0))]);
    assert!(!told(&none).await.0.unwrap().tls.unwrap().client_verified);
}

#[tokio::test]
async fn what_is_malformed_is_refused() {
    let mut long = v2(&[]);
    long[14] = 0xff;
    let mut datagram = v2(&[]);
    datagram[13] = 0x12;
    let mut broken = v2(&[]);
    broken[15] += 1;
    broken.push(0x20);
    for (sent, expected) in [
        (&b""[..], "end of file"),
        (b"EHLO client.example\r\n", "this is no PROXY header"),
        (b"PROXY", "end of file"),
        (b"PROXY TCP4 198.51.100.7 192.0.2.1 40000\r\n", "malformed PROXY header"),
        (b"PROXY TCP4 198.51.100.777 192.0.2.1 40000 25\r\n", "malformed PROXY header"),
        (b"PROXY TCP4 2001:db8::7 2001:db8::1 40000 25\r\n", "malformed PROXY header"),
        (b"PROXY TCP4 198.51.100.7 192.0.2.1 40000 99999\r\n", "malformed PROXY header"),
        (b"PROXY UDP4 198.51.100.7 192.0.2.1 40000 25\r\n", "malformed PROXY header"),
        (b"PROXY \r\n", "malformed PROXY header"),
        (&[b'P', b'R', b'O', b'X', b'Y', b' '].repeat(30), "too long"),
        (&long, "too long"),
        (&datagram, "not of a TCP connection"),
        (&broken, "malformed PROXY header"),
    ] {
        let error = told(sent).await.0.unwrap_err();
        assert!(error.contains(expected), "{}: {error}", sent.escape_ascii());
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_forwarder_is_not_waited_for() {
    let (_far, near) = duplex(64);
    let (_, told) = read(Transport::new(near), Duration::from_secs(5)).await;
    assert_eq!(told.unwrap_err().to_string(), "no PROXY header in time");
}

#[test]
fn only_those_who_are_named_are_forwarders() {
    let peer = |address: &str| Peer::Ip(address.parse().unwrap());
    let named = ProxyProtocol::from_networks(["192.0.2.0/24".parse().unwrap()]);
    assert!(named.is_from(peer("192.0.2.9:1")) && named.is_from(peer("[::ffff:192.0.2.9]:1")));
    assert!(!named.is_from(peer("127.0.0.1:1")) && !named.is_from(Peer::Local));
    assert!(named.and_local().is_from(Peer::Local));
}

proptest! {
    #[test]
    fn no_header_does_harm(mut octets in proptest::collection::vec(any::<u8>(), 0..200), kind in 0..3) {
        let start: &[u8] = match kind { 0 => b"", 1 => b"PROXY TCP4 ", _ => b"\r\n\r\n\x00\r\nQUIT\n\x21" };
        octets.splice(0..0, start.iter().copied());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        // Whatever it says, it is an answer.
        let _ = runtime.block_on(told(&octets));
    }
}
