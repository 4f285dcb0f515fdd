//! Why there is no server.

use smtp_core::Reply;

pub(super) fn no_such_domain() -> Reply {
    Reply::new(550, "5.1.2 domain does not exist, or has neither mail servers nor addresses")
}

/// RFC 7505 section 4.
pub(super) fn takes_no_mail() -> Reply {
    Reply::new(556, "5.1.10 domain takes no mail")
}

pub(super) fn no_domain() -> Reply {
    Reply::new(550, "5.1.3 address leads to no server")
}

pub(super) fn no_address() -> Reply {
    Reply::new(550, "5.4.4 no mail server of the domain has an address")
}

pub(super) fn circle() -> Reply {
    Reply::new(554, "5.4.6 mail for this domain comes back here")
}

pub(super) fn not_known() -> Reply {
    Reply::new(451, "4.4.3 mail servers of the domain cannot be looked up now")
}
