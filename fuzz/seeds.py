#!/usr/bin/env python3
"""Writes inputs to begin with into the folder `seeds`: what the clients of the transcripts send."""

import pathlib
import re

here = pathlib.Path(__file__).parent
transcripts = sorted((here / "../smtp-server/tests/transcripts").glob("*.txt"))

# As `setup.rs` reads them: flags, delivery, pipe, cuts, size, recipients.
SETUPS = {
    "plain": bytes([0, 0, 0, 0, 62, 100]),
    "lmtp": bytes([1, 6, 0, 0, 62, 100]),
    "starttls": bytes([2, 0, 0, 0, 62, 100]),
    "users": bytes([20, 0, 2, 40, 62, 100]),
    "extensions": bytes([64 | 16, 4, 4, 9, 62, 100]),
    "limits": bytes([8 | 32, 3, 1, 3, 2, 1]),
}


def octets(line):
    """What a client's line of a transcript stands for."""
    ends = re.search(r"(?<!\\)(\\\\)*\\$", line) is None
    escapes = {"r": "\r", "n": "\n", "0": "\0", "": ""}
    text = re.sub(r"\\(.?)", lambda match: escapes.get(match[1], match[1]), line)
    return text.encode() + (b"\r\n" if ends else b"")


def write(target, name, data):
    folder = here / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


# What no transcript has.
PARAMETERS = (
    b"EHLO client.example\nMAIL FROM:<a@example.com> SIZE=1 BODY=8BITMIME RET=HDRS ENVID=a+2Bb BY=600;RT "
    b"HOLDFOR=10 MT-PRIORITY=-3 REQUIRETLS SMTPUTF8 X-OTHER\n"
    b"RCPT TO:<b@example.org> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@example.org\n"
)
write("command", "parameters", bytes([0, 0]) + PARAMETERS)
session = PARAMETERS.replace(b"HOLDFOR=10 ", b"").replace(b" X-OTHER", b"").replace(b"\n", b"\r\n")
write("session", "parameters", SETUPS["extensions"] + session + b"BDAT 5 LAST\r\nabc\r\nQUIT\r\n")

# A message or two for each mechanism, in the order of `Mechanism::ALL`, with and without an initial
# response.
SCRAM = b"n,,n=user,r=abc\nc=biws,r=abcXYZ,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=\n"
PLUS = b"p=tls-exporter,a=other,n=u=3Dser,r=abc\nc=cD10bHMtZXhwb3J0ZXIsLA==,r=abcXYZ,p=AAAA\n"
EXCHANGES = [
    b"user\n", PLUS, PLUS, PLUS, SCRAM, SCRAM, SCRAM,
    b"n,a=user,\x01host=h\x01port=587\x01auth=Bearer pencil\x01\x01\n\x01\n",
    b"user=user\x01auth=Bearer pencil\x01\x01\n\n",
    b"\0user\0pencil\n", b"user\npencil\n",
    b'charset=utf-8,username="user",realm="[127.0.0.1]",nonce="n",nc=00000001,cnonce="c",'
    b'digest-uri="smtp/h",response=d388dad90d4bbd760a152321f2143af7,qop=auth,authzid="x"\n\n',
    b"user b913a602c7eda7a495b4e6e7334d3890\n",
    b"somebody@example.org\n",
]
for number, messages in enumerate(EXCHANGES):
    for late in range(2):
        write("auth", f"{number}-{late}", bytes([2 * number + late]) + messages)

for transcript in transcripts:
    lines = transcript.read_text().splitlines()
    sent = [octets(line[3:]) for line in lines if line.startswith("C:")]
    said = [line[3:].removesuffix("...") for line in lines if line.startswith("S: ")]
    name = transcript.stem
    for setup, start in SETUPS.items():
        session = b"".join(sent)
        if setup == "lmtp":
            session = re.sub(rb"^(EHLO|HELO)", b"LHLO", session, flags=re.I | re.M)
        if setup == "starttls":
            session = b"EHLO client.example\r\nSTARTTLS\r\n" + session
        write("session", f"{name}-{setup}", start + session)
    for mode in range(4):
        write("codec", f"{name}-{mode}", bytes([mode, 7, 10, 20]) + b"".join(sent))
    for setup in range(4):
        commands = b"EHLO client.example\r\nMAIL FROM:<>\r\n" + b"".join(sent)
        if setup & 1:
            commands = commands.replace(b"EHLO", b"LHLO")
        write("command", f"{name}-{setup}", bytes([setup, 0]) + commands.replace(b"\r\n", b"\n"))
    write("reply", name, "\n".join(said).encode())
