//! The accept loop over real sockets.

use std::future::IntoFuture as _;
use std::io;
use std::net::SocketAddr;

use smtp_server::testing::{RecordingDelivery, domain, transcript};
use smtp_server::{
    BindOptions, BoxError, ConnectionInfo, Connections, Deliver, Peer, ProxyProtocol, Reply, Request,
    ServerInfo, Shared, Socket, TlsInfo, Transport, Upgraded, serve,
};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::service_fn;

async fn bound() -> (Connections, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let info = ServerInfo::new(domain("server.example")).listener("test");
    let connections = Connections::new(socket, info);
    let address = connections.local_addr().expect("an address");
    (connections, address)
}

async fn client(address: SocketAddr) -> TcpStream {
    TcpStream::connect(address).await.expect("a connection")
}

/// A server that shuts down when the sender is used or dropped.
async fn started() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<io::Result<()>>) {
    let (connections, address) = bound().await;
    let (signal, shutdown) = oneshot::channel::<()>();
    let server = serve(connections, Shared::new(Deliver::new(RecordingDelivery::new())))
        .max_connections(2)
        .with_graceful_shutdown(async { drop(shutdown.await) });
    (address, signal, tokio::spawn(server.into_future()))
}

#[tokio::test]
async fn a_shutdown_ends_sessions_in_order() {
    let (address, signal, server) = started().await;
    let idle =
        transcript(client(address).await, "S: 220 server.example ESMTP\nC: NOOP\nS: 250 2.0.0 OK").await;
    drop(signal);
    transcript(idle, "S: 421 4.3.2 ...\nS: (closed)").await;
    server.await.expect("no panic").expect("no error");
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_shutdown_turns_new_clients_away_while_a_message_ends() {
    let (address, signal, server) = started().await;
    let open = transcript(client(address).await, "S: 220 ...\nC: HELO client.example\nS: 250 ...").await;
    let open = transcript(open, "C: MAIL FROM:<>\nC: BDAT 2\nC: x\\\nS: 250 ...").await;
    drop(signal);
    // The answer to a refused connection is that of the kernel.
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    drop(open);
    server.await.expect("no panic").expect("no error");
}

#[tokio::test]
async fn too_many_connections_are_turned_away_and_places_come_free() {
    let (address, _signal, _server) = started().await;
    let first = transcript(client(address).await, "S: 220 ...").await;
    let second = transcript(client(address).await, "S: 220 ...").await;
    transcript(client(address).await, "S: 421 4.3.2 ...\nS: (closed)").await;
    transcript(first, "C: QUIT\nS: 221 ...\nS: (closed)").await;
    transcript(client(address).await, "S: 220 ...").await;
    drop(second);
}

#[tokio::test]
async fn one_client_does_not_get_all_places() {
    let (connections, address) = bound().await;
    let server =
        serve(connections, Shared::new(Deliver::new(RecordingDelivery::new()))).max_connections_per_client(1);
    tokio::spawn(server.into_future());
    let first = transcript(client(address).await, "S: 220 ...").await;
    transcript(client(address).await, "S: 421 4.3.2 too many connections from you...\nS: (closed)").await;
    drop(first);
}

#[tokio::test]
async fn each_connection_gets_a_service_of_its_own() {
    let (connections, address) = bound().await;
    let make_service = service_fn(|info: ConnectionInfo| async move {
        let Peer::Ip(peer) = info.peer else { return Err(BoxError::from("TCP clients only")) };
        let greeting = format!("{} on {}", peer.port(), info.listener);
        Ok(service_fn(move |_: Request| {
            let reply = Reply::new(220, greeting.clone());
            async { Ok::<_, BoxError>(reply) }
        }))
    });
    tokio::spawn(serve(connections, make_service).into_future());
    for _ in 0..2 {
        let client = client(address).await;
        let port = client.local_addr().expect("an address").port();
        transcript(client, &format!("S: 220 {port} on test")).await;
    }
}

#[tokio::test]
async fn without_a_service_the_client_is_told_to_come_again() {
    let (connections, address) = bound().await;
    let make_service = service_fn(|_: ConnectionInfo| async {
        Err::<Deliver<RecordingDelivery>, BoxError>("no database".into())
    });
    tokio::spawn(serve(connections, make_service).into_future());
    transcript(client(address).await, "S: 421 4.3.2 ...\nS: (closed)").await;
}

#[tokio::test]
async fn implicit_tls_comes_before_the_greeting() {
    let (connections, address) = bound().await;
    // Stands for a handshake that one client passes and the next does not.
    let once = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let handshake = move |transport: Transport| {
        let passes = once.swap(false, std::sync::atomic::Ordering::Relaxed);
        async move {
            if !passes {
                return Err("no common cipher".into());
            }
            let tls = std::sync::Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128));
            Ok(Upgraded { transport, tls })
        }
    };
    let make_service = Shared::new(service_fn(|request: Request| async move {
        let version = request.session.tls().map(|tls| tls.version.clone());
        Ok::<_, BoxError>(Reply::new(220, format!("{version:?}")))
    }));
    tokio::spawn(serve(connections, make_service).implicit_tls(handshake).into_future());
    transcript(client(address).await, "S: 220 Some(\"TLSv1.3\")").await;
    transcript(client(address).await, "S: (closed)").await;
}

