//! Which keys mean somebody, the closest first: the order in which Sendmail's rulesets ask.

use std::net::IpAddr;

use smtp_core::{Host, Mailbox};

use super::key::full_v6;

/// An address and its networks: `192.0.2.1`, `192.0.2`, `192.0`, `192`.
pub(super) fn address(ip: IpAddr) -> Vec<String> {
    let (full, separator) = match ip {
        IpAddr::V4(ip) => (ip.to_string(), '.'),
        IpAddr::V6(ip) => (full_v6(ip), ':'),
    };
    prefixes(&full, separator)
}

fn prefixes(full: &str, separator: char) -> Vec<String> {
    let mut keys = vec![full.to_owned()];
    let cuts = full.rmatch_indices(separator).map(|(at, _)| full[..at].to_owned());
    keys.extend(cuts.filter(|key| key != "ipv6"));
    keys
}

/// An address in the place of a name.
pub(super) fn literal(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => format!("[{ip}]"),
        IpAddr::V6(ip) => format!("[{}]", full_v6(ip)),
    }
}

/// A domain and those above it: `mx.example.org`, `.example.org`, `example.org`, `.org`, `org`; an
/// address in brackets and its networks.
pub(super) fn domain(name: &str) -> Vec<String> {
    if let Some(inner) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        let separator = if inner.starts_with("ipv6:") { ':' } else { '.' };
        return prefixes(inner, separator).into_iter().map(|key| format!("[{key}]")).collect();
    }
    let above = name.match_indices('.').flat_map(|(at, _)| [&name[at..], &name[at + 1..]]);
    std::iter::once(name).chain(above).map(str::to_owned).collect()
}

/// A whole address, its details of every kind, and without one: `joe+x@example.org`, `joe+*@example.org`,
/// `joe@example.org`.
pub(super) fn full(user: &str, host: &str) -> Vec<String> {
    let mut keys = vec![format!("{user}@{host}")];
    if let Some((name, _)) = user.split_once('+').filter(|(name, _)| !name.is_empty()) {
        keys.extend([format!("{name}+*@{host}"), format!("{name}@{host}")]);
    }
    keys
}

/// A host as keys have it.
pub(super) fn host(host: &Host) -> String {
    match host {
        Host::Domain(domain) => domain.to_ascii().to_ascii_lowercase(),
        Host::Literal(written) => written
            .ip()
            .map_or_else(|| written.to_string().to_ascii_lowercase(), |ip| literal(ip.to_canonical())),
    }
}

/// The local part and the host of a mailbox as keys have them.
pub(super) fn parts(mailbox: &Mailbox) -> (String, String) {
    (mailbox.local_part().unquoted().to_ascii_lowercase(), host(mailbox.host()))
}
