use std::net::Ipv4Addr;

use hickory_resolver::proto::rr::{Name, RData, RecordType};
use smtp_core::BoxError;

use super::ListLookup;
use crate::client_name::DnsNames;

/// With a dot at its end, no domain is searched for the name.
fn absolute(name: &str) -> Result<Name, BoxError> {
    Ok(Name::from_ascii(format!("{name}."))?)
}

impl ListLookup for DnsNames {
    async fn answers(&self, name: &str) -> Result<Vec<Ipv4Addr>, BoxError> {
        let found = self.look_up(absolute(name)?, RecordType::A).await?;
        let address = |data: &RData| match data {
            RData::A(address) => Some(address.0),
            _ => None,
        };
        Ok(found.iter().filter_map(address).collect())
    }

    async fn texts(&self, name: &str) -> Result<Vec<String>, BoxError> {
        let found = self.look_up(absolute(name)?, RecordType::TXT).await?;
        let text = |data: &RData| match data {
            RData::TXT(text) => {
                let octets: Vec<u8> = text.txt_data.iter().flatten().copied().collect();
                Some(String::from_utf8_lossy(&octets).into_owned())
            }
            _ => None,
        };
        Ok(found.iter().filter_map(text).collect())
    }
}
