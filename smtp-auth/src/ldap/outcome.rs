//! What result codes (RFC 4511 appendix A) say.

use ldap3::LdapResult;
use ldap3::controls::Control;

use super::error::DirectoryError;
use crate::store::Verdict;

/// The control of draft-behera-ldap-password-policy.
pub(super) const PASSWORD_POLICY: &str = "1.3.6.1.4.1.42.2.27.8.5.1";

/// Of a bind with a user's password; `None` if it says only that something does not work.
pub(super) fn of_bind(result: &LdapResult) -> Option<Verdict> {
    match result.rc {
        0 if must_change(result) => Some(Verdict::Expired),
        0 => Some(Verdict::Accepted),
        // invalidCredentials.
        49 if has_expired(result) => Some(Verdict::Expired),
        49 => Some(Verdict::Refused),
        // What directories say of accounts that are locked, have no password or are not there:
        // constraintViolation, noSuchObject, invalidDNSyntax, inappropriateAuthentication,
        // insufficientAccessRights, unwillingToPerform.
        19 | 32 | 34 | 48 | 50 | 53 => Some(Verdict::Refused),
        _ => None,
    }
}

/// How a search ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Search {
    Complete,
    /// There would be more.
    More,
}

pub(super) fn of_search(result: LdapResult) -> Result<Search, DirectoryError> {
    match result.rc {
        0 => Ok(Search::Complete),
        // sizeLimitExceeded.
        4 => Ok(Search::More),
        _ => Err(DirectoryError::result("the search failed")(result)),
    }
}

/// Whether the password was right, and has expired or is of an account that is closed.
fn has_expired(result: &LdapResult) -> bool {
    // passwordExpired is found out after the password is verified, as are Active Directory's codes for
    // expired and closed accounts and for passwords that have expired or must be changed.
    policy_error(result) == Some(0)
        || ["532", "533", "701", "773"].iter().any(|code| result.text.contains(&format!(", data {code},")))
}

/// Whether nothing else is allowed before the password is changed.
fn must_change(result: &LdapResult) -> bool {
    policy_error(result) == Some(2)
}

/// The error in a PasswordPolicyResponseValue:
/// `SEQUENCE { warning [0] CHOICE OPTIONAL, error [1] ENUMERATED OPTIONAL }`.
fn policy_error(result: &LdapResult) -> Option<u8> {
    let control = result.ctrls.iter().find(|Control(_, control)| control.ctype == PASSWORD_POLICY)?;
    let mut value = match control.1.val.as_deref()? {
        [0x30, length, value @ ..] if usize::from(*length) == value.len() => value,
        _ => return None,
    };
    if let [0xa0, length, rest @ ..] = value {
        value = rest.get(usize::from(*length)..)?;
    }
    match value {
        [0x81, 1, error] => Some(*error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ldap3::controls::RawControl;
    use proptest::prelude::*;

    use super::*;

    fn result(rc: u32, text: &str, policy: Option<&[u8]>) -> LdapResult {
        let control = |value: &[u8]| {
            let ctype = PASSWORD_POLICY.to_owned();
            Control(None, RawControl { ctype, crit: false, val: Some(value.to_owned()) })
        };
        LdapResult {
            rc,
            matched: String::new(),
            text: text.to_owned(),
            refs: Vec::new(),
            ctrls: policy.map(control).into_iter().collect(),
        }
    }

    #[test]
    fn binds_end_in_many_ways() {
        let active_directory = |code| {
            format!(
                "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data {code}, v3839"
            )
        };
        for (rc, text, policy, expected) in [
            (0, "", None, Some(Verdict::Accepted)),
            (0, "", Some(&b"\x30\x00"[..]), Some(Verdict::Accepted)),
            // It expires soon, or has: these are grace logins.
            (0, "", Some(b"\x30\x05\xa0\x03\x80\x01\x0a"), Some(Verdict::Accepted)),
            (0, "", Some(b"\x30\x03\x81\x01\x02"), Some(Verdict::Expired)),
            (0, "", Some(b"\x30\x08\xa0\x03\x80\x01\x0a\x81\x01\x02"), Some(Verdict::Expired)),
            (49, "", None, Some(Verdict::Refused)),
            (49, "", Some(b"\x30\x03\x81\x01\x00"), Some(Verdict::Expired)),
            // Locked: the password may be wrong.
            (49, "", Some(b"\x30\x03\x81\x01\x01"), Some(Verdict::Refused)),
            (49, "", Some(b"\x30\x04\x81\x01\x00"), Some(Verdict::Refused)),
            (49, &active_directory("52e"), None, Some(Verdict::Refused)),
            (49, &active_directory("775"), None, Some(Verdict::Refused)),
            (49, &active_directory("532"), None, Some(Verdict::Expired)),
            (49, &active_directory("773"), None, Some(Verdict::Expired)),
            (32, "", None, Some(Verdict::Refused)),
            (53, "", None, Some(Verdict::Refused)),
            (1, "", None, None),
            (10, "", None, None),
            (13, "", None, None),
            (51, "", None, None),
            (52, "", None, None),
        ] {
            assert_eq!(of_bind(&result(rc, text, policy)), expected, "{rc} {text} {policy:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(value: Vec<u8>) {
            policy_error(&result(0, "", Some(&value)));
        }
    }
}
