use std::fmt;
use std::net::Ipv6Addr;

use smtp_core::LocalPart;

use super::Tag;

/// Whom an entry means, in the form in which it is looked up: lower case, IPv6 addresses in full.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Box<str>);

impl Key {
    /// Reads the key of an entry with this tag.
    ///
    /// # Errors
    /// Why the key cannot be taken, and what to write.
    pub fn parse(tag: Tag, text: &str) -> Result<Self, String> {
        let key = text.to_ascii_lowercase();
        match tag {
            _ if key.is_empty() && tag.has_default() => {}
            _ if key.is_empty() => {
                return Err(format!("{tag} lacks a key; write an address, a network or a domain behind it"));
            }
            Tag::CertIssuer | Tag::CertSubject => check_name(&key)?,
            Tag::Untagged | Tag::From | Tag::To | Tag::Spam | Tag::TlsRcpt => {
                return match key.rsplit_once('@') {
                    Some((user, host)) => address(user, host).map(Self),
                    None => host(&key).map(Self),
                };
            }
            _ if key.contains('@') => {
                return Err(format!("{tag} is about hosts; write a domain or an address of the network"));
            }
            _ => return host(&key).map(Self),
        }
        Ok(Self(key.into()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn into_inner(self) -> Box<str> {
        self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_name(key: &str) -> Result<(), String> {
    if key.starts_with('/') && key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    Err("not of the form /C=US/O=Example+20Inc/CN=mx.example.org; write the name so, with + and two \
         hexadecimal digits in the place of blanks"
        .to_owned())
}

/// With the user as it is looked up: without quotes that mean nothing.
fn address(user: &str, domain: &str) -> Result<Box<str>, String> {
    let Ok(user) = user.parse::<LocalPart>() else {
        return Err("what stands before the @ is no local part; write user@ or user@domain".to_owned());
    };
    if domain.is_empty() || host(domain).is_ok_and(|domain| !domain.starts_with('.')) {
        return Ok(format!("{}@{domain}", user.unquoted()).into());
    }
    Err("what stands behind the @ is no domain; write user@ for all domains, or user@domain".to_owned())
}

/// A domain, its leading dot, a network, or one of these in brackets.
fn host(key: &str) -> Result<Box<str>, String> {
    if let Some(inner) = key.strip_prefix('[').and_then(|key| key.strip_suffix(']')) {
        return network(inner).map(|network| format!("[{network}]").into());
    }
    if key.starts_with("ipv6:") || is_numeric(key) {
        return network(key).map(Into::into);
    }
    let name = key.strip_prefix('.').unwrap_or(key);
    let is_label = |label: &str| {
        matches!(label.len(), 1..=63)
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if name.len() <= smtp_core::MAX_DOMAIN && name.split('.').all(is_label) {
        return Ok(key.into());
    }
    if key.contains('/') {
        return Err(LENGTH.to_owned());
    }
    Err("no domain, no address and no network; write example.org, user@example.org, 192.0.2 or \
         IPv6:2001:db8"
        .to_owned())
}

const LENGTH: &str =
    "networks are named by their first numbers, not by a length: write 192.0.2 for 192.0.2.0/24";

fn is_numeric(key: &str) -> bool {
    key.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'/')
        && key.bytes().next().is_some_and(|byte| byte.is_ascii_digit())
}

fn network(key: &str) -> Result<String, String> {
    if key.contains('/') {
        return Err(LENGTH.to_owned());
    }
    match key.strip_prefix("ipv6:") {
        Some(address) => network_v6(address),
        None if is_octets(key) => Ok(key.to_owned()),
        None => Err("no IPv4 address and no network; write up to four numbers up to 255, without a dot at \
                     the end"
            .to_owned()),
    }
}

fn is_octets(key: &str) -> bool {
    let is_octet = |text: &str| {
        text.parse::<u8>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit()) && no_leading_zero(text)
    };
    key.split('.').count() <= 4 && key.split('.').all(is_octet)
}

fn no_leading_zero(text: &str) -> bool {
    text.len() == 1 || !text.starts_with('0')
}

fn network_v6(text: &str) -> Result<String, String> {
    if let Ok(address) = text.parse::<Ipv6Addr>() {
        if text.ends_with("::") {
            return Err("write the network without the colons at its end".to_owned());
        }
        return Ok(full_v6(address));
    }
    let groups: Option<Vec<u16>> = text
        .split(':')
        .map(|group| {
            let hexadecimal =
                matches!(group.len(), 1..=4) && group.bytes().all(|byte| byte.is_ascii_hexdigit());
            hexadecimal.then(|| u16::from_str_radix(group, 16).ok()).flatten()
        })
        .collect();
    match groups {
        Some(groups) if groups.len() < 8 => Ok(join_v6(&groups)),
        _ => {
            Err("no IPv6 address and no network; write IPv6:2001:db8:0:0:0:0:0:1 or IPv6:2001:db8".to_owned())
        }
    }
}

/// All groups of the address, as keys have them.
pub(super) fn full_v6(address: Ipv6Addr) -> String {
    join_v6(&address.segments())
}

fn join_v6(groups: &[u16]) -> String {
    let groups: Vec<String> = groups.iter().map(|group| format!("{group:x}")).collect();
    format!("ipv6:{}", groups.join(":"))
}
