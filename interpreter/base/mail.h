// One e-mail handed to a mail server by SMTP (RFC 5321), and an honest answer to "was it taken?".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

struct MailServer {
    std::string url;        // "smtp://host:587", "smtps://host:465"
    bool needs_tls = true;  // smtp: STARTTLS is demanded before anything is said.
    std::string user;       // Empty: no AUTH.
    std::string password;
    std::string certificate_authority;  // Path of a PEM file; empty: the system's.
};

struct Mail {
    std::string from;             // "ops@example.com" or "Ops <ops@example.com>"
    std::vector<std::string> to;  // Likewise.
    std::string subject;          // UTF-8, one line.
    std::string text;             // UTF-8.
    std::vector<std::pair<std::string, std::string>> headers;  // Message-ID, In-Reply-To, …
};

// The address in "Ops <ops@example.com>"; empty where there is none, or it could end a line.
std::string mail_address(const std::string& text);

// The message as it goes over the wire (RFC 5322, RFC 2047): headers in ASCII, the text in base64.
std::string mail_text(const Mail& mail, double now_s);

// Blocks until the server has let us in, at most until `deadline_s`, and says nothing more: its
// address, TLS, user and password are well then. Errors as of send_mail.
Status try_mail_server(const MailServer& server, double deadline_s);

// Blocks until the server has taken the mail, at most until `deadline_s` on the boot clock: for use
// off the loop. An error's `retry` is `safe` where no message was sent, `unknown` where its end was
// sent and the answer lost, `never` where the server refused it for good (5xx).
Status send_mail(const MailServer& server, const Mail& mail, double deadline_s);

}  // namespace perilune
