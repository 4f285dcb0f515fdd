"""Sends a message as a user, and prints what the server says to it."""

import smtplib
import ssl
import sys

port, user, password, sender, header = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname = False
context.verify_mode = ssl.CERT_NONE
with smtplib.SMTP("127.0.0.1", int(port), local_hostname="client.example") as client:
    client.starttls(context=context)
    client.login(user, password)
    try:
        client.sendmail(sender, ["joe@example.net"], header.replace("|", "\r\n") + "\r\n\r\nhello\r\n")
        print("sent")
    except smtplib.SMTPSenderRefused as refused:
        print("MAIL", refused.smtp_code, refused.smtp_error.decode())
    except smtplib.SMTPDataError as refused:
        print("DATA", refused.smtp_code, refused.smtp_error.decode())
