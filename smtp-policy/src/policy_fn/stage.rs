use std::fmt;
use std::sync::Arc;

use smtp_core::{Command, Envelope, Extensions, Hello, Mail, Query, Recipient, Reply, Request, Session};

/// A moment of a session at which a policy decides: the first argument of its function.
///
/// | Type | When |
/// |---|---|
/// | [`Connect`] | a client connected, and was not greeted yet |
/// | [`Hello`] | HELO, EHLO, LHLO |
/// | [`StartOfAuth`](super::StartOfAuth) | AUTH, before the mechanism runs |
/// | [`Authenticated`](super::Authenticated) | AUTH, once it is known who the client is |
/// | [`Mail`] | MAIL |
/// | [`Recipient`] | RCPT |
/// | [`StartOfData`] | DATA or the first BDAT, before any of the content was asked for |
/// | [`Headers`](super::Headers) | the header of the message was read; the rest streams on afterwards |
/// | [`WholeMessage`](super::WholeMessage) | the message was read, and kept so that it can be read again |
/// | [`Vrfy`] | VRFY |
/// | [`Expn`] | EXPN |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no stage of a session at which a policy can decide",
    label = "the first argument of a policy must be a stage",
    note = "the stages are `Connect`, `StartOfAuth`, `Authenticated`, `StartOfData`, `Headers`, \
            `WholeMessage`, `Vrfy` and `Expn` of smtp-policy, and `Hello`, `Mail` and `Recipient` of \
            smtp-core; for any other command use `from_fn`"
)]
pub trait Stage: Moment {}

/// Seals [`Stage`]: it is not exported.
pub trait Moment: Clone + Sized + Send + 'static {
    /// How the argument is made.
    type Settings: Clone + Default + fmt::Debug + Send + Sync + 'static;

    /// To what a decision at this stage belongs.
    const SCOPE: Scope;

    /// Whether the request stands at this stage.
    fn arrival(request: &Request) -> Arrival<Self>;

    /// The argument, where it is in the content, and the request to go on with.
    fn read(
        request: Request,
        settings: Self::Settings,
    ) -> impl Future<Output = Result<(Self, Request), Reply>> + Send {
        let _ = (request, settings);
        async { Err(Reply::new(451, "4.3.0 try again later")) }
    }

    /// The argument, where it is in the answer.
    fn of_reply(reply: &Reply) -> Option<Self> {
        let _ = reply;
        None
    }
}

/// Where the argument of a policy is.
#[derive(Debug)]
pub enum Arrival<A> {
    /// The request is of another stage.
    Elsewhere,
    /// Here.
    Here(A),
    /// In the content of the message.
    InContent,
    /// In the answer of the stack below.
    InReply,
}

/// What a decision is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The connection, and all its messages.
    Connection,
    /// One message.
    Transaction,
}

impl Scope {
    pub(super) fn map(self, session: &Session) -> &Extensions {
        match self {
            Self::Connection => session.connection(),
            Self::Transaction => session.transaction(),
        }
    }
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
    ($($stage:ty, $scope:ident: $pattern:pat => $argument:expr;)*) => {$(
        impl Moment for $stage {
            type Settings = ();

            const SCOPE: Scope = Scope::$scope;

            fn arrival(request: &Request) -> Arrival<Self> {
                match &request.command {
                    $pattern => Arrival::Here($argument),
                    _ => Arrival::Elsewhere,
                }
            }
        }

        // The compiler shows what is said of the trait instead of a list.
        #[diagnostic::do_not_recommend]
        impl Stage for $stage {}
    )*};
}

stages! {
    Connect, Connection: Command::Connect => Connect;
    Hello, Connection: Command::Helo(hello) | Command::Ehlo(hello) | Command::Lhlo(hello) => hello.clone();
    Mail, Transaction: Command::Mail(mail) => mail.clone();
    Recipient, Transaction: Command::Rcpt(recipient) => recipient.clone();
    Vrfy, Connection: Command::Vrfy(query) => Vrfy(query.clone());
    Expn, Connection: Command::Expn(query) => Expn(query.clone());
}

impl Moment for StartOfData {
    type Settings = ();

    const SCOPE: Scope = Scope::Transaction;

    fn arrival(request: &Request) -> Arrival<Self> {
        match (&request.command, request.session.envelope()) {
            (Command::Data(_), Some(envelope)) => Arrival::Here(Self { envelope: Arc::clone(envelope) }),
            _ => Arrival::Elsewhere,
        }
    }
}

#[diagnostic::do_not_recommend]
impl Stage for StartOfData {}
