//! Where passwords of the command line come from.

use std::io::{self, IsTerminal as _, Read as _};

use smtp_server::{BoxError, Secret};

/// The longest password that is taken, in octets.
const LONGEST: u64 = 1024;

/// Asks twice on a terminal; without one, reads a line of standard input.
pub(super) fn read() -> Result<Secret, BoxError> {
    if !io::stdin().is_terminal() {
        return read_line();
    }
    let password = Secret::new(rpassword::prompt_password("Password: ")?.into_bytes());
    let again = Secret::new(rpassword::prompt_password("Once more: ")?.into_bytes());
    if password.expose() == again.expose() {
        Ok(password)
    } else {
        Err("the passwords differ; try again".into())
    }
}

fn read_line() -> Result<Secret, BoxError> {
    let mut line = Vec::new();
    io::stdin().take(LONGEST + 1).read_to_end(&mut line)?;
    let end = line.iter().position(|octet| matches!(octet, b'\r' | b'\n')).unwrap_or(line.len());
    let password = Secret::new(line[..end].to_vec());
    // What is kept is wiped when it is dropped; the line is too.
    drop(Secret::new(line));
    if password.expose().len() as u64 > LONGEST {
        return Err(format!("the password is longer than {LONGEST} octets; choose a shorter one").into());
    }
    if password.expose().is_empty() {
        return Err("no password: write it as a line of standard input".into());
    }
    Ok(password)
}
