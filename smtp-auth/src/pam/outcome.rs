//! What PAM's errors say of a login; `None` if they say only that something does not work.

use nonstick::ErrorCode;

use crate::store::Verdict;

/// Of `pam_authenticate`. Whether a password was right is not known here, so nothing is said of
/// accounts either.
pub(super) fn of_password(error: ErrorCode) -> Option<Verdict> {
    match error {
        ErrorCode::AuthenticationError
        | ErrorCode::UserUnknown
        | ErrorCode::PermissionDenied
        | ErrorCode::MaxTries
        | ErrorCode::AccountExpired
        | ErrorCode::NewAuthTokRequired
        | ErrorCode::AuthTokExpired
        | ErrorCode::CredentialsExpired => Some(Verdict::Refused),
        _ => None,
    }
}

/// Of `pam_acct_mgmt`, for a user whose password was right.
pub(super) fn of_account(error: ErrorCode) -> Option<Verdict> {
    match error {
        ErrorCode::AccountExpired
        | ErrorCode::NewAuthTokRequired
        | ErrorCode::AuthTokExpired
        | ErrorCode::CredentialsExpired => Some(Verdict::Expired),
        ErrorCode::AuthenticationError | ErrorCode::UserUnknown | ErrorCode::PermissionDenied => {
            Some(Verdict::Refused)
        }
        _ => None,
    }
}
