use crate::program::{Ended, run};

/// Swaks in talk with the server at this address. It says that it is `client.example` and has mail from
/// `sender@example.com`, unless the arguments say something else.
#[track_caller]
pub fn swaks(server: &str, arguments: &[&str], input: &[u8]) -> Ended {
    let always = ["--server", server, "--timeout", "20"];
    let client = ["--helo", "client.example", "--from", "sender@example.com"];
    run("swaks", &[&always[..], &client, arguments].concat(), input)
}
