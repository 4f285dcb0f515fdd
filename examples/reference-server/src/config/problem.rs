use std::ops::Range;

use super::concealed;

/// What is wrong, where, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// Octets of the file.
    pub(super) span: Range<usize>,
    pub(super) what: String,
    pub(super) help: String,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self { span, what: what.into(), help: help.into() }
    }

    /// Shows the place in the file, but no secret that is there.
    pub(super) fn render(&self, name: &str, text: &str) -> String {
        let start = floor(text, self.span.start);
        let line_start = text[..start].rfind('\n').map_or(0, |end| end + 1);
        let number = text[..line_start].matches('\n').count() + 1;
        let line = concealed::line(text, number - 1);
        let before = &text[line_start..start];
        let column = before.chars().count() + 1;
        let within = line.get(before.len()..).unwrap_or_default();
        let length = floor(within, self.span.end.saturating_sub(start));
        let marked = within[..length].chars().count().max(1);
        let (gutter, Self { what, help, .. }) = (" ".repeat(number.to_string().len()), self);
        // A tab stays one, so that the mark stands below its place however wide tabs are.
        let indent: String = before.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        let mark = "^".repeat(marked);
        format!(
            "{name}:{number}:{column}: {what}\n\
             {gutter} |\n{number} | {line}\n{gutter} | {indent}{mark}\n\
             help: {help}\n"
        )
    }
}

/// The nearest place at or before `at` where a character begins.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stands_below_the_place() {
        let text = "a = 1\nname = \"müll x\" # comment\n";
        let start = text.find("\"m").unwrap();
        let problem = Problem::new(start..start + 9, "no name", "another one");
        let expected = "f.toml:2:8: no name\n  |\n2 | name = \"müll x\" # comment\n  |        ^^^^^^^^\nhelp: another one\n";
        assert_eq!(problem.render("f.toml", text), expected);
    }

    #[test]
    fn every_span_can_be_shown() {
        let text = "ä\n\tb = 1\n";
        for start in 0..text.len() + 3 {
            for end in start..text.len() + 3 {
                assert!(Problem::new(start..end, "", "").render("f", text).contains('^'));
            }
        }
        assert!(Problem::new(0..0, "", "").render("f", "").starts_with("f:1:1: "));
    }
}
