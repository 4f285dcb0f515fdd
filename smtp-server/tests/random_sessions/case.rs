//! What may come in a session.

use std::time::Duration;

use bytes::Bytes;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::content::content;
use crate::delivery::{Behaviour, behaviour};

/// One session.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) steps: Vec<Step>,
    /// How many octets are on their way at most, in each direction.
    pub(crate) pipe: usize,
    pub(crate) writes: Vec<Write>,
    /// The client leaves after this many octets, wherever that is.
    pub(crate) leaves_after: Option<usize>,
    /// It still waits for the replies when it leaves.
    pub(crate) half_closes: bool,
    /// The server shuts down.
    pub(crate) shutdown: Option<Duration>,
}

/// How the client writes: so much at once, and then a pause; 0 milliseconds let others run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Write {
    pub(crate) size: usize,
    pub(crate) pause: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Each reply is waited for before the next command is sent.
    pub(crate) lockstep: bool,
    pub(crate) action: Action,
}

#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Commands that need nothing, with their replies.
    Simple(Vec<(&'static str, u16)>),
    /// HELP, so often that its replies do not fit into any buffer.
    Help(usize),
    /// A chunk without a message.
    StrayChunk(Bytes, Tail),
    Line(BadLine),
    Transaction(Transaction),
}

/// What is no command.
#[derive(Debug, Clone)]
pub(crate) enum BadLine {
    /// Perhaps several of them.
    Garbage(Bytes),
    TooLong(usize),
}

/// What stands behind the size in BDAT.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tail {
    Nothing,
    Last,
    Malformed,
}

#[derive(Debug, Clone)]
pub(crate) struct Transaction {
    pub(crate) content: Bytes,
    pub(crate) behaviour: Behaviour,
    pub(crate) transfer: Transfer,
}

#[derive(Debug, Clone)]
pub(crate) enum Transfer {
    Data,
    /// The sizes of all chunks but the last, and what comes behind each.
    Chunks(Vec<(usize, Option<Interlude>)>),
}

/// What comes between two chunks. All but NOOP gives the message up.
#[derive(Debug, Clone)]
pub(crate) enum Interlude {
    Noop,
    Rset,
    Vrfy,
    Data,
    Line(BadLine),
    /// A chunk that can be skipped.
    MalformedChunk(Bytes),
    /// A chunk whose end nobody knows.
    ChunkWithoutSize,
}

impl Case {
    /// Of each message, in the order in which they come.
    pub(crate) fn behaviours(&self) -> Vec<Behaviour> {
        let of_step = |step: &Step| match &step.action {
            Action::Transaction(transaction) => Some(transaction.behaviour.clone()),
            _ => None,
        };
        self.steps.iter().filter_map(of_step).collect()
    }
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let pipe = select(&[1, 7, 64, 1024, 65_536][..]);
    let leaves_after = option::weighted(0.3, 0..1500_usize);
    let shutdown = option::weighted(0.25, (0..150_u64).prop_map(Duration::from_millis));
    (vec(step(), 0..10), pipe, vec(write(), 1..4), leaves_after, any::<bool>(), shutdown).prop_map(
        |(steps, pipe, writes, leaves_after, half_closes, shutdown)| Case {
            steps,
            pipe,
            writes,
            leaves_after,
            half_closes,
            shutdown,
        },
    )
}

fn write() -> impl Strategy<Value = Write> {
    let size = select(&[1, 2, 3, 17, 1000, usize::MAX][..]);
    (size, option::weighted(0.4, 0..4_u64)).prop_map(|(size, pause)| Write { size, pause })
}

fn step() -> impl Strategy<Value = Step> {
    (any::<bool>(), action()).prop_map(|(lockstep, action)| Step { lockstep, action })
}

fn action() -> impl Strategy<Value = Action> {
    let simple = [
        ("NOOP", 250),
        ("RSET", 250),
        ("VRFY a", 252),
        ("EXPN a", 550),
        ("EHLO other.example", 250),
        ("STARTTLS", 502),
        ("NONE", 500),
    ];
    let tail = select(&[Tail::Nothing, Tail::Last, Tail::Malformed][..]);
    prop_oneof![
        2 => vec(select(simple.to_vec()), 1..6).prop_map(Action::Simple),
        1 => (1..200_usize).prop_map(Action::Help),
        2 => (content(), tail).prop_map(|(octets, tail)| Action::StrayChunk(octets, tail)),
        2 => bad_line().prop_map(Action::Line),
        10 => transaction().prop_map(Action::Transaction),
    ]
}

fn bad_line() -> impl Strategy<Value = BadLine> {
    let octets = vec(select(&b"A \0\xff\r\n.<\"\\[:="[..]), 0..40);
    prop_oneof![
        4 => octets.prop_map(|octets| BadLine::Garbage(octets.into())),
        1 => prop_oneof![505..520_usize, 12_270..12_310_usize].prop_map(BadLine::TooLong),
    ]
}

fn transaction() -> impl Strategy<Value = Transaction> {
    let size = prop_oneof![10 => 0..40_usize, 1 => 0..2000_usize];
    let chunk = (size, option::weighted(0.2, interlude()));
    let transfer = prop_oneof![Just(Transfer::Data), vec(chunk, 0..6).prop_map(Transfer::Chunks)];
    (content(), behaviour(), transfer).prop_map(|(content, behaviour, transfer)| Transaction {
        content,
        behaviour,
        transfer,
    })
}

fn interlude() -> impl Strategy<Value = Interlude> {
    prop_oneof![
        8 => Just(Interlude::Noop),
        2 => Just(Interlude::Rset),
        1 => Just(Interlude::Vrfy),
        1 => Just(Interlude::Data),
        2 => bad_line().prop_map(Interlude::Line),
        1 => content().prop_map(Interlude::MalformedChunk),
        1 => Just(Interlude::ChunkWithoutSize),
    ]
}
