// An SMTP server with an inbox that a test can read, break and lock.
#pragma once

#include <string>
#include <vector>

#include "tests/services/service.h"

namespace perilune::test {

struct MailServerWish {
    std::string certificate_pem;  // With both: STARTTLS, and nothing without it.
    std::string key_pem;
    std::string user;  // With both: AUTH, and nothing without it.
    std::string password;
};

class MailInbox {
public:
    // False, and the test says so, where Debian's python3-aiosmtpd is missing.
    static bool installed();
    explicit MailInbox(const MailServerWish& wish = {});

    std::string url() const { return "smtp://localhost:" + std::to_string(port_); }
    // The mails that were taken, in order, as they stood on the wire.
    std::vector<std::string> mails() const;
    void fault(const std::string& what) const { folder_.write("inbox/fault", what); }

private:
    ServiceFolder folder_;
    Service service_;
    int port_ = free_port();
};

}  // namespace perilune::test
