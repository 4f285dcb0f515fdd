use smtp_core::extension::Limit;
use smtp_core::{Capabilities, Capability, Reply};

/// The longest name of a SASL mechanism (RFC 4422 section 3.1).
const MAX_MECHANISM: usize = 20;

/// What the next hop offers in its answer to EHLO.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    known: bool,
    capabilities: Capabilities,
    mechanisms: Vec<String>,
}

impl Offers {
    pub(crate) fn read(reply: &Reply) -> Self {
        let mut offers = Self { known: true, ..Self::default() };
        for line in reply.lines().skip(1) {
            let (keyword, arguments) = line.split_once(' ').unwrap_or((line, ""));
            // Some servers write this for old clients that did not wait for RFC 2554.
            if let Some(first) = keyword.get(..5).filter(|name| name.eq_ignore_ascii_case("AUTH=")) {
                offers.offer_mechanisms(&keyword[first.len()..]);
                offers.offer_mechanisms(arguments);
                continue;
            }
            if keyword.eq_ignore_ascii_case("AUTH") {
                offers.offer_mechanisms(arguments);
            }
            if keyword.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                let capability = Capability::new(keyword.to_owned());
                offers.capabilities.insert(match arguments {
                    "" => capability,
                    arguments => capability.argument(arguments),
                });
            }
        }
        offers
    }

    fn offer_mechanisms(&mut self, names: &str) {
        let well_formed = |name: &&str| {
            matches!(name.len(), 1..=MAX_MECHANISM)
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        for name in names.split(' ').filter(well_formed).map(str::to_ascii_uppercase) {
            if !self.mechanisms.contains(&name) {
                self.mechanisms.push(name);
            }
        }
    }

    /// Whether the next hop has said what it offers: one that took HELO alone has not.
    pub(crate) fn are_known(&self) -> bool {
        self.known
    }

    /// Whether the extension with this keyword is offered.
    pub(crate) fn has(&self, keyword: &str) -> bool {
        self.capabilities.get(keyword).is_some()
    }

    /// What stands behind a keyword that is offered.
    pub(crate) fn arguments(&self, keyword: &str) -> Option<&str> {
        self.capabilities.get(keyword).map(Capability::arguments)
    }

    /// A limit of the next hop (RFC 9422), if it tells one.
    pub(crate) fn limit(&self, limit: Limit) -> Option<u32> {
        self.capabilities.limit_of(limit)
    }

    /// The SASL mechanisms, each once; none if AUTH is not offered.
    pub(crate) fn mechanisms(&self) -> &[String] {
        &self.mechanisms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(text: &str) -> Offers {
        Offers::read(&Reply::new(250, format!("mx\n{text}")))
    }

    #[test]
    fn reads_what_is_offered() {
        let reply = Reply::new(250, "PIPELINING is my name\nsize 1000\n8bitmime\nSIZES\nX-PIPELINING");
        let offers = Offers::read(&reply);
        assert_eq!(offers.arguments("SIZE"), Some("1000"));
        assert_eq!(offers.arguments("8BITMIME"), Some(""));
        assert!(!offers.has("PIPELINING"));
    }

    #[test]
    fn reads_mechanisms_in_either_form() {
        for text in
            ["AUTH plain LOGIN", "AUTH=PLAIN LOGIN", "AUTH=PLAIN\nAUTH PLAIN LOGIN", "auth=plain login"]
        {
            assert_eq!(offers(text).mechanisms(), ["PLAIN", "LOGIN"], "{text}");
        }
        assert_eq!(offers("AUTH").mechanisms(), [""; 0]);
        assert_eq!(offers("AUTH PL/AIN  X-WAY-TOO-LONG-TO-BE-A-NAME OK_1").mechanisms(), ["OK_1"]);
        assert_eq!(offers("AUTHENTICATE PLAIN").mechanisms(), [""; 0]);
    }

    #[test]
    fn what_is_no_keyword_is_no_offer() {
        let offers = offers("DSN=1\n S-IZE\nS IZE\n?SIZE\n");
        assert!(!offers.has("DSN") && !offers.has("SIZE") && !offers.has("DSN1"));
        assert!(offers.has("S"));
    }
}
