//! What the listeners listen on.

use std::io;

use smtp_server::{BindOptions, BoxError, Socket, systemd_sockets};

use crate::config::{Address, Listener};

/// The sockets of all listeners, in their order.
pub(crate) fn bind(listeners: &[Listener]) -> Result<Vec<Socket>, BoxError> {
    // They are there for one call, and nobody should find out by accident.
    let wanted = listeners.iter().any(|listener| matches!(listener.address, Address::Systemd(_)));
    let mut handed = if wanted { systemd_sockets()? } else { Vec::new() };
    listeners.iter().map(|listener| one(listener, &mut handed)).collect()
}

fn one(listener: &Listener, handed: &mut Vec<(String, Socket)>) -> Result<Socket, BoxError> {
    let bound = match &listener.address {
        Address::Tcp(address) if listener.share_port => BindOptions::default().reuse_port().bind(*address),
        Address::Tcp(address) => Socket::bind(*address),
        Address::Unix(path) => Socket::bind_unix(path, listener.mode),
        Address::Systemd(name) => {
            let Some(index) = handed.iter().position(|(handed, _)| handed == name) else {
                return Err(format!(
                    "listener {}: systemd has handed over no socket that is called {name}; name it by \
                     FileDescriptorName= in its .socket unit",
                    listener.name
                )
                .into());
            };
            return Ok(handed.remove(index).1);
        }
    };
    bound.map_err(|error: io::Error| {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => "stop what listens there, or choose another port",
            io::ErrorKind::PermissionDenied => "ports below 1024 need CAP_NET_BIND_SERVICE",
            _ => "correct the listener's address",
        };
        format!("cannot listen on {} {}: {error}; {remedy}", listener.name, listener.address).into()
    })
}
