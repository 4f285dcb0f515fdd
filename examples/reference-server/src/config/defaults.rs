//! What holds where the file says nothing.

use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use smtp_server::Domain;
use smtp_server::auth::Mechanism;

use super::{Address, Kind, Limits, Listener};

pub(super) const DATA_DIR: &str = "smtpd-data";

/// What this computer calls itself; `None` if that is no domain name.
pub(super) fn hostname() -> Option<Domain> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_else(|_| "localhost".to_owned());
    name.trim().parse().ok()
}

/// The domain that a first `swaks --to postmaster@localhost` has in mind. Whoever writes a file
/// says himself what is local.
pub(super) fn domain_of_a_bare_start() -> Option<Domain> {
    "localhost".parse().ok()
}

/// Ports of its own on this computer alone: good for a try, without rights and without harm.
pub(super) fn listeners() -> Vec<Listener> {
    [(Kind::Mx, 2525), (Kind::Submission, 2587), (Kind::Submissions, 2465)]
        .map(|(kind, port)| {
            Listener::new(kind.to_string(), Address::Tcp((Ipv4Addr::LOCALHOST, port).into()), kind)
        })
        .into()
}

pub(super) fn mechanisms() -> Vec<Mechanism> {
    Mechanism::DEFAULT.to_vec()
}

pub(super) const LIMITS: Limits = Limits {
    message_size: 25 << 20,
    line_length: None,
    data_rate: 100,
    commands: 10_000,
    errors: 20,
    error_delay: Duration::from_secs(10),
    messages: 1000,
    recipients: 1000,
    connections: 1000,
    connections_per_client: 100,
    command_timeout: Duration::from_mins(5),
    data_timeout: Duration::from_mins(3),
    shutdown_timeout: Duration::from_secs(30),
};
