//! The floor of the comparison as a program: prints its address on the first line and serves
//! until it is killed.
//!
//! It runs on one thread, as `sink` does: the distance between them is then the stack's own.

use std::io;

use benches::floor;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client that breaks its connection is none of the floor's business.
        tokio::spawn(floor::serve(stream));
    }
}
