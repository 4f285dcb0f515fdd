//! The client's end of the pipe.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

use crate::cuts::Cuts;

/// Writes the input piece by piece and closes its direction; gives what came back until the server
/// closed the other one.
pub(super) async fn play(io: DuplexStream, input: &[u8], mut cuts: Cuts) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(io);
    let write = async {
        let mut rest = input;
        while !rest.is_empty() {
            let (piece, behind) = cuts.cut(rest);
            // A server that closed has said so; that shows in what came back.
            if writer.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
            rest = behind;
        }
        let _ = writer.shutdown().await;
    };
    let mut output = Vec::new();
    let (_, read) = tokio::join!(write, reader.read_to_end(&mut output));
    read.expect("a pipe can be read");
    output
}
