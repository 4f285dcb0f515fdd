use std::ffi::OsStr;

use nonstick::items::{Items as _, ItemsMut as _};
use nonstick::{
    AuthnFlags, ConversationAdapter as _, PamShared as _, Result, Transaction as _, TransactionBuilder,
};

use super::conversation::Answers;
use super::outcome;
use crate::store::{PasswordLogin, StoreError, Verdict};

/// Some modules want to know on which terminal the user is, and take any word.
const TERMINAL: &str = "smtp";

/// One login.
pub(super) struct Transaction {
    service: String,
    login: PasswordLogin,
    client: Option<String>,
}

impl Transaction {
    /// `None` for what C would cut: `alice`, a NUL and anything else is not `alice`.
    pub(super) fn new(service: String, login: PasswordLogin, client: Option<String>) -> Option<Self> {
        let is_cut = login.name.contains('\0') || login.password.expose().contains(&0);
        (!is_cut && !service.contains('\0')).then_some(Self { service, login, client })
    }

    /// Blocks for as long as the modules want.
    pub(super) fn run(self) -> std::result::Result<Verdict, StoreError> {
        let service = self.service.clone();
        let failed = |error| StoreError::new(format!("PAM service {service}: {error}"));
        let name = self.login.name.clone();
        let mut transaction = self.start().map_err(failed)?;
        if let Err(error) = transaction.authenticate(AuthnFlags::SILENT) {
            return outcome::of_password(error).ok_or_else(|| failed(error));
        }
        if let Err(error) = transaction.account_management(AuthnFlags::SILENT) {
            return outcome::of_account(error).ok_or_else(|| failed(error));
        }
        // A module may have found that the user is called otherwise.
        let user = transaction.items().user().map_err(failed)?;
        match user.map(std::ffi::OsString::into_string) {
            None => Ok(Verdict::Accepted),
            Some(Ok(user)) if user == name => Ok(Verdict::Accepted),
            Some(Ok(user)) if !user.contains(char::is_control) => Ok(Verdict::AcceptedAs(user)),
            Some(_) => Err(StoreError::new(format!("PAM service {service}: a name that is no text"))),
        }
    }

    fn start(self) -> Result<nonstick::LibPamTransaction<impl nonstick::Conversation>> {
        let builder = TransactionBuilder::new_with_service(&self.service).username(&self.login.name);
        let mut transaction = builder.build(Answers(self.login).into_conversation())?;
        let mut items = transaction.items_mut();
        items.set_tty_name(Some(OsStr::new(TERMINAL)))?;
        items.set_remote_host(self.client.as_deref().map(OsStr::new))?;
        drop(items);
        Ok(transaction)
    }
}
