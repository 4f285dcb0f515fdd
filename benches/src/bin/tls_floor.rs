//! STARTTLS by rustls and tokio alone. Prints its address on the first line and serves until it is
//! killed.

use smtp_server::BoxError;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    benches::handshakes::serve(listener).await
}
