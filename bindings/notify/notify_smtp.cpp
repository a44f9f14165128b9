// The driver `smtp`: messages as e-mails, those of one incident in one thread.
#include <algorithm>

#include "bindings/notify/notify.h"
#include "bindings/notify/notify_notice.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/files.h"
#include "interpreter/base/findings.h"
#include "interpreter/base/http_headers.h"
#include "interpreter/base/json.h"
#include "interpreter/base/mail.h"

namespace perilune {

namespace {

constexpr Setting settings_table[] = {
    {.name = "server", .doc = "smtp://host:587, or smtps://host:465 where TLS comes first."},
    {.name = "from", .doc = "The sender: ops@example.com, or Ops <ops@example.com>."},
    {.name = "to", .type = Type::list, .doc = "The receivers' addresses."},
    {.name = "user", .doc = "For AUTH; left out, none is made.", .need = Need::optional},
    {.name = "password",
     .doc = "The user's password.",
     .need = Need::optional,
     .may_be_secret = true},
    {.name = "tls",
     .doc = "\"required\": nothing is sent without TLS; \"none\": for a relay on this machine.",
     .need = Need::optional,
     .fallback = "required",
     .choices = "required|none"},
    {.name = "certificate_authority",
     .doc = "A PEM file with the authority to trust instead of the system's.",
     .need = Need::optional},
    {.name = "timeout",
     .type = Type::duration,
     .doc = "How long one message may take: a dead mail server must not hold up a recovery.",
     .need = Need::optional,
     .fallback = "20s"},
};

constexpr std::string_view operation_names[] = {"send", "open", "update", "resolve"};

struct Mailer {
    Loop& loop;
    std::string target;
    MailServer server;
    Value password;
    std::string from;
    std::vector<std::string> to;
    double timeout_s = 20;
};
using MailerPointer = std::shared_ptr<const Mailer>;

std::string domain_of(const std::string& sender) {
    const std::string address = mail_address(sender);
    return address.substr(address.find('@') + 1);
}

// The id by which a receiver's program knows a mail that it has already; the thread's is the same
// for every message of one incident (RFC 5322, 3.6.4).
std::string message_id(const std::string& seed, const std::string& domain) {
    return "<" + to_hex(sha256(seed)).substr(0, 32) + "@" + domain + ">";
}

std::string subject_of(const Call& call) {
    const Value& arguments = call.arguments;
    const std::string severity = arguments["severity"].text();
    std::string subject;
    if (arguments.has("key")) {
        const std::string verb = call.operation == "open"      ? ""
                                 : call.operation == "resolve" ? "resolved: "
                                                               : "update: ";
        subject = "[" + arguments["key"].text() + "] " + verb;
    }
    if (call.operation == "open" || call.operation == "send")
        if (severity == "critical" || severity == "error") subject += severity + ": ";
    for (const auto* name : {"title", "summary", "text"})
        if (arguments.has(name)) {
            const std::string& text = arguments[name].text();
            return subject + text.substr(0, text.find('\n'));
        }
    return subject;
}

std::string body_of(const Call& call) {
    const Value& arguments = call.arguments;
    std::string body;
    const auto add = [&](const std::string& text) { body += text + "\r\n"; };
    for (const auto* name : {"title", "summary", "text", "detail"})
        if (arguments.has(name)) add(arguments[name].text());
    if (arguments.has("state")) add("State: " + arguments["state"].text());
    if (arguments.has("severity")) add("Severity: " + arguments["severity"].text());
    for (const auto& component : arguments["components"].list())
        add("Affected: " + component.text());
    for (const auto& [name, value] : arguments["fields"].map())
        add(name + ": " + (value.is_text() ? value.text() : to_json(value)));
    for (const auto& link : arguments["links"].list()) add(link.text());
    return body;
}

Mail mail_of(const Mailer& mailer, const Call& call) {
    const std::string domain = domain_of(mailer.from);
    Mail mail;
    mail.from = mailer.from;
    mail.to = mailer.to;
    if (call.arguments.has("to")) mail.to = {call.arguments["to"].text()};
    mail.subject = subject_of(call);
    mail.text = body_of(call);
    const std::string thread = message_id(call.target + "|" + call.arguments["key"].text(), domain);
    const bool begins = call.operation == "open";
    mail.headers = {{"Message-ID", begins ? thread : message_id(call.key, domain)},
                    {"Auto-Submitted", "auto-generated"}};
    if (call.arguments.has("key") && !begins) {
        mail.headers.emplace_back("In-Reply-To", thread);
        mail.headers.emplace_back("References", thread);
    }
    return mail;
}

Result<MailServer> server_of(const Mailer& mailer, const Call& call) {
    MailServer server = mailer.server;
    if (mailer.password.is_nil()) return server;
    auto password = open_text(call, mailer.password);
    if (!password) return password.error();
    server.password = std::move(*password);
    return server;
}

// Says who we are, and leaves.
Result<Value> examine(const Mailer& mailer, const Call& call) {
    Findings found(call);
    const auto server = server_of(mailer, call);
    if (!server) return server.error();
    const double deadline_s = std::min(call.deadline_s, boot_now_s() + mailer.timeout_s);
    const Status let_in = try_mail_server(*server, deadline_s);
    if (let_in)
        found.well("the mail server is there" +
                   (server->user.empty() ? std::string() : " and knows the user"));
    else if (let_in.error().code == "credentials_refused")
        found.refused(let_in.error().message);
    else
        found.problem(let_in.error().message);
    found.unchecked("whether the server takes mails from " + mailer.from + " to these receivers");
    return found.value();
}

Outcome post(const Mailer& mailer, const Call& call) {
    const Mail mail = mail_of(mailer, call);
    for (const auto& receiver : mail.to)
        if (mail_address(receiver).empty())
            return undelivered(call, fail("bad_argument", call.target + ": \"" + receiver +
                                                              "\" is no mail address."));
    const auto server = server_of(mailer, call);
    if (!server) return undelivered(call, server.error());
    const double deadline_s = std::min(call.deadline_s, boot_now_s() + mailer.timeout_s);
    const Status sent = send_mail(*server, mail, deadline_s);
    if (sent) return delivered(call, true, mail.headers[0].second);
    Error error = sent.error();
    error.message = call.target + ": " + error.message;
    return undelivered(call, error);
}

Awaitable<Result<Before>> before_post(Call* call) { co_return before_message(*call); }

Result<Driver> make(const Settings& settings, Services& services) {
    const Value& values = settings.values;
    auto mailer = std::make_shared<Mailer>(Mailer{.loop = services.loop,
                                                  .target = settings.target,
                                                  .server = {},
                                                  .password = values["password"],
                                                  .from = values["from"].text(),
                                                  .to = {},
                                                  .timeout_s = values["timeout"].number()});
    mailer->server.url = values["server"].text();
    mailer->server.needs_tls = values["tls"].text() != "none";
    mailer->server.user = values["user"].text();
    if (values.has("certificate_authority"))
        mailer->server.certificate_authority =
            path_below(settings.folder, values["certificate_authority"].text());
    const std::string& url = mailer->server.url;
    if (!url.starts_with("smtp://") && !url.starts_with("smtps://"))
        return fail("bad_setting", "server must be smtp://host:port or smtps://host:port.");
    for (const auto& receiver : values["to"].list()) mailer->to.push_back(receiver.text());
    for (const auto& address : mailer->to)
        if (mail_address(address).empty())
            return fail("bad_setting", "to: \"" + address + "\" is no mail address.");
    if (mail_address(mailer->from).empty() || mailer->to.empty())
        return fail("bad_setting", "from and to must be mail addresses, such as ops@example.com.");
    Driver driver;
    driver.state = mailer;
    driver.examine = [mailer = MailerPointer(mailer)](Call& call) {
        return off_loop<Result<Value>>(mailer->loop,
                                       [mailer, &call] { return examine(*mailer, call); });
    };
    for (const auto& name : operation_names) {
        Handler handler;
        handler.before = [](Call& call) { return before_post(&call); };
        handler.act = [mailer = MailerPointer(mailer)](Call& call, const Value&) {
            return off_loop<Outcome>(mailer->loop, [mailer, &call] { return post(*mailer, call); });
        };
        driver.operations.emplace(name, std::move(handler));
    }
    return driver;
}

}  // namespace

extern constinit const DriverKind notify_smtp_kind = {
    .family = "notify",
    .name = "smtp",
    .doc =
        "Sends each message as an e-mail. The messages of one incident are one thread; a mail "
        "that is sent again after a lost answer has the same Message-ID.",
    .settings = settings_table,
    .operations = operation_names,
    .make = make,
    .doctor_checks = "the server, its TLS, the user and the password (EHLO, STARTTLS, AUTH)",
    .doctor_cannot = "whether the server takes mails from that sender to those receivers",
};

}  // namespace perilune
