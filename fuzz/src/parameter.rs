//! The typed parameters of MAIL and RCPT are written as they are read.

use std::fmt::Debug;

use smtp_server::extension::{
    BodyType, DeclaredSize, DeliverByTime, EnvelopeId, HoldFor, HoldUntil, Notify, OriginalRecipient,
    Priority, RequireTlsOption, Ret, SmtpUtf8Option, TypedParameter,
};
use smtp_server::{Parameter, Parameters};

/// All that this crate knows, and one that it does not.
pub(crate) const OF_MAIL: [&str; 11] = [
    "SIZE",
    "BODY",
    "RET",
    "ENVID",
    "BY",
    "HOLDFOR",
    "HOLDUNTIL",
    "MT-PRIORITY",
    "REQUIRETLS",
    "SMTPUTF8",
    "X-OTHER",
];
pub(crate) const OF_RCPT: [&str; 3] = ["NOTIFY", "ORCPT", "X-OTHER"];

pub(crate) fn are_read_back(parameters: &Parameters) {
    is_read_back::<DeclaredSize>(parameters);
    is_read_back::<BodyType>(parameters);
    is_read_back::<Ret>(parameters);
    is_read_back::<EnvelopeId>(parameters);
    is_read_back::<Notify>(parameters);
    is_read_back::<OriginalRecipient>(parameters);
    is_read_back::<DeliverByTime>(parameters);
    is_read_back::<HoldFor>(parameters);
    is_read_back::<HoldUntil>(parameters);
    is_read_back::<Priority>(parameters);
    is_read_back::<RequireTlsOption>(parameters);
    is_read_back::<SmtpUtf8Option>(parameters);
}

fn is_read_back<T: TypedParameter + PartialEq + Debug>(parameters: &Parameters) {
    let Ok(Some(value)) = parameters.typed::<T>() else { return };
    let mut written = Parameters::default();
    written.set(&value);
    let shown = written.get(T::KEYWORD).expect("what was set").to_string();
    let mut again = Parameters::default();
    again.insert(Parameter::parse(&shown).unwrap_or_else(|| panic!("{shown}")));
    assert_eq!(again.typed::<T>(), Ok(Some(value)), "{shown}");
}
