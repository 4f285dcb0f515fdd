//! What a client may do next.

use proptest::prelude::*;

use super::address::{Address, address};

/// The credentials of alice, in PLAIN (RFC 4616).
const GOOD: &str = "AGFsaWNlAHNlY3JldA==";
const BAD: &str = "AGFsaWNlAGd1ZXNz";

/// Content that would be commands, if content were.
pub(crate) const CONTENT: &str = "Subject: x\r\n\r\nRCPT TO:<victim@foreign.example>\r\n..\r\nRSET\r\n";

/// A command; what has an answer of its own is one.
#[derive(Debug, Clone)]
pub(crate) enum Move {
    Helo,
    Ehlo,
    Mail,
    MailUtf8,
    NullMail,
    Rcpt(Address),
    /// DATA; the content follows once it is asked for.
    Data,
    /// DATA, and the content without being asked for.
    ImpatientData,
    Bdat {
        last: bool,
    },
    Rset,
    Noop,
    StartTls,
    /// STARTTLS, and a command behind it in the clear.
    StartTlsAndMore,
    AuthGood,
    AuthBad,
    /// AUTH without a response: the next line is one, whatever it says.
    AuthAsk,
    AuthAnonymous,
    GoodResponse,
    Cancel,
    /// The session begins anew, as that of a client in another place.
    BecomeStranger,
    BecomePartner,
    Expn,
    Garbage,
    Quit,
}

impl Move {
    pub(crate) fn octets(&self) -> Vec<u8> {
        let line = match self {
            Self::Helo => "HELO client.example".to_owned(),
            Self::Ehlo => "EHLO client.example".to_owned(),
            Self::Mail => "MAIL FROM:<stranger@foreign.example>".to_owned(),
            Self::MailUtf8 => "MAIL FROM:<joe@example.org> SMTPUTF8".to_owned(),
            Self::NullMail => "MAIL FROM:<>".to_owned(),
            Self::Rcpt(address) => format!("RCPT TO:<{}>", address.text),
            Self::Data => "DATA".to_owned(),
            Self::ImpatientData => format!("DATA\r\n{CONTENT}."),
            Self::Bdat { last } => {
                let last = if *last { " LAST" } else { "" };
                return format!("BDAT {}{last}\r\n{CONTENT}", CONTENT.len()).into_bytes();
            }
            Self::Rset => "RSET".to_owned(),
            Self::Noop => "NOOP".to_owned(),
            Self::StartTls => "STARTTLS".to_owned(),
            Self::StartTlsAndMore => "STARTTLS\r\nRSET".to_owned(),
            Self::AuthGood => format!("AUTH PLAIN {GOOD}"),
            Self::AuthBad => format!("AUTH PLAIN {BAD}"),
            Self::AuthAsk => "AUTH PLAIN".to_owned(),
            Self::AuthAnonymous => "AUTH ANONYMOUS =".to_owned(),
            Self::GoodResponse => GOOD.to_owned(),
            Self::Cancel => "*".to_owned(),
            Self::BecomeStranger => "XBECOME stranger".to_owned(),
            Self::BecomePartner => "XBECOME partner".to_owned(),
            Self::Expn => "EXPN staff".to_owned(),
            Self::Garbage => "RCPT TO:<victim@foreign.example".to_owned(),
            Self::Quit => "QUIT".to_owned(),
        };
        (line + "\r\n").into_bytes()
    }

    /// Whether what comes behind it has to wait for the answer.
    fn ends_group(&self) -> bool {
        matches!(self, Self::Data | Self::ImpatientData | Self::StartTls | Self::StartTlsAndMore | Self::Quit)
    }
}

/// Groups of commands, each in one write.
pub(crate) fn session() -> impl Strategy<Value = Vec<Vec<Move>>> {
    prop::collection::vec(prop::collection::vec(step(), 1..5), 4..20).prop_map(|groups| {
        let cut = |group: Vec<Move>| {
            let end = group.iter().position(Move::ends_group).map_or(group.len(), |at| at + 1);
            group.into_iter().take(end).collect()
        };
        groups.into_iter().map(cut).collect()
    })
}

fn step() -> impl Strategy<Value = Move> {
    prop_oneof![
        1 => Just(Move::Helo),
        14 => Just(Move::Ehlo),
        16 => Just(Move::Mail),
        2 => Just(Move::MailUtf8),
        1 => Just(Move::NullMail),
        24 => address().prop_map(Move::Rcpt),
        5 => Just(Move::Data),
        1 => Just(Move::ImpatientData),
        4 => any::<bool>().prop_map(|last| Move::Bdat { last }),
        2 => Just(Move::Rset),
        1 => Just(Move::Noop),
        6 => Just(Move::StartTls),
        1 => Just(Move::StartTlsAndMore),
        14 => Just(Move::AuthGood),
        3 => Just(Move::AuthBad),
        2 => Just(Move::AuthAsk),
        1 => Just(Move::AuthAnonymous),
        1 => Just(Move::GoodResponse),
        1 => Just(Move::Cancel),
        7 => Just(Move::BecomeStranger),
        3 => Just(Move::BecomePartner),
        1 => Just(Move::Expn),
        1 => Just(Move::Garbage),
        1 => Just(Move::Quit),
    ]
}
