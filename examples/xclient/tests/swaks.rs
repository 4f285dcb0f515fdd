//! swaks as the proxy.

use std::process::Command;

use peers::{listening, swaks};

#[test]
fn swaks_speaks_for_a_client() {
    let (_server, address) = listening(Command::new(env!("CARGO_BIN_EXE_xclient")).arg("127.0.0.1:0"));
    let always = ["--from", "alice@example.org", "--helo", "proxy.example", "--to", "joe@example.net"];
    let client = ["--xclient-addr", "198.51.100.7", "--xclient-login", "alice"];
    let session = swaks(&address, &[&always[..], &client].concat(), b"");
    session.says(" -> XCLIENT ADDR=198.51.100.7 LOGIN=alice");
    session.says("<-  221 ");
    swaks(&address, &always, b"").says("<** 550 5.7.1");
}
