//! The accept loop over real sockets.

use std::future::IntoFuture as _;
use std::io;
use std::net::SocketAddr;

use smtp_server::testing::{RecordingDelivery, domain, transcript};
use smtp_server::{
    BoxError, ConnectionInfo, Connections, Deliver, Peer, Reply, Request, ServerInfo, Shared, TlsInfo,
    Transport, Upgraded, serve,
};
use tokio::net::{TcpListener, TcpStream};
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
