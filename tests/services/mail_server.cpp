#include "tests/services/mail_server.h"

#include <cstdlib>
#include <filesystem>

#include <doctest/doctest.h>

namespace perilune::test {

namespace {

constexpr const char* python = "/usr/bin/python3";

std::string script() {
    const char* source = std::getenv("PERILUNE_SOURCE");
    return std::string(source ? source : ".") + "/tests/services/mail_server.py";
}

}  // namespace

bool MailInbox::installed() {
    if (!has_program(python)) return false;
    if (run_to_end({python, "-c", "import aiosmtpd"}).code == 0) return true;
    const char* ci = std::getenv("CI");
    if (ci && std::string(ci) == "true") FAIL_CHECK("python3-aiosmtpd is not installed");
    MESSAGE("skipped: python3-aiosmtpd is not installed");
    return false;
}

MailInbox::MailInbox(const MailServerWish& wish) {
    folder_.write("inbox/fault", "");
    std::vector<std::string> argv = {python, script(), std::to_string(port_), folder_.at("inbox")};
    if (!wish.certificate_pem.empty()) {
        folder_.write("certificate.pem", wish.certificate_pem);
        folder_.write("key.pem", wish.key_pem, 0600);
        argv.insert(argv.end(), {folder_.at("certificate.pem"), folder_.at("key.pem")});
    }
    if (!wish.user.empty())
        argv.insert(argv.end(), {"--user", wish.user, "--password", wish.password});
    service_.start(argv, [this] { return accepts(port_); });
}

std::vector<std::string> MailInbox::mails() const {
    std::vector<std::string> all;
    for (int number = 1;; ++number) {
        const std::string name = "inbox/" + std::to_string(number) + ".eml";
        if (!std::filesystem::exists(folder_.at(name))) return all;
        all.push_back(folder_.read(name));
    }
}

}  // namespace perilune::test
