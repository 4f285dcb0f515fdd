//! `[dns]`: who is asked for names.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;
use toml::Spanned;

use super::check::Check;

/// The DNS as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DnsTable {
    #[serde(default)]
    servers: Vec<Spanned<String>>,
}

impl Check<'_> {
    pub(super) fn name_servers(&mut self, table: &DnsTable) -> Vec<SocketAddr> {
        let help = "write an IP address, such as \"127.0.0.1\", and if it is not 53 the port behind a colon";
        let read = |text: &str| {
            let address = text.parse::<IpAddr>().map(|address| (address, 53).into());
            text.parse::<SocketAddr>().or(address).ok()
        };
        let servers = table.servers.iter();
        servers.filter_map(|text| self.read(text, read, "address of a name server", help)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::source;

    #[test]
    fn servers_have_addresses() {
        let check = |servers: &str| {
            let text = format!("hostname = \"mail.example.org\"\n[dns]\nservers = {servers}\n");
            source::check("smtpd.toml", &text, Path::new(""), None)
        };
        let servers = ["127.0.0.1:53", "[::1]:5353"].map(|server| server.parse().unwrap());
        assert_eq!(check("[\"127.0.0.1\", \"[::1]:5353\"]").unwrap().name_servers, servers);
        let shown = check("[\"localhost\"]").unwrap_err().to_string();
        assert!(
            shown.starts_with("smtpd.toml:3:12: \"localhost\" is no address of a name server"),
            "{shown}"
        );
    }
}
