//! What a next hop does wrong, and where.

use proptest::prelude::*;
use proptest::sample::select;

/// Where in a session a fault happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Greeting,
    Hello,
    /// RSET, in front of a further message over the same connection.
    Reset,
    Mail,
    Rcpt,
    Data,
    /// Within the content.
    Content,
    /// Behind the dot, without keeping the message.
    Lost,
    /// Behind the dot, when the message is kept: the client cannot know.
    Kept,
}

impl Step {
    const ALL: [Self; 9] = [
        Self::Greeting,
        Self::Hello,
        Self::Reset,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Content,
        Self::Lost,
        Self::Kept,
    ];
}

/// What happens there, in place of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    HangUp,
    /// Hangs up within the answer.
    HalfAnswer,
    /// A temporary refusal, behind which the session goes on.
    Refuse,
    /// 421, and hangs up.
    Close,
    /// What is no reply.
    Garbage,
    /// Says nothing until the client has hung up, and then that all is well.
    TooLate,
    /// A permanent refusal of the session.
    NoService,
}

impl How {
    const ALL: [Self; 7] = [
        Self::HangUp,
        Self::HalfAnswer,
        Self::Refuse,
        Self::Close,
        Self::Garbage,
        Self::TooLate,
        Self::NoService,
    ];
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) step: Step,
    pub(crate) how: How,
}

impl Fault {
    /// Each that there is.
    pub(crate) fn all() -> Vec<Self> {
        let each = |step| How::ALL.map(move |how| Self { step, how });
        Step::ALL.into_iter().flat_map(each).filter(Self::makes_sense).collect()
    }

    fn makes_sense(&self) -> bool {
        match self.how {
            How::NoService => matches!(self.step, Step::Greeting | Step::Hello),
            // Within the content the server has nothing to answer, and of what it keeps it has nothing
            // to refuse.
            How::Refuse | How::Close => !matches!(self.step, Step::Content | Step::Kept),
            How::HalfAnswer | How::Garbage => self.step != Step::Content,
            How::HangUp | How::TooLate => true,
        }
    }

    /// Any that takes little time.
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let of_end = |step| matches!(step, Step::Content | Step::Lost | Step::Kept);
        let slow = |fault: &Self| fault.how == How::TooLate && of_end(fault.step);
        select(Self::all().into_iter().filter(|fault| !slow(fault)).collect::<Vec<_>>())
    }
}
