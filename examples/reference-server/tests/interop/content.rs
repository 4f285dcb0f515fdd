//! What is sent, and what has to arrive of it.

/// A message with all that has ever been damaged on the way: dots, octets above 127, lines as long as
/// they may be, trailing blanks, empty lines at the end.
pub(crate) fn content() -> Vec<u8> {
    let mut content = b"From: Sender <sender@example.com>\r\n\
        To: postmaster@example.org\r\n\
        Subject: a message\r\n\
        \twith a folded field\r\n\
        Message-ID: <1@client.example>\r\n\
        Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n\
        \r\n\
        .\r\n\
        ..\r\n\
        .dot at the start\r\n\
        From here no > may appear\r\n\
        blanks at the end \t \r\n\
        gr\xc3\xbc\xc3\x9fe \xff\x80\r\n"
        .to_vec();
    content.extend([b'x'; 998]);
    content.extend(b"\r\n\r\n\r\n");
    content
}

/// As it stands in a file: lines end as this system's do.
pub(crate) fn as_stored(content: &[u8]) -> Vec<u8> {
    let text: Vec<&[u8]> = content.split(|octet| *octet == b'\r').collect();
    text.concat()
}

/// The fields at the beginning that servers wrote, unfolded, and all that stands behind them.
pub(crate) fn split_trace<'a>(mut mail: &'a [u8], names: &[&str]) -> (Vec<String>, &'a [u8]) {
    let mut fields = Vec::new();
    for name in names {
        let mut field = String::new();
        loop {
            let end = mail.iter().position(|octet| *octet == b'\n').expect("a whole line") + 1;
            field += std::str::from_utf8(&mail[..end]).expect("fields are UTF-8").trim_end();
            mail = &mail[end..];
            if !mail.starts_with(b"\t") {
                break;
            }
        }
        assert!(field.starts_with(&format!("{name}: ")), "{field}");
        fields.push(field.replace('\t', " "));
    }
    (fields, mail)
}

/// Fails the test unless these are the octets that were sent.
pub(crate) fn assert_same(arrived: &[u8], expected: &[u8]) {
    let shown = |octets: &[u8]| octets.escape_ascii().to_string();
    assert!(arrived == expected, "arrived: {}\nexpected: {}", shown(arrived), shown(expected));
}
