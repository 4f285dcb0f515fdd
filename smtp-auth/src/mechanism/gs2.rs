//! The header of GS2 (RFC 5801 section 4), with which SCRAM and OAUTHBEARER begin.

use std::borrow::Cow;

use super::Violation;
use crate::saslprep::prepare;

/// `gs2-header`, without the nonstandard flag that only GSS-API has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Gs2Header<'a> {
    /// All of it, up to the second comma.
    pub(crate) text: &'a str,
    pub(crate) binding: Binding<'a>,
    /// For whom the client wants to act, in the form that SASLprep gives; empty if it does not say
    /// so.
    pub(crate) acts_for: String,
}

/// `gs2-cb-flag`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding<'a> {
    /// `n`: the client has none.
    No,
    /// `y`: it has, and did not see the server offer any.
    NotSeen,
    /// `p`: it uses the one with this name.
    Used(&'a str),
}

impl<'a> Gs2Header<'a> {
    /// Reads the header, and gives back what stands behind it.
    pub(crate) fn split(message: &'a str) -> Result<(Self, &'a str), Violation> {
        let (binding, rest) = message.split_once(',').ok_or(Violation::Grammar)?;
        let (acts_for, rest) = rest.split_once(',').ok_or(Violation::Grammar)?;
        let text = message.strip_suffix(rest).ok_or(Violation::Grammar)?;
        let binding = Binding::parse(binding)?;
        let acts_for = match acts_for {
            "" => String::new(),
            _ => sasl_name(acts_for.strip_prefix("a=").ok_or(Violation::Grammar)?)?,
        };
        Ok((Self { text, binding, acts_for }, rest))
    }
}

impl<'a> Binding<'a> {
    fn parse(flag: &'a str) -> Result<Self, Violation> {
        let is_name = |name: &str| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte))
        };
        match flag {
            "n" => Ok(Self::No),
            "y" => Ok(Self::NotSeen),
            _ => {
                let name = flag.strip_prefix("p=").filter(|name| is_name(name));
                name.map(Self::Used).ok_or(Violation::Grammar)
            }
        }
    }
}

/// `saslname`, in which `=2C` stands for a comma and `=3D` for an equals sign.
pub(crate) fn sasl_name(text: &str) -> Result<String, Violation> {
    let mut pieces = text.split('=');
    let mut name = String::from(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (sign, rest) = match (piece.strip_prefix("2C"), piece.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            (None, None) => return Err(Violation::Grammar),
        };
        name.push(sign);
        name.push_str(rest);
    }
    prepare(&name).map(Cow::into_owned).ok_or(Violation::Grammar)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_grammar_allows() {
        let table = [
            ("n,,rest", "n,,", Binding::No, ""),
            ("y,a=x=2Cy,rest", "y,a=x=2Cy,", Binding::NotSeen, "x,y"),
            ("p=tls-exporter,,rest", "p=tls-exporter,,", Binding::Used("tls-exporter"), ""),
        ];
        for (message, text, binding, acts_for) in table {
            let header = Gs2Header { text, binding, acts_for: acts_for.to_owned() };
            assert_eq!(Gs2Header::split(message), Ok((header, "rest")));
        }
    }

    #[test]
    fn refuses_everything_else() {
        for message in [
            "",
            ",",
            "n",
            "n,",
            "x,,",
            ",,",
            "p,,",
            "p=,,",
            "p=a b,,",
            "n,a,",
            "n,a=,",
            "n,zzalice,",
            "N,,",
            "n,a=u=2c,",
            "n,a=\x07,",
        ] {
            assert_eq!(Gs2Header::split(message), Err(Violation::Grammar), "{message}");
        }
    }
}
