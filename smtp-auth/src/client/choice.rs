//! Which mechanism to log in with.

use sha1::Sha1;
use sha2::{Sha256, Sha512};
use smtp_core::BoxError;
use smtp_core::client::{AuthExchange, AuthOffer};

use super::Credentials;
use super::credentials::Proof;
use super::error::ClientError;
use super::exchange::{bearer, cram_md5, external, login, plain, scram};
use crate::Mechanism;

type Begin = fn(Mechanism, &Credentials, &AuthOffer) -> Result<Box<dyn AuthExchange>, BoxError>;

/// A mechanism that clients have.
pub(super) struct Choice {
    mechanism: Mechanism,
    fits: fn(&Proof) -> bool,
    begin: Begin,
}

const fn with_password(mechanism: Mechanism, begin: Begin) -> Choice {
    Choice { mechanism, fits: |proof| matches!(proof, Proof::Password(_)), begin }
}

const fn with_token(mechanism: Mechanism, begin: Begin) -> Choice {
    Choice { mechanism, fits: |proof| matches!(proof, Proof::Token(_)), begin }
}

/// The strongest first. With CRAM-MD5 a server sees less of the password than with PLAIN.
static CHOICES: [Choice; 12] = [
    Choice {
        mechanism: Mechanism::EXTERNAL,
        fits: |proof| matches!(proof, Proof::Certificate),
        begin: external::begin,
    },
    with_password(Mechanism::SCRAM_SHA_256_PLUS, scram::begin::<Sha256>),
    with_password(Mechanism::SCRAM_SHA_512_PLUS, scram::begin::<Sha512>),
    with_password(Mechanism::SCRAM_SHA_1_PLUS, scram::begin::<Sha1>),
    with_password(Mechanism::SCRAM_SHA_256, scram::begin::<Sha256>),
    with_password(Mechanism::SCRAM_SHA_512, scram::begin::<Sha512>),
    with_password(Mechanism::SCRAM_SHA_1, scram::begin::<Sha1>),
    with_password(Mechanism::CRAM_MD5, cram_md5::begin),
    with_password(Mechanism::PLAIN, plain::begin),
    with_password(Mechanism::LOGIN, login::begin),
    with_token(Mechanism::OAUTHBEARER, bearer::oauthbearer),
    with_token(Mechanism::XOAUTH2, bearer::xoauth2),
];

/// The strongest mechanism that both sides know and that is safe enough here.
pub(super) fn choose(credentials: &Credentials, offer: &AuthOffer) -> Result<&'static Choice, ClientError> {
    if !credentials.are_well_formed() {
        return Err(ClientError::Name);
    }
    if offer.mechanisms.is_empty() {
        return Err(ClientError::NoAuth);
    }
    let mut shared = CHOICES.iter().filter(|choice| choice.is_for(credentials) && choice.is_in(offer));
    let mut shown = None;
    match shared.find(|choice| choice.is_safe(credentials, offer, &mut shown)) {
        Some(choice) => Ok(choice),
        None => Err(match shown {
            Some(name) => ClientError::Plaintext(name),
            None => ClientError::NoMechanism(offer.mechanisms.join(" ")),
        }),
    }
}

impl Choice {
    fn is_for(&self, credentials: &Credentials) -> bool {
        let named =
            credentials.mechanisms.as_ref().is_none_or(|mechanisms| mechanisms.contains(&self.mechanism));
        named && (self.fits)(&credentials.proof)
    }

    fn is_in(&self, offer: &AuthOffer) -> bool {
        let offered = offer.mechanisms.iter().any(|name| name.eq_ignore_ascii_case(self.mechanism.name()));
        // Without data there is nothing to bind to.
        offered && (!self.mechanism.has_channel_binding() || scram::binding(offer).is_some())
    }

    fn is_safe(
        &self,
        credentials: &Credentials,
        offer: &AuthOffer,
        shown: &mut Option<&'static str>,
    ) -> bool {
        let safe = !self.mechanism.is_plaintext() || offer.tls.is_some() || credentials.plaintext_without_tls;
        if !safe {
            *shown = shown.or(Some(self.mechanism.name()));
        }
        safe
    }

