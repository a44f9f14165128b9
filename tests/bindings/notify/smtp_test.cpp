// The notify driver smtp against a real server; the inbox says what came.
#include <doctest/doctest.h>

#include "bindings/notify/notify.h"
#include "interpreter/base/json.h"
#include "interpreter/base/mail.h"
#include "tests/services/mail_server.h"
#include "tests/support/certificates.h"
#include "tests/support/notify_conformance.h"

namespace perilune::test {

namespace {

Value settings_for(const MailInbox& inbox) {
    return fields("server", inbox.url(), "from", "Ops <ops@example.com>", "to",
                  List{"oncall@example.com", "lead@example.com"}, "tls", "none");
}

std::string body_of(const std::string& mail) {
    std::string encoded = mail.substr(mail.find("\r\n\r\n") + 4);
    std::erase(encoded, '\r');
    std::erase(encoded, '\n');
    const auto text = from_base64(encoded);
    return text ? *text : "";
}

std::string header_of(const std::string& mail, const std::string& name) {
    const auto at = mail.find("\r\n" + name + ": ");
    if (at == std::string::npos) return "";
    const auto begin = at + name.size() + 4;
    return mail.substr(begin, mail.find("\r\n", begin) - begin);
}

const Value opening = fields("key", "outage", "summary", "The région is gone", "severity",
                             "critical", "detail", "eu-west is dark");

}  // namespace

TEST_CASE("smtp_conforms_to_the_notify_family") {
    if (!MailInbox::installed()) return;
    check_notify_conformance([] {
        const auto inbox = std::make_shared<MailInbox>();
        const auto rig =
            std::make_shared<DriverRig>(notify_family, notify_smtp_kind, "notify/mail");
        REQUIRE(rig->make(settings_for(*inbox)).ok());
        return NotifySubject{.rig = rig,
                             .count = [inbox] { return inbox->mails().size(); },
                             .break_channel = [inbox] { inbox->fault("refuse"); },
                             .channel = inbox};
    });
}

TEST_CASE("the_mails_of_one_incident_are_one_thread") {
    if (!MailInbox::installed()) return;
    MailInbox inbox;
    DriverRig rig(notify_family, notify_smtp_kind, "notify/mail");
    REQUIRE(rig.make(settings_for(inbox)).ok());
    REQUIRE(rig.change("open", opening).done());
    REQUIRE(rig.change("resolve", fields("key", "outage", "text", "Served again")).done());
    const auto mails = inbox.mails();
    REQUIRE(mails.size() == 2);
    CHECK(mails[0].find("X-Receivers: oncall@example.com, lead@example.com") == 0);
    CHECK(header_of(mails[0], "From") == "\"Ops\" <ops@example.com>");
    CHECK(header_of(mails[0], "Subject").find("=?UTF-8?B?") == 0);
    CHECK(body_of(mails[0]).find("The région is gone\r\neu-west is dark\r\n") == 0);
    CHECK_FALSE(header_of(mails[0], "Message-ID").empty());
    CHECK(header_of(mails[1], "In-Reply-To") == header_of(mails[0], "Message-ID"));
    CHECK(header_of(mails[1], "Subject") == "[outage] resolved: Served again");
}

TEST_CASE("a_lost_answer_is_shown_as_maybe_sent_and_a_deferral_as_not") {
    if (!MailInbox::installed()) return;
    MailInbox inbox;
    DriverRig rig(notify_family, notify_smtp_kind, "notify/mail");
    REQUIRE(rig.make(settings_for(inbox)).ok());
    const Value loud = fields("text", "hello", "on_undelivered", "fail");
    inbox.fault("drop");
    CHECK(rig.change("send", loud).kind() == "unknown");
    CHECK(inbox.mails().size() == 1);
    inbox.fault("defer");
    CHECK(rig.change("send", loud).kind() == "not_sent");
    inbox.fault("refuse");
    CHECK(rig.change("send", loud).kind() == "failed");
    CHECK(inbox.mails().size() == 1);
}

TEST_CASE("nothing_is_said_without_tls_and_a_password_only_within_it") {
    if (!MailInbox::installed()) return;
    const CertificateAuthority authority;
    const IssuedCertificate identity = authority.issue();
    MailInbox inbox({.certificate_pem = identity.certificate_pem,
                     .key_pem = identity.key_pem,
                     .user = "ops",
                     .password = "pass-w0rd"});
    Value settings = settings_for(inbox);
    settings.set("tls", "required").set("user", "ops").set("password", make_secret("MAIL"));
    settings.set("certificate_authority", authority.path());
    DriverRig rig(notify_family, notify_smtp_kind, "notify/mail");
    rig.secrets["MAIL"] = "pass-w0rd";
    REQUIRE(rig.make(settings).ok());
    const Changed sent = rig.change("open", opening);
    CHECK_MESSAGE(sent.outcome.value["delivered"].boolean(), to_json(sent.outcome.value));
    rig.secrets["MAIL"] = "another-one";
    const Changed refused = rig.change("open", opening);
    CHECK_MESSAGE(refused.outcome.value["error"]["code"].text() == "credentials_refused",
                  to_json(refused.outcome.value));
    CHECK(to_json(refused.outcome.value).find("another-one") == std::string::npos);
    settings.set("certificate_authority", Value());
    DriverRig distrusts(notify_family, notify_smtp_kind, "notify/mail");
    distrusts.secrets["MAIL"] = "pass-w0rd";
    REQUIRE(distrusts.make(settings).ok());
    CHECK(distrusts.change("open", opening).outcome.value["error"]["code"].text() == "tls_failed");
    MailInbox bare;
    settings.set("server", bare.url());
    DriverRig demands(notify_family, notify_smtp_kind, "notify/mail");
    demands.secrets["MAIL"] = "pass-w0rd";
    REQUIRE(demands.make(settings).ok());
    CHECK(demands.change("open", opening).outcome.value["error"]["code"].text() == "tls_failed");
    CHECK(bare.mails().empty());
    CHECK(inbox.mails().size() == 1);
}

TEST_CASE("no_address_can_add_a_header_or_a_receiver") {
    CHECK(mail_address("Ops <ops@example.com>") == "ops@example.com");
    for (const auto* wrong : {"ops", "@example.com", "ops@", "a@b.c\r\nBcc: d@e.f", "a@b.c, d@e.f",
                              "<a@b.c>\r\nX: <d@e.f", "a b@c.d"})
        CHECK_MESSAGE(mail_address(wrong).empty(), wrong);
    Mail mail{.from = "a@b.c", .to = {"d@e.f"}, .subject = "one\r\nBcc: x@y.z", .text = "t"};
    CHECK(mail_text(mail, 0).find("\r\nSubject: one  Bcc: x@y.z\r\n") != std::string::npos);
    CHECK(mail_text(mail, 0).find("Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n") == 0);
}

}  // namespace perilune::test
