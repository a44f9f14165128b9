// A PowerDNS Authoritative Server with an empty zone example.org and its HTTP API.
#pragma once

#include <string>

#include "tests/services/service.h"

namespace perilune::test {

class PowerDns {
public:
    PowerDns();

    std::string api() const { return "http://127.0.0.1:" + std::to_string(api_port_); }
    std::string server() const { return "127.0.0.1:" + std::to_string(port_); }
    int port() const { return port_; }
    static constexpr const char* key = "a-key-of-the-test";

private:
    ServiceFolder folder_;
    Service service_;
    int port_ = free_port();
    int api_port_ = free_port();
};

}  // namespace perilune::test
