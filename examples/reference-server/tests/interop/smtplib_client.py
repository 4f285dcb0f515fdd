"""Sends by smtplib as users and strangers, and reads the mailboxes by Python's own means.

Arguments: the ports of the listeners mx, submission and submissions, the server's certificate, and the
folder of the mailboxes. There are the users alice and bob, whose password is "secret".
"""

import email.policy
import mailbox
import os
import smtplib
import ssl
import sys
from email.message import EmailMessage

MX, SUBMISSION, SUBMISSIONS = map(int, sys.argv[1:4])
CERTIFICATE, MAIL = sys.argv[4:6]
HOST = "127.0.0.1"
TIMEOUT = 30
DATE = b"Wed, 25 Nov 2026 12:00:00 +0000"


class KnownName(ssl.SSLContext):
    """Checks the certificate against the server's name, though the connection goes to an address."""

    def wrap_socket(self, *args, **kwargs):
        kwargs["server_hostname"] = "mail.example.org"
        return super().wrap_socket(*args, **kwargs)


def context():
    context = KnownName(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(CERTIFICATE)
    return context


def stranger():
    client = smtplib.SMTP(HOST, MX, "client.example", TIMEOUT)
    client.ehlo()
    return client


def over_starttls():
    client = smtplib.SMTP(HOST, SUBMISSION, "client.example", TIMEOUT)
    client.starttls(context=context())
    client.ehlo()
    return client


def over_tls():
    client = smtplib.SMTP_SSL(HOST, SUBMISSIONS, "client.example", timeout=TIMEOUT, context=context())
    client.ehlo()
    return client


def log_in(client, mechanism, initial_response=True):
    client.user, client.password = "alice", "secret"
    answer = getattr(client, "auth_" + mechanism.lower())
    code, text = client.auth(mechanism, answer, initial_response_ok=initial_response)
    assert code == 235, (mechanism, code, text)
    return client


def lines(octets):
    return octets.replace(b"\r\n", b"\n")


def stored(user):
    """What is in a mailbox, behind the fields that the server wrote."""
    folder = os.path.join(MAIL, user)
    if not os.path.isdir(folder):
        return []
    mails = mailbox.Maildir(folder, create=False)
    assert all(mails.get_message(key).get_subdir() == "new" for key in mails.keys())
    # The first field that the sender wrote is always the same.
    return sorted(octets[octets.index(b"Subject: ") :] for octets in map(mails.get_bytes, mails.keys()))


def raw(subject, body):
    # With all that a submission server would add.
    fields = b"From: alice@example.org\r\nDate: " + DATE + b"\r\nMessage-ID: <1@client.example>\r\n"
    return b"Subject: " + subject + b"\r\n" + fields + b"\r\n" + body


def refused(code, status, call, *arguments):
    """What smtplib makes of a refusal: an error, or a reply."""
    try:
        answer = call(*arguments)
    except smtplib.SMTPRecipientsRefused as error:
        answer = next(iter(error.recipients.values()))
    except smtplib.SMTPResponseException as error:
        answer = (error.smtp_code, error.smtp_error)
    assert answer[0] == code and answer[1].startswith(status), answer


def send_by_each_login():
    sent = []
    for connect in (over_starttls, over_tls):
        for mechanism in ("PLAIN", "LOGIN"):
            for initial_response in (True, False):
                name = f"{connect.__name__} {mechanism} {initial_response}".encode()
                message = raw(name, b".\r\n..\r\n.dot\r\n\r\n" + bytes(range(128, 256)) + b"\r\n")
                with log_in(connect(), mechanism, initial_response) as client:
                    options = ["BODY=8BITMIME"]
                    assert client.sendmail("alice@example.org", ["bob@example.org"], message, options) == {}
                sent.append(lines(message))
    return sent


def send_an_email_message():
    message = EmailMessage()
    message["Subject"] = "Grüße"
    message["From"] = "alice@example.org"
    message["To"] = "alice@example.org, bob@example.org"
    message["Cc"] = "postmaster@example.org"
    message["Date"] = DATE.decode()
    message["Message-ID"] = "<2@client.example>"
    message.set_content("Umlaute: äöü\n.\n..two\n" * 3, cte="8bit")
    with over_starttls() as client:
        client.login("alice", "secret")
        assert client.send_message(message) == {}
    return lines(message.as_bytes())


def send_a_long_one():
    message = raw(b"long", b"." + b"0123456789abcdef" * 4 + b"\r\n")
    message += (b"." + b"0123456789abcdef" * 4 + b"\r\n") * (2 * 1024 * 1024 // 67)
    with log_in(over_tls(), "PLAIN") as client:
        assert client.sendmail("alice@example.org", ["alice@example.org"], message) == {}
        # The connection is as good as new behind it.
        assert client.noop()[0] == 250
    return lines(message)


def send_several_in_one_session():
    sent = []
    with stranger() as client:
        for number in range(5):
            message = raw(b"number %d" % number, b"")
            assert client.sendmail("a@example.com", ["alice@example.org"], message) == {}
            sent.append(lines(message))
    return sent


def some_recipients_are_refused():
    message = raw(b"some", b"text\r\n")
    with stranger() as client:
        to = ["nobody@example.org", "bob@example.org", "user@example.net"]
        answers = client.sendmail("a@example.com", to, message)
    assert {name: code for name, (code, _) in answers.items()} == {
        "nobody@example.org": 550,
        "user@example.net": 550,
    }
    assert answers["nobody@example.org"][1].startswith(b"5.1.1 ")
    assert answers["user@example.net"][1].startswith(b"5.7.1 ")
    return lines(message)


def send_with_addresses_in_utf8():
    message = EmailMessage(policy=email.policy.SMTPUTF8)
    message["Subject"] = "Grüße"
    message["From"] = "jörg@bücher.example"
    message["To"] = "alice@example.org"
    message.set_content("Umlaute: äöü\n", cte="8bit")
    with stranger() as client:
        # It asks for SMTPUTF8 by itself.
        assert client.send_message(message) == {}
    return lines(message.as_bytes())


def ask_for_names():
    with stranger() as client:
        refused(550, b"5.7.1 ", client.verify, "alice")
        refused(550, b"5.7.1 ", client.expn, "alice")
    with log_in(over_starttls(), "LOGIN") as client:
        code, text = client.verify("alice")
        assert code == 250 and b"alice@example.org" in text, (code, text)
        code, text = client.expn("alice")
        assert code in (250, 550) and b"5.7.1" not in text, (code, text)
        refused(550, b"5.1.1 ", client.verify, "nobody")


def refusals():
    message = raw(b"never", b"")
    with stranger() as client:
        refused(550, b"5.7.1 ", client.sendmail, "a@example.com", "user@example.net", message)
    with over_starttls() as client:
        refused(530, b"5.7.0 ", client.sendmail, "a@example.com", "alice@example.org", message)
        refused(535, b"5.7.8 ", client.login, "alice", "wrong")
    with over_tls() as client:
        refused(535, b"5.7.8 ", client.login, "mallory", "secret")
    client = smtplib.SMTP(HOST, SUBMISSION, "client.example", TIMEOUT)
    with client:
        client.ehlo()
        assert not client.has_extn("auth") and client.has_extn("starttls")
        refused(530, b"5.7.0 ", client.docmd, "AUTH", "PLAIN")


def main():
    bob = send_by_each_login()
    both = send_an_email_message()
    alice = [send_a_long_one(), *send_several_in_one_session(), both, send_with_addresses_in_utf8()]
    bob += [some_recipients_are_refused(), both]
    ask_for_names()
    refusals()
    assert stored("postmaster") == [both]
    assert stored("alice") == sorted(alice)
    assert stored("bob") == sorted(bob)
    print("all as it should be")


main()
