use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use crate::daemon::Daemon;

/// An address of loopback that is free for TCP and UDP, for a program that takes no port 0. Somebody
/// might take it before the program does.
pub fn free_port() -> SocketAddr {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = tcp.local_addr().expect("it is bound");
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

/// Starts a program that takes no port 0: on another port again, if somebody took the first.
#[track_caller]
pub(crate) fn start_on_free_port(
    mut start: impl FnMut(SocketAddr) -> Result<Daemon, String>,
) -> (Daemon, SocketAddr) {
    let mut printed = String::new();
    for _ in 0..10 {
        let address = free_port();
        match start(address) {
            Ok(daemon) => return (daemon, address),
            Err(said) => printed = said,
        }
    }
    panic!("it does not listen:\n{printed}");
}
