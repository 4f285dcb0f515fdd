//! The server in talk with software that this project did not write.
//!
//! A program that is missing is a failure: `ci/test.sh` installs them all.

// Their unwraps are those of tests.
#[cfg(test)]
mod abuse;
#[cfg(test)]
mod access_map;
#[cfg(test)]
mod acme;
#[cfg(test)]
mod authority;
#[cfg(test)]
mod bounces;
#[cfg(test)]
mod certificates;
#[cfg(test)]
#[path = "../client/mod.rs"]
mod client;
#[cfg(test)]
mod client_certificates;
#[cfg(test)]
mod content;
#[cfg(test)]
mod curl;
#[cfg(test)]
mod cyrus;
#[cfg(test)]
mod directory;
#[cfg(test)]
mod exim;
#[cfg(test)]
mod forwarders;
#[cfg(test)]
mod gsasl;
#[cfg(test)]
mod lettre;
#[cfg(test)]
mod mechanisms;
#[cfg(test)]
mod msmtp;
// Serves the tests of DANE towards next hops, too.
#[cfg(test)]
mod mx;
#[cfg(test)]
mod next_hop_tls;
#[cfg(test)]
mod nodemailer;
#[cfg(test)]
mod open_relay;
#[cfg(test)]
mod openssl;
#[cfg(test)]
mod own_network;
#[cfg(test)]
mod postfix;
#[cfg(test)]
mod postfix_dane;
#[cfg(test)]
mod postfix_tls;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod relay;
#[cfg(test)]
mod senders;
#[cfg(test)]
#[path = "../server/mod.rs"]
mod server;
#[cfg(test)]
mod session;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod sink;
#[cfg(test)]
mod smtplib;
#[cfg(test)]
mod stores;
#[cfg(test)]
mod stunnel;
#[cfg(test)]
mod swaks;
#[cfg(test)]
#[cfg(feature = "oauth")]
mod tokens;
#[cfg(test)]
mod users;
