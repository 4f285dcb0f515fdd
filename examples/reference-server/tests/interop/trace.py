"""Judges the trace fields of the message on standard input as Python's parser reads them."""

import email
import email.policy
import email.utils
import re
import sys

mail = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.compat32)
assert mail.keys()[:2] == ["Return-Path", "Received"], mail.keys()
assert not mail.defects, mail.defects
assert re.fullmatch(r"<[^<>\s]*>", mail["Return-Path"]), mail["Return-Path"]

clauses, separator, date = mail["Received"].rpartition(";")
assert separator, mail["Received"]
moment = email.utils.parsedate_to_datetime(date.strip())
assert moment.tzinfo is not None and moment.year >= 2024, date

comment = r"(?:\s+\([^()]*\))*"
assert re.fullmatch(
    rf"from\s+\S+{comment}\s+by\s+\S+\s+with\s+(?:E?SMTP|LMTP)S?A?{comment}\s+id\s+\S+(?:\s+for\s+<[^<>\s]+>)?"
    r"(?:\s+tls\s+[A-Z0-9_]+(?:\s+group\s+[A-Za-z0-9]+)?)?",
    clauses,
), clauses
assert all(len(line) <= 998 for line in mail["Received"].splitlines())
