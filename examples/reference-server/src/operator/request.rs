use std::fmt;
use std::str::FromStr;

use smtp_server::delivery::TraceId;
use smtp_server::delivery::queue::store::Selection;

/// What the queue is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    List,
    Flush(Which),
    Hold(Which),
    Release(Which),
    Remove(TraceId),
}

/// Which messages are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    All,
    Message(TraceId),
    Destination(String),
}

impl Which {
    pub(super) fn selection(&self) -> Selection {
        match self {
            Self::All => Selection::All,
            Self::Message(id) => Selection::Message(*id),
            Self::Destination(name) => Selection::Destination(name.as_str().into()),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List => f.write_str("list"),
            Self::Flush(which) => write!(f, "flush {which}"),
            Self::Hold(which) => write!(f, "hold {which}"),
            Self::Release(which) => write!(f, "release {which}"),
            Self::Remove(id) => write!(f, "remove {id}"),
        }
    }
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Message(id) => write!(f, "message {id}"),
            Self::Destination(name) => write!(f, "destination {name}"),
        }
    }
}

/// It is no request of this version.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unknown;

impl FromStr for Request {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match (verb, rest) {
            ("list", "") => Self::List,
            ("flush", which) => Self::Flush(which.parse()?),
            ("hold", which) => Self::Hold(which.parse()?),
            ("release", which) => Self::Release(which.parse()?),
            ("remove", id) => Self::Remove(id.parse().map_err(|_| Unknown)?),
            _ => return Err(Unknown),
        })
    }
}

impl FromStr for Which {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        match text.split_once(' ') {
            None if text == "all" => Ok(Self::All),
            Some(("message", id)) => id.parse().map(Self::Message).map_err(|_| Unknown),
            Some(("destination", name)) if !name.is_empty() => Ok(Self::Destination(name.to_owned())),
            _ => Err(Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_as_they_were_written() {
        for text in [
            "list",
            "flush all",
            "hold destination |/usr/bin/procmail -a x",
            "release destination [192.0.2.1]",
        ] {
            assert_eq!(text.parse::<Request>().unwrap().to_string(), text);
        }
        for text in
            ["", "list all", "flush", "flush some", "flush destination ", "remove", "remove a b", "LIST"]
        {
            assert_eq!(text.parse::<Request>(), Err(Unknown), "{text}");
        }
    }
}
