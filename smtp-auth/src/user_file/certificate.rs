//! Whose a client certificate is.

use smtp_core::PeerCertificate;

use super::users::Users;
use crate::saslprep::prepare;

/// The user whose name the certificate has as a mail address among its further names, or as its common
/// name; of several the one that the client asks for, or else the first.
pub(super) fn user(certificate: &PeerCertificate, wanted: Option<&str>, users: &Users) -> Option<String> {
    let names = certificate.emails().chain(certificate.subject.common_name());
    let known: Vec<String> = names
        .filter_map(|name| Some(prepare(name)?.into_owned()))
        .filter(|name| users.get(name).is_some())
        .collect();
    let asked_for = known.iter().find(|name| Some(name.as_str()) == wanted);
    asked_for.or(known.first()).cloned()
}
