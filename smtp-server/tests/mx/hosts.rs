use std::net::{IpAddr, Ipv4Addr};

use smtp_server::policy::{RelayLayer, policy_fn};
use smtp_server::testing::{Recorded, RecordingDelivery, domain};
use smtp_server::tls::{ServerTls, StartTlsLayer};
use smtp_server::{Connections, Deliver, Recipient, Reply, ServerInfo, Session, Shared, serve};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceBuilder;

/// The servers, each at an address of its own: `127.0.0.1` to `.3` take mail, `.4` to `.7` fail in their
/// ways.
pub(crate) struct Hosts {
    port: u16,
    deliveries: Vec<RecordingDelivery>,
    tasks: Vec<JoinHandle<()>>,
}

impl Hosts {
    pub(crate) async fn start() -> Self {
        Self::with_tls(&[None, None, None]).await
    }

    /// The first ones with these certificates.
    pub(crate) async fn with_tls(tls: &[Option<ServerTls>]) -> Self {
        let sockets = loop {
            if let Some(sockets) = one_port().await {
                break sockets;
            }
        };
        let mut hosts = Self {
            port: sockets[0].local_addr().expect("it is bound").port(),
            deliveries: vec![],
            tasks: vec![],
        };
        for (index, socket) in sockets.into_iter().enumerate() {
            let task = match tls.get(index) {
                Some(tls) => hosts.takes_mail(socket, tls.clone()),
                None => tokio::spawn(fails(socket, index)),
            };
            hosts.tasks.push(task);
        }
        hosts
    }

    fn takes_mail(&mut self, socket: TcpListener, tls: Option<ServerTls>) -> JoinHandle<()> {
        let delivery = RecordingDelivery::new();
        self.deliveries.push(delivery.clone());
        let stack = ServiceBuilder::new()
            .option_layer(tls.map(StartTlsLayer::new))
            .layer(policy_fn(|recipient: Recipient, _: Session| async move {
                let bad = recipient.to_string().starts_with("<bad@");
                if bad { Err(Reply::new(550, "5.1.1 no such user")) } else { Ok(()) }
            }))
            .layer(RelayLayer::new().trusted_networks(["127.0.0.0/8".parse().expect("a network")]))
            .service(Deliver::new(delivery));
        let connections = Connections::new(socket, ServerInfo::new(domain("mx.example")));
        tokio::spawn(async move {
            let _ = serve(connections, Shared::new(stack)).await;
        })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// How many messages each of those that take mail has.
    pub(crate) fn counts(&self) -> Vec<usize> {
        self.deliveries.iter().map(|delivery| delivery.messages().len()).collect()
    }

    /// The messages of one of them.
    pub(crate) fn messages(&self, index: usize) -> Vec<Recorded> {
        self.deliveries[index].messages()
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// One port at all of the addresses, if it is free at all of them.
async fn one_port() -> Option<Vec<TcpListener>> {
    let mut sockets: Vec<TcpListener> = Vec::new();
    for last in 1..=7 {
        let port = sockets.first().map_or(0, |first| first.local_addr().expect("it is bound").port());
        let address = IpAddr::from(Ipv4Addr::new(127, 0, 0, last));
        sockets.push(TcpListener::bind((address, port)).await.ok()?);
    }
    // Nobody is at the ninth.
    let port = sockets[0].local_addr().ok()?.port();
    TcpListener::bind((Ipv4Addr::new(127, 0, 0, 9), port)).await.ok()?;
    Some(sockets)
}

async fn fails(socket: TcpListener, index: usize) {
    while let Ok((stream, _)) = socket.accept().await {
        let _ = match index {
            3 => talk(stream, "421 4.3.2 busy\r\n", "").await,
            4 => talk(stream, "220 mx\r\n", "DATA").await,
            6 => talk(stream, "220 mx\r\n", "EHLO").await,
            _ => talk(stream, "220 mx\r\n", "MAIL").await,
        };
    }
}

/// Greets, and hangs up without a word at DATA, or with 421 at MAIL, or knows no EHLO.
async fn talk(stream: TcpStream, greeting: &str, end: &str) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(greeting.as_bytes()).await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let answer = match line.get(..4) {
            Some("DATA") if end == "DATA" => return Ok(()),
            Some("EHLO") if end == "EHLO" => "500 what?\r\n",
            Some("DATA") => "354 go\r\n",
            Some("MAIL") if end == "MAIL" => "421 4.3.2 closing\r\n",
            _ => "250 OK\r\n",
        };
        stream.write_all(answer.as_bytes()).await?;
    }
}
