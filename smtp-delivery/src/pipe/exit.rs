//! What an exit code means (`sysexits.h`).

use smtp_core::Reply;

/// The outcome of a program that ended with this code, or by a signal.
pub(super) fn outcome(code: Option<i32>, said: Option<&str>) -> Reply {
    let (code, status, text) = match code {
        Some(0) => (250, "2.0.0", "delivered"),
        Some(65) => (554, "5.6.0", "the message is not what the program expects"),
        Some(66 | 69 | 70 | 72) => (554, "5.3.0", "the program cannot take this message"),
        Some(67) => (550, "5.1.1", "no such user here"),
        Some(68) => (550, "5.1.2", "no such host"),
        Some(73) => (550, "5.2.0", "the mailbox cannot be written to"),
        Some(76) => (554, "5.5.0", "the program met with an error of protocol"),
        Some(77) => (550, "5.7.1", "not permitted"),
        Some(64 | 78) => (451, "4.3.5", "local configuration error, try again later"),
        _ => (451, "4.3.0", "local error, try again later"),
    };
    match said {
        None => Reply::new(code, format!("{status} {text}")),
        Some(line) => {
            let reply = Reply::new(code, line.to_owned());
            // The program may know better which status it is.
            if reply.status().is_some() { reply } else { Reply::new(code, format!("{status} {line}")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_outcome() {
        for (code, expected) in [
            (Some(0), "250 2.0.0"),
            (Some(1), "451 4.3.0"),
            (Some(63), "451 4.3.0"),
            (Some(64), "451 4.3.5"),
            (Some(65), "554 5.6.0"),
            (Some(66), "554 5.3.0"),
            (Some(67), "550 5.1.1"),
            (Some(68), "550 5.1.2"),
            (Some(69), "554 5.3.0"),
            (Some(70), "554 5.3.0"),
            (Some(71), "451 4.3.0"),
            (Some(72), "554 5.3.0"),
            (Some(73), "550 5.2.0"),
            (Some(74), "451 4.3.0"),
            (Some(75), "451 4.3.0"),
            (Some(76), "554 5.5.0"),
            (Some(77), "550 5.7.1"),
            (Some(78), "451 4.3.5"),
            (Some(79), "451 4.3.0"),
            (Some(127), "451 4.3.0"),
            (None, "451 4.3.0"),
        ] {
            assert!(outcome(code, None).to_string().starts_with(expected), "{code:?}");
        }
    }

    #[test]
    fn a_program_may_say_more() {
        for (code, line, expected) in [
            (67, "5.2.1 she is away", "550 5.2.1 she is away"),
            (75, "5.7.1 come back", "451 4.7.1 come back"),
            (67, "who?", "550 5.1.1 who?"),
            (0, "filed under x", "250 2.0.0 filed under x"),
        ] {
            assert_eq!(outcome(Some(code), Some(line)).to_string(), expected);
        }
    }
}
