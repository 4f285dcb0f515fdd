"""Logs in as smtplib chooses, by CRAM-MD5 first. Arguments: a port of the server, user and password."""

import smtplib
import ssl
import sys

port, user, password = sys.argv[1:]
with smtplib.SMTP("127.0.0.1", int(port), "client.example", 30) as client:
    client.set_debuglevel(1)
    # The test is on the same computer; who shows which certificate is another test's affair.
    client.starttls(context=ssl._create_unverified_context())
    try:
        client.login(user, password)
    except smtplib.SMTPAuthenticationError as error:
        sys.exit(f"refused {error.smtp_code}")
    print("logged in")