/// A server that greets with what it knows of the client.
async fn telling(forwarders: ProxyProtocol) -> SocketAddr {
    let (connections, address) = bound().await;
    let greet = Shared::new(service_fn(|request: Request| async move {
        let info = request.session.info();
        let by = info.proxied.as_ref().map(|proxied| proxied.by.ip());
        Ok::<_, BoxError>(Reply::new(220, format!("{} by {by:?}", info.peer)))
    }));
    let server = serve(connections, greet).proxy_protocol(forwarders).max_connections_per_client(1);
    tokio::spawn(server.into_future());
    address
}

#[tokio::test]
async fn a_forwarder_says_whose_connection_it_brings() {
    let named = ProxyProtocol::from_networks(["127.0.0.1/32".parse().expect("a network")]);
    let address = telling(named).await;
    let mut open = Vec::new();
    for host in 1..4 {
        let mut client = client(address).await;
        let header = format!("PROXY TCP4 198.51.100.{host} 192.0.2.1 4000 25\r\n");
        client.write_all(header.as_bytes()).await.expect("a connection");
        let greeting = format!("S: 220 198.51.100.{host}:4000 by Some(Some(127.0.0.1))");
        open.push(transcript(client, &greeting).await);
    }
    // The limit is one for the client, not for the forwarder.
    let mut again = client(address).await;
    again.write_all(b"PROXY TCP4 198.51.100.1 192.0.2.1 4001 25\r\n").await.expect("a connection");
    transcript(again, "S: 421 4.3.2 too many connections from you...\nS: (closed)").await;
    let mut other = client(address).await;
    other.write_all(b"EHLO client.example\r\n").await.expect("a connection");
    transcript(other, "S: 421 4.3.2 no proper PROXY header...\nS: (closed)").await;
}

#[tokio::test]
async fn a_header_from_anybody_else_says_nothing() {
    let named = ProxyProtocol::from_networks(["192.0.2.0/24".parse().expect("a network")]);
    let mut client = client(telling(named).await).await;
    client.write_all(b"PROXY TCP4 198.51.100.1 192.0.2.1 4001 25\r\n").await.expect("a connection");
    let port = client.local_addr().expect("an address").port();
    // The greeting, and what this server answers to any command.
    let both = format!("S: 220 127.0.0.1:{port} by None\nS: 220 127.0.0.1:{port} by None");
    transcript(client, &both).await;
}

#[tokio::test]
async fn a_forwarder_that_says_nothing_keeps_nobody_waiting() {
    let named = ProxyProtocol::from_networks(["127.0.0.2/32".parse().expect("a network")]);
    let address = telling(named).await;
    let forwarder = tokio::net::TcpSocket::new_v4().expect("a socket");
    forwarder.bind("127.0.0.2:0".parse().expect("an address")).expect("an address");
    let silent = forwarder.connect(address).await.expect("a connection");
    let other = client(address).await;
    let port = other.local_addr().expect("an address").port();
    transcript(other, &format!("S: 220 127.0.0.1:{port} by None")).await;
    drop(silent);
}

#[tokio::test]
async fn unix_sockets_are_served_and_stale_ones_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("smtp.sock");
    for _ in 0..2 {
        let socket = Socket::bind_unix(&path, 0o600).expect("a socket");
        assert_eq!(Socket::bind_unix(&path, 0o600).expect_err("taken").kind(), io::ErrorKind::AddrInUse);
        let info = ServerInfo::new(domain("server.example"));
        let stack = Shared::new(Deliver::new(RecordingDelivery::new()));
        let server = tokio::spawn(serve(Connections::new(socket, info), stack).into_future());
        let client = UnixStream::connect(&path).await.expect("a connection");
        transcript(client, "S: 220 server.example ESMTP\nC: QUIT\nS: 221 ...\nS: (closed)").await;
        server.abort();
        assert!(server.await.expect_err("aborted").is_cancelled());
    }
    std::fs::write(folder.path().join("file"), "precious").expect("a file");
    assert!(Socket::bind_unix(folder.path().join("file"), 0o600).is_err());
}

#[tokio::test]
async fn one_socket_takes_both_families_unless_told_otherwise() {
    let both = Socket::bind("[::]:0".parse().expect("an address")).expect("a socket");
    let port = both.local_addr().expect("an address").expect("TCP").port();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_ok());
    let one = BindOptions::default().only_v6().bind("[::]:0".parse().expect("an address")).expect("a socket");
    let port = one.local_addr().expect("an address").expect("TCP").port();
    assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    assert!(TcpStream::connect(("::1", port)).await.is_ok());
}
