//! The programs that are asked, each in a folder of its own. The tests of servers start them too.

pub(crate) mod daemon;
pub(crate) mod dovecot;
pub(crate) mod saslauthd;
pub(crate) mod wrapper;
