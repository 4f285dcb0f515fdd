//! Receives mail for example.org and prints it: a whole server in thirty lines.

use smtp_server::policy::{RelayLayer, policy_fn};
use smtp_server::tls::{SelfSigned, ServerTls, StartTlsLayer};
use smtp_server::{Connections, Deliver, Domain, Mail, Message, Outcomes, Reply, ServerInfo, Shared};
use tower::{ServiceBuilder, service_fn};

async fn print(mut message: Message) -> Result<Outcomes, smtp_server::BodyError> {
    println!("from {} to {:?}", message.envelope.sender, message.envelope.recipients);
    while let Some(chunk) = message.body.next().await {
        print!("{}", String::from_utf8_lossy(&chunk?));
    }
    Ok(Reply::new(250, "2.0.0 printed").into())
}

#[tokio::main]
async fn main() -> Result<(), smtp_server::BoxError> {
    let domain: Domain = "example.org".parse()?;
    let certificate = SelfSigned::generate(&["example.org"])?;
    let tls = ServerTls::from_pem(certificate.certificate_pem.as_bytes(), certificate.key_pem.expose())?;
    let stack = ServiceBuilder::new()
        .layer(StartTlsLayer::new(tls))
        .layer(policy_fn(|mail: Mail, _| async move {
            if mail.path.is_null() { Err(Reply::new(550, "5.7.1 no bounces here")) } else { Ok(()) }
        }))
        .layer(RelayLayer::new().local_domains([domain.clone().into()]))
        .service(Deliver::new(service_fn(print)));
    let socket = tokio::net::TcpListener::bind("127.0.0.1:2525").await?;
    println!("listening on {}", socket.local_addr()?);
    Ok(smtp_server::serve(Connections::new(socket, ServerInfo::new(domain)), Shared::new(stack)).await?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_readme_shows_this_server() {
        let (server, _) = include_str!("main.rs").split_once("\n\n#[cfg(test)]").unwrap();
        let (_, server) = server.split_once("\n\n").unwrap();
        assert!(include_str!("../../../README.md").contains(server));
        assert!(server.lines().count() <= 30);
    }
}
