//! Sizes as people write them.

const UNITS: [(&str, u64); 8] = [
    ("", 1),
    ("B", 1),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("kB", 1000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
];

/// Octets: a whole number and a unit.
pub(super) fn parse(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let (_, factor) = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
    number.checked_mul(*factor)
}

/// The number at the beginning, and what stands behind it.
pub(super) fn split(text: &str) -> Option<(u64, &str)> {
    let text = text.trim();
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    Some((number.parse().ok()?, unit.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_a_number_and_a_known_unit() {
        for (text, octets) in [
            ("25 MiB", Some(25 << 20)),
            ("25mib", Some(25 << 20)),
            ("10 MB", Some(10_000_000)),
            ("512", Some(512)),
            (" 1 B ", Some(1)),
            ("", None),
            ("MiB", None),
            ("1.5 MiB", None),
            ("-1 B", None),
            ("3 apples", None),
            ("99999999999 GiB", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse(text), octets, "{text:?}");
        }
    }
}
