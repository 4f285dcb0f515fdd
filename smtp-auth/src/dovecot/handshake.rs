use super::connection::ConnectionError;

/// What the client says first: the version that it speaks, and what tells it from others.
pub(super) fn hello(id: u32) -> String {
    format!("VERSION\t1\t1\nCPID\t{id}\n")
}

/// What the server has said so far.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    has_version: bool,
    has_plain: bool,
}

impl Handshake {
    /// Reads one line. True with the last one, `DONE`.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<bool, ConnectionError> {
        let mut fields = line.split(|octet| *octet == b'\t');
        match (fields.next(), fields.next()) {
            (Some(b"VERSION"), Some(b"1")) => self.has_version = true,
            (Some(b"VERSION"), _) => return Err(ConnectionError::Protocol("a version other than 1")),
            // No password goes to something else that has a socket.
            _ if !self.has_version => return Err(ConnectionError::Protocol("it does not tell its version")),
            (Some(b"MECH"), Some(b"PLAIN")) => self.has_plain = true,
            (Some(b"DONE"), _) if self.has_plain => return Ok(true),
            (Some(b"DONE"), _) => return Err(ConnectionError::NoPlain),
            // SPID, CUID, COOKIE, other mechanisms, and what later minor versions add.
            _ => {}
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &str) -> Result<bool, String> {
        let mut handshake = Handshake::default();
        for line in lines.lines() {
            if handshake.read(line.as_bytes()).map_err(|error| error.to_string())? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    #[test]
    fn the_server_tells_what_it_is() {
        let all = "VERSION\t1\t2\nMECH\tLOGIN\tplaintext\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t2\n\
                   COOKIE\tab\nNEWS\tx\nDONE\n";
        assert_eq!(read(all), Ok(true));
        assert_eq!(read(&all.replace("DONE\n", "")), Ok(false));
        for (line, instead, expected) in [
            ("VERSION\t1\t2\n", "VERSION\t2\t0\n", "a version other than 1"),
            ("VERSION\t1\t2\n", "VERSION\n", "a version other than 1"),
            ("VERSION\t1\t2\n", "", "does not tell its version"),
            ("MECH\tPLAIN\tplaintext\n", "", "add it to auth_mechanisms"),
        ] {
            let error = read(&all.replace(line, instead)).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
