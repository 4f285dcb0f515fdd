use smtp_core::Secret;

/// What is longer, the daemon refuses (`MAX_REQ_LEN`), and hangs up while the client still writes.
const LONGEST: usize = 256;

/// A question to the daemon: user, password, service and realm, each behind its length in two octets,
/// the higher one first.
pub(super) struct Request(Secret);

impl Request {
    /// `None` if the daemon could not tell one of the values from another: it cuts them at a NUL.
    pub(super) fn encode(user: &str, password: &Secret, service: &str, realm: &str) -> Option<Self> {
        let fields = [user.as_bytes(), password.expose(), service.as_bytes(), realm.as_bytes()];
        if fields.iter().any(|field| field.len() > LONGEST || field.contains(&0)) {
            return None;
        }
        // In one piece: what grows leaves the password behind in memory that nobody wipes.
        let mut octets = Vec::with_capacity(fields.iter().map(|field| 2 + field.len()).sum());
        for field in fields {
            octets.extend(u16::try_from(field.len()).ok()?.to_be_bytes());
            octets.extend(field);
        }
        Some(Self(Secret::new(octets)))
    }

    pub(super) fn octets(&self) -> &[u8] {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encode(user: &str, password: &str) -> Option<Vec<u8>> {
        let request = Request::encode(user, &password.into(), "smtp", "example.org");
        request.map(|request| request.octets().to_owned())
    }

    #[test]
    fn four_fields_follow_each_other() {
        let expected = b"\0\x05alice\0\x06secret\0\x04smtp\0\x0bexample.org";
        assert_eq!(encode("alice", "secret").unwrap(), expected);
    }

    #[test]
    fn what_the_daemon_would_cut_is_not_sent() {
        let (longest, longer) = ("a".repeat(256), "a".repeat(257));
        assert!(encode(&longest, &longest).is_some());
        assert!(encode(&longer, "secret").is_none());
        assert!(encode("alice", &longer).is_none());
        assert!(encode("alice\0x", "secret").is_none());
        assert!(encode("alice", "secret\0x").is_none());
    }
}
