//! The stores in talk with the daemons that they are for.
//!
//! Each test starts a daemon of its own in a folder of its own. One that is missing is a failure:
//! `ci/test.sh` installs them all.
#![cfg(unix)]

// Their unwraps are those of tests.
#[cfg(test)]
mod dovecot;
#[cfg(test)]
#[cfg(feature = "ldap")]
mod ldap;
#[cfg(test)]
mod login;
#[cfg(test)]
#[cfg(feature = "pam")]
mod pam;
#[cfg(test)]
#[cfg(test)]
mod saslauthd;
#[cfg(test)]
#[cfg(feature = "ldap")]
mod slapd;
