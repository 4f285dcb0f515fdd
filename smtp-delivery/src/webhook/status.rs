use hyper::StatusCode;
use smtp_core::Reply;

/// What a response means for the message.
pub(super) fn outcome(status: StatusCode) -> Reply {
    match status.as_u16() {
        200..=299 => Reply::new(250, "2.0.0 the web service took the message"),
        408 | 425 | 429 => Reply::new(451, "4.3.2 the web service takes no messages now, try again later"),
        413 => Reply::new(552, "5.3.4 message too large for the web service"),
        400..=499 => Reply::new(554, "5.3.0 the web service refuses this message"),
        500..=599 => Reply::new(451, "4.3.0 the web service has a problem, try again later"),
        _ => Reply::new(451, "4.3.5 local configuration error, try again later"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_outcome() {
        for (status, expected) in [
            (200, "250 2.0.0"),
            (204, "250 2.0.0"),
            (299, "250 2.0.0"),
            (301, "451 4.3.5"),
            (308, "451 4.3.5"),
            (400, "554 5.3.0"),
            (401, "554 5.3.0"),
            (404, "554 5.3.0"),
            (408, "451 4.3.2"),
            (413, "552 5.3.4"),
            (425, "451 4.3.2"),
            (429, "451 4.3.2"),
            (499, "554 5.3.0"),
            (500, "451 4.3.0"),
            (503, "451 4.3.0"),
            (999, "451 4.3.5"),
        ] {
            let outcome = outcome(StatusCode::from_u16(status).unwrap()).to_string();
            assert!(outcome.starts_with(expected), "{status}: {outcome}");
        }
    }
}
