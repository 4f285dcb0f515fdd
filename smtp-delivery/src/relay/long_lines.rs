/// The longest line that every next hop takes whole, CRLF not counted (RFC 5321 section 4.5.3.1.6).
const MAX_LINE: usize = 998;

/// What becomes of a message with lines of more than 998 octets, which a next hop need not take (RFC
/// 5321 section 4.5.3.1.6). Content that goes by BDAT has no lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LongLines {
    /// It is refused with 554 5.6.0. Who wants clients to be told before the message is taken, limits
    /// its lines where it comes in.
    #[default]
    Refuse,
    /// They are divided by a line's end and a space. What is signed (DKIM) is no longer what was signed.
    Divide,
    /// They are sent as they are. A next hop that reads them piece by piece may take a piece for a line,
    /// and a dot in it for the end of the message: only for next hops that are known to read them
    /// whole.
    PassOn,
}

impl LongLines {
    /// How many octets a line may have before something has to be done.
    pub(super) fn limit(self) -> usize {
        match self {
            Self::Refuse | Self::Divide => MAX_LINE,
            Self::PassOn => usize::MAX,
        }
    }
}
