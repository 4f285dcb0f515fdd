use std::sync::Arc;

use smtp_core::{Command, Envelope, Hello, Mail, Query, Recipient, Request};

/// A moment of a session at which a policy decides: the first argument of its function.
///
/// | Type | Commands |
/// |---|---|
/// | [`Connect`] | the connection itself, before the greeting |
/// | [`Hello`] | HELO, EHLO, LHLO |
/// | [`Mail`] | MAIL |
/// | [`Recipient`] | RCPT |
/// | [`StartOfData`] | DATA or the first BDAT, before any of the content was asked for |
/// | [`Vrfy`] | VRFY |
/// | [`Expn`] | EXPN |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no stage of a session at which a policy can decide",
    label = "the first argument of a policy must be a stage",
    note = "the stages are `Connect`, `StartOfData`, `Vrfy` and `Expn` of smtp-policy, and `Hello`, \
            `Mail` and `Recipient` of smtp-core; for any other command use `from_fn`"
)]
pub trait Stage: FromRequest {}

/// Seals [`Stage`]: it is not exported.
pub trait FromRequest: Sized + Send + 'static {
    /// The argument, if the request stands at this stage.
    fn from_request(request: &Request) -> Option<Self>;
}

/// A client connected and was not greeted yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connect;

/// The client wants to send the message; nothing of it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartOfData {
    /// The sender, and the recipients that were accepted.
    pub envelope: Arc<Envelope>,
}

/// The argument of VRFY.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vrfy(pub Query);

/// The argument of EXPN.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expn(pub Query);

macro_rules! stages {
    ($($stage:ty: $pattern:pat => $argument:expr;)*) => {$(
        impl FromRequest for $stage {
            fn from_request(request: &Request) -> Option<Self> {
                match &request.command {
                    $pattern => Some($argument),
                    _ => None,
                }
            }
        }

        impl Stage for $stage {}
    )*};
}

stages! {
    Connect: Command::Connect => Connect;
    Hello: Command::Helo(hello) | Command::Ehlo(hello) | Command::Lhlo(hello) => hello.clone();
    Mail: Command::Mail(mail) => mail.clone();
    Recipient: Command::Rcpt(recipient) => recipient.clone();
    Vrfy: Command::Vrfy(query) => Vrfy(query.clone());
    Expn: Command::Expn(query) => Expn(query.clone());
}

impl FromRequest for StartOfData {
    fn from_request(request: &Request) -> Option<Self> {
        match &request.command {
            Command::Data(_) => Some(Self { envelope: Arc::clone(request.session.envelope()?) }),
            _ => None,
        }
    }
}

impl Stage for StartOfData {}
