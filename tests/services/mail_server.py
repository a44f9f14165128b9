"""An SMTP server with an inbox: mail_server.py PORT INBOX [CERTIFICATE KEY] [OPTIONS]

Each mail is kept as INBOX/NUMBER.eml. What stands in INBOX/fault decides about the next mails:
"refuse" (550), "defer" (451) or "drop" (keeps the mail and closes without an answer).
"""
import argparse
import asyncio
import pathlib
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Inbox:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        fault = self.folder / "fault"
        what = fault.read_text().strip() if fault.exists() else ""
        if what == "refuse":
            return "550 5.7.1 not wanted here"
        if what == "defer":
            return "451 4.3.0 come back later"
        self.count += 1
        receivers = "X-Receivers: " + ", ".join(envelope.rcpt_tos) + "\r\n"
        part = self.folder / f"{self.count}.part"
        part.write_bytes(receivers.encode() + envelope.content)
        part.rename(self.folder / f"{self.count}.eml")
        if what == "drop":
            server.transport.abort()
            await asyncio.sleep(60)
        return "250 OK"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("port", type=int)
    options.add_argument("inbox")
    options.add_argument("certificate", nargs="?")
    options.add_argument("key", nargs="?")
    options.add_argument("--address", default="127.0.0.1")
    options.add_argument("--user")
    options.add_argument("--password")
    given = options.parse_args()
    more = {
}
    if given.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(given.certificate, given.key)
        more = {"tls_context": context, "require_starttls": True}

    def authenticate(server, session, envelope, mechanism, data):
        well = (data.login, data.password) == (given.user.encode(), given.password.encode())
        return AuthResult(success=well, handled=False)

    if given.user:
        more |= {"authenticator": authenticate, "auth_required": True,
                 "auth_require_tls": bool(given.certificate)}
    Controller(Inbox(given.inbox), hostname=given.address, port=given.port,
               **more).start()
    asyncio.new_event_loop().run_forever()


main()
