"""Reads a notification with Python's own parser, and prints what is in it as JSON."""

import email
import email.policy
import json
import quopri
import sys

policy = email.policy.default.clone(raise_on_defect=True)
message = email.message_from_binary_file(sys.stdin.buffer, policy=policy)


def defects(part):
    found = list(part.defects)
    for value in part.values():
        found.extend(value.defects)
    if part.is_multipart():
        for child in part.get_payload():
            found.extend(defects(child))
    return found


def fields(text):
    return [[name, value] for name, value in email.message_from_string(text).items()]


def utf8(text):
    """Python keeps octets of header fields beyond ASCII as surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8")


def is_global(part):
    return part.get_content_type().startswith("message/global")


def decoded(part):
    """Python takes what is in message/global for a message, whatever its encoding."""
    text = part.get_payload()[0].as_bytes(policy=email.policy.SMTP)
    return quopri.decodestring(text) if part["content-transfer-encoding"] == "quoted-printable" else text


assert message.get_content_type() == "multipart/report", message.get_content_type()
parts = message.get_payload()
text, status, *rest = parts
if is_global(status):
    blocks = decoded(status).decode("utf-8").replace("\r\n", "\n").strip().split("\n\n")
    groups = [fields(block) for block in blocks]
else:
    groups = [[[name, value] for name, value in block.items()] for block in status.get_payload()]
# Behind the last group there is nothing, which older versions take for another one.
groups = [group for group in groups if group]

returned = None
if rest:
    (original,) = rest
    if original.get_content_maintype() == "message":
        inner = original.get_payload()[0]
        octets = decoded(original) if is_global(original) else inner.as_bytes(policy=email.policy.SMTP)
    else:
        octets = original.get_payload(decode=True)
    octets = octets.replace(b"\r\n", b"\n")
    returned = {"type": original.get_content_type(), "text": octets.decode("utf-8", "replace").strip("\n")}

json.dump(
    {
        "headers": {name.lower(): utf8(str(value)) for name, value in message.items()},
        "report_type": message.get_param("report-type"),
        "to": [utf8(address.addr_spec) for address in message["to"].addresses],
        "from": [address.addr_spec for address in message["from"].addresses],
        "date": message["date"].datetime.isoformat(),
        "text": text.get_content(),
        "status_type": status.get_content_type(),
        "groups": groups,
        "returned": returned,
        "defects": [repr(defect) for defect in defects(message)],
    },
    sys.stdout,
)
