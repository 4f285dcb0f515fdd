//! Messages that are accepted and thrown away.

use smtp_core::{Command, Reply, Request};

/// Reads a message to its end and forgets it.
pub(crate) async fn swallow(request: Request) -> Reply {
    let Command::Data(mut body) = request.command else { return Reply::new(451, "4.3.0 try again later") };
    while let Some(chunk) = body.next().await {
        if let Err(error) = chunk {
            return error.reply();
        }
    }
    Reply::new(250, "2.0.0 message accepted for delivery")
}
