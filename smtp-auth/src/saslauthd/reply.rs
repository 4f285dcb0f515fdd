use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The daemon's own answers are short; one that is longer comes from something else.
const LONGEST: u16 = 1024;

/// What the daemon says: `OK` or `NO` and perhaps a reason, behind its length in two octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    Ok,
    /// The reason does not matter: the daemon says the same of unknown users, wrong passwords and
    /// backends that are away.
    No,
}

impl Reply {
    pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let length = from.read_u16().await?;
        if length > LONGEST {
            return Err(malformed(format!("a reply of {length} octets")));
        }
        let mut text = vec![0; length.into()];
        from.read_exact(&mut text).await?;
        match text.split(u8::is_ascii_whitespace).next() {
            Some(b"OK") => Ok(Self::Ok),
            Some(b"NO") => Ok(Self::No),
            _ => Err(malformed("a reply that is neither OK nor NO".to_owned())),
        }
    }
}

fn malformed(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn read(mut octets: &[u8]) -> Option<Reply> {
        Reply::read(&mut octets).await.ok()
    }

    #[tokio::test]
    async fn only_ok_is_ok() {
        let table: [(&[u8], _); 12] = [
            (b"\0\x02OK", Some(Reply::Ok)),
            (b"\0\x0aOK Success", Some(Reply::Ok)),
            (b"\0\x02NO", Some(Reply::No)),
            (b"\0\x03NO ", Some(Reply::No)),
            (b"\0\x11NO PAM auth error", Some(Reply::No)),
            (b"\0\x03OKA", None),
            (b"\0\x02ok", None),
            (b"\0\x00", None),
            (b"\0\x02O", None),
            (b"\0", None),
            (b"", None),
            (b"\xff\xffOK", None),
        ];
        for (octets, expected) in table {
            assert_eq!(read(octets).await, expected, "{octets:?}");
        }
        let mut longest = vec![4, 0];
        longest.extend([b"OK ".as_slice(), &[b'x'; 1021]].concat());
        assert_eq!(read(&longest).await, Some(Reply::Ok));
        longest[1] = 1;
        longest.push(b'x');
        assert_eq!(read(&longest).await, None);
    }

    proptest! {
        #[test]
        fn nothing_panics(octets: Vec<u8>) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let accepted = runtime.block_on(read(&octets)) == Some(Reply::Ok);
            prop_assert!(!accepted || octets[2..].starts_with(b"OK"));
        }
    }
}
