use std::ffi::{OsStr, OsString};

use nonstick::{ConversationAdapter, Result};

use crate::store::PasswordLogin;

/// What modules are answered: the password to whatever they ask for without showing it, the name to
/// everything else. A service that asks for more than one password gets the same each time.
pub(super) struct Answers(pub(super) PasswordLogin);

impl ConversationAdapter for Answers {
    fn prompt(&self, _: impl AsRef<OsStr>) -> Result<OsString> {
        Ok(OsString::from(&self.0.name))
    }

    fn masked_prompt(&self, _: impl AsRef<OsStr>) -> Result<OsString> {
        // The library knows no other type; it is not wiped.
        let password = self.0.password.expose_str();
        password.map(OsString::from).ok_or(nonstick::ErrorCode::ConversationError)
    }

    fn error_msg(&self, message: impl AsRef<OsStr>) {
        tracing::debug!(message = %message.as_ref().display(), "a PAM module complains");
    }

    fn info_msg(&self, message: impl AsRef<OsStr>) {
        tracing::debug!(message = %message.as_ref().display(), "a PAM module says");
    }
}
