//! The accept loop.

mod builder;
mod connection;
mod listener;
mod places;
mod proxy;
mod run;
mod socket;
#[cfg(feature = "systemd")]
mod systemd;

pub use builder::{Serve, serve};
pub use listener::{Connections, Listener, ServerInfo};
pub use proxy::ProxyProtocol;
pub use socket::{BindOptions, Socket};
#[cfg(feature = "systemd")]
pub use systemd::systemd_sockets;
