use super::CommandError;
use super::command::Unfit;
use super::facts::{Facts, RecipientFacts};

/// One argument of a program, with placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argument(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder(Placeholder),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    Sender,
    Recipient,
    LocalPart,
    User,
    Extension,
    Domain,
}

impl Argument {
    pub(super) fn parse(text: &str) -> Result<Self, CommandError> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let (brace, behind) = rest[at..].split_at(1);
            rest = if let Some(behind) = behind.strip_prefix(brace) {
                literal.push_str(brace);
                behind
            } else {
                let name = if brace == "{" { behind.split_once('}') } else { None };
                let (name, behind) = name.ok_or(CommandError::Brace)?;
                if !literal.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut literal)));
                }
                pieces.push(Piece::Placeholder(Placeholder::named(name)?));
                behind
            };
        }
        literal.push_str(rest);
        if !literal.is_empty() || pieces.is_empty() {
            pieces.push(Piece::Text(literal));
        }
        Ok(Self(pieces))
    }

    /// Whether it says something of a recipient.
    pub(super) fn is_of_recipient(&self) -> bool {
        let is = |piece: &Piece| matches!(piece, Piece::Placeholder(other) if *other != Placeholder::Sender);
        self.0.iter().any(is)
    }

    /// Whether all behind it are no options, whatever they begin with.
    pub(super) fn ends_options(&self) -> bool {
        self.0 == [Piece::Text("--".to_owned())]
    }

    pub(super) fn expand(&self, facts: &Facts, recipient: &RecipientFacts) -> String {
        let of_piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(placeholder) => placeholder.value(facts, recipient).to_owned(),
        };
        self.0.iter().map(of_piece).collect()
    }

    /// The same for an argument that may be taken for an option.
    pub(super) fn expand_operand(&self, facts: &Facts, recipient: &RecipientFacts) -> Result<String, Unfit> {
        let value = self.expand(facts, recipient);
        let is_written = matches!(self.0.first(), Some(Piece::Text(_)));
        if value.starts_with('-') && !is_written { Err(Unfit::Option) } else { Ok(value) }
    }
}

impl Placeholder {
    fn named(name: &str) -> Result<Self, CommandError> {
        Ok(match name {
            "sender" => Self::Sender,
            "recipient" => Self::Recipient,
            "local_part" => Self::LocalPart,
            "user" => Self::User,
            "extension" => Self::Extension,
            "domain" => Self::Domain,
            _ => return Err(CommandError::UnknownPlaceholder(name.to_owned())),
        })
    }

    fn value<'a>(self, facts: &'a Facts, recipient: &'a RecipientFacts) -> &'a str {
        match self {
            Self::Sender => &facts.sender,
            Self::Recipient => &recipient.address,
            Self::LocalPart => &recipient.local_part,
            Self::User => &recipient.user,
            Self::Extension => &recipient.extension,
            Self::Domain => &recipient.domain,
        }
    }
}

#[cfg(test)]
mod tests {
    use smtp_core::testing::{facts, recipient, sender};

    use super::*;
    use crate::pipe::filter::Filter;

    fn expand(template: &str, to: &str) -> Result<String, Unfit> {
        let filter = Filter::default();
        let of_message = Facts::of(&sender("-joe@example.com"), facts().session(), &filter);
        let of_recipient = RecipientFacts::of(&recipient(to), Some('+'), &filter);
        Argument::parse(template).unwrap().expand_operand(&of_message, &of_recipient)
    }

    #[test]
    fn placeholders_are_filled_in() {
        let to = r#""Jane+x \"y"@Example.ORG"#;
        for (template, expected) in [
            ("", ""),
            ("-d", "-d"),
            ("{recipient}", to),
            ("{local_part}", r#"Jane+x "y"#),
            ("{user}", "Jane"),
            ("{extension}", r#"x "y"#),
            ("{domain}", "example.org"),
            ("--from={sender}", "--from=-joe@example.com"),
            ("{{sender}}", "{sender}"),
            ("a{{{user}}}z", "a{Jane}z"),
            ("{user}@{domain}", "Jane@example.org"),
        ] {
            assert_eq!(expand(template, to).unwrap(), expected, "{template}");
        }
        assert_eq!(expand("{extension}", "jane@x").unwrap(), "");
        assert_eq!(expand("{user}", "postmaster").unwrap(), "postmaster");
        assert_eq!(expand("{domain}", "postmaster").unwrap(), "");
    }

    #[test]
    fn no_address_becomes_an_option() {
        for template in ["{sender}", "{sender}x", "{extension}{sender}"] {
            assert_eq!(expand(template, "jane@x"), Err(Unfit::Option), "{template}");
        }
        assert_eq!(expand("{user}", "-rf@x"), Err(Unfit::Option));
        assert_eq!(expand("-f{sender}", "jane@x").unwrap(), "-f-joe@example.com");
    }

    #[test]
    fn what_is_no_template_is_none() {
        for (template, error) in [
            ("{", CommandError::Brace),
            ("}", CommandError::Brace),
            ("{user", CommandError::Brace),
            ("a}b", CommandError::Brace),
            ("{users}", CommandError::UnknownPlaceholder("users".to_owned())),
            ("{}", CommandError::UnknownPlaceholder(String::new())),
        ] {
            assert_eq!(Argument::parse(template), Err(error), "{template}");
        }
    }
}
