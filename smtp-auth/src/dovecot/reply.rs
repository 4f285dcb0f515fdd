use super::escape::unescape;
use super::request::ID;

/// What came of a login.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Accepted {
        /// How Dovecot spells the name.
        user: String,
    },
    Refused,
    Expired,
    /// Its own database is away.
    Unavailable,
}

/// `None` if it makes no sense, or there would be more to say: PLAIN is over with its response.
pub(super) fn parse(line: &[u8]) -> Option<Reply> {
    let mut fields = line.split(|octet| *octet == b'\t');
    let kind = fields.next()?;
    if fields.next()? != ID.as_bytes() {
        return None;
    }
    match kind {
        b"OK" => accepted(fields),
        b"FAIL" => Some(failed(fields)),
        _ => None,
    }
}

fn accepted<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Option<Reply> {
    let mut user = None;
    for field in fields {
        match field.strip_prefix(b"user=") {
            Some(name) => user = Some(unescape(name)?),
            None if field == b"nologin" => return Some(Reply::Refused),
            None => {}
        }
    }
    // It goes into trace fields and logs.
    user.filter(|user| !user.is_empty() && !user.contains(char::is_control))
        .map(|user| Reply::Accepted { user })
}

/// Since version 1.2 of the protocol the reason is the value of `code`, before it is a word by itself.
/// `user_disabled` is said of wrong passwords too, so it is not told to the client.
fn failed<'a>(fields: impl Iterator<Item = &'a [u8]>) -> Reply {
    for field in fields {
        match field.strip_prefix(b"code=").unwrap_or(field) {
            b"temp_fail" | b"temp" => return Reply::Unavailable,
            b"pass_expired" => return Reply::Expired,
            _ => {}
        }
    }
    Reply::Refused
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_an_ok_of_a_user_is_one() {
        let accepted = |user: &str| Some(Reply::Accepted { user: user.to_owned() });
        for (line, expected) in [
            ("OK\t1\tuser=alice", accepted("alice")),
            ("OK\t1\tfoo\tuser=alice\toriginal_user=ALICE", accepted("alice")),
            ("OK\t1\tuser=a\u{1}1", None),
            ("OK\t1\tuser=a\u{1}nb", None),
            ("OK\t1\tuser=", None),
            ("OK\t1", None),
            ("OK\t2\tuser=alice", None),
            ("OK", None),
            ("OK\t1\tuser=alice\tnologin", Some(Reply::Refused)),
            ("OK\t1\tnologin\tuser=alice", Some(Reply::Refused)),
            ("CONT\t1\t", None),
            ("", None),
            ("FAIL\t1", Some(Reply::Refused)),
            ("FAIL\t2", None),
            ("FAIL\t1\tuser=alice\treason=no", Some(Reply::Refused)),
            ("FAIL\t1\tuser=alice\tcode=user_disabled", Some(Reply::Refused)),
            ("FAIL\t1\tuser=alice\tcode=pass_expired", Some(Reply::Expired)),
            ("FAIL\t1\tuser=alice\tpass_expired", Some(Reply::Expired)),
            ("FAIL\t1\tuser=alice\tcode=temp_fail", Some(Reply::Unavailable)),
            ("FAIL\t1\tuser=alice\ttemp", Some(Reply::Unavailable)),
        ] {
            assert_eq!(parse(line.as_bytes()), expected, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "(OK|FAIL)?\t?1?\t?(user=|code=)?.{0,20}", octets: Vec<u8>) {
            let _ = (parse(line.as_bytes()), parse(&octets));
        }
    }
}