    pub(super) fn begin(
        &self,
        credentials: &Credentials,
        offer: &AuthOffer,
    ) -> Result<Box<dyn AuthExchange>, BoxError> {
        (self.begin)(self.mechanism, credentials, offer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use smtp_core::client::Destination;
    use smtp_core::{ChannelBinding, TlsInfo};

    use super::*;

    const ALL: [&str; 13] = [
        "DIGEST-MD5",
        "LOGIN",
        "PLAIN",
        "CRAM-MD5",
        "XOAUTH2",
        "OAUTHBEARER",
        "SCRAM-SHA-1",
        "SCRAM-SHA-512",
        "SCRAM-SHA-256",
        "SCRAM-SHA-1-PLUS",
        "SCRAM-SHA-256-PLUS",
        "EXTERNAL",
        "NTLM",
    ];

    fn offer(names: &[&str], tls: bool, binding: bool) -> AuthOffer {
        let names = names.iter().map(|&name| name.to_owned()).collect();
        let offer = AuthOffer::new(Destination::new("mx", 25), names);
        let mut info = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
        if binding {
            let data = Bytes::from_static(b"exported");
            info.channel_bindings.push(ChannelBinding { name: "tls-exporter", data });
        }
        if tls { offer.tls(Arc::new(info)) } else { offer }
    }

    fn chosen(credentials: &Credentials, offer: &AuthOffer) -> Result<&'static str, String> {
        choose(credentials, offer).map(|choice| choice.mechanism.name()).map_err(|error| error.to_string())
    }

    #[test]
    fn the_strongest_that_both_know() {
        let password = Credentials::password("joe", "secret");
        let mut names = ALL.to_vec();
        let mut order = Vec::new();
        while let Ok(name) = chosen(&password, &offer(&names, true, true)) {
            order.push(name);
            names.retain(|offered| *offered != name);
        }
        let expected = [
            "SCRAM-SHA-256-PLUS",
            "SCRAM-SHA-1-PLUS",
            "SCRAM-SHA-256",
            "SCRAM-SHA-512",
            "SCRAM-SHA-1",
            "CRAM-MD5",
            "PLAIN",
            "LOGIN",
        ];
        assert_eq!(order, expected);
        assert_eq!(chosen(&password, &offer(&ALL, true, false)), Ok("SCRAM-SHA-256"));
        assert_eq!(chosen(&Credentials::token("joe", "x"), &offer(&ALL, true, true)), Ok("OAUTHBEARER"));
        assert_eq!(chosen(&Credentials::certificate(), &offer(&ALL, true, true)), Ok("EXTERNAL"));
    }

    #[test]
    fn nothing_is_shown_without_tls_unless_told() {
        let password = Credentials::password("joe", "secret");
        let plain = offer(&["LOGIN", "PLAIN"], false, false);
        assert_eq!(chosen(&password, &plain), Err("without TLS, PLAIN would show the secret".to_owned()));
        assert_eq!(chosen(&password.clone().plaintext_without_tls(), &plain), Ok("PLAIN"));
        assert_eq!(chosen(&password, &offer(&ALL, false, false)), Ok("SCRAM-SHA-256"));
        assert_eq!(chosen(&password, &offer(&["PLAIN", "CRAM-MD5"], false, false)), Ok("CRAM-MD5"));
        let token = Credentials::token("joe", "x");
        assert!(chosen(&token, &offer(&ALL, false, false)).is_err());
        assert_eq!(chosen(&token.plaintext_without_tls(), &offer(&ALL, false, false)), Ok("OAUTHBEARER"));
    }

    #[test]
    fn only_what_was_named() {
        let login = Credentials::password("joe", "secret").mechanisms([Mechanism::LOGIN]);
        assert_eq!(chosen(&login, &offer(&ALL, true, true)), Ok("LOGIN"));
        let missing = chosen(&login, &offer(&["PLAIN", "NTLM"], true, true)).unwrap_err();
        assert!(missing.ends_with("but PLAIN NTLM"), "{missing}");
        assert_eq!(chosen(&login, &offer(&[], true, true)), Err("the server offers no AUTH".to_owned()));
    }
}
