"""Logs in by ANONYMOUS, and prints what it may do. Arguments: ports of the server."""

import smtplib
import ssl
import sys

for port in sys.argv[1:]:
    with smtplib.SMTP("127.0.0.1", int(port), "client.example", 30) as client:
        # Nothing secret is sent.
        client.starttls(context=ssl._create_unverified_context())
        client.ehlo()
        code, text = client.docmd("AUTH", "ANONYMOUS cm9vdA==")
        assert code == 235, (code, text)
        assert client.docmd("AUTH", "ANONYMOUS cm9vdA==")[0] == 503
        print(client.mail("a@example.com"))
        print(client.rcpt("user@example.net"))
