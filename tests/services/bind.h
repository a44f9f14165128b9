// A BIND primary of the zone example.org that takes updates and transfers signed by a TSIG key.
#pragma once

#include <string>

#include "tests/services/service.h"

namespace perilune::test {

class BindPrimary {
public:
    explicit BindPrimary(const std::string& algorithm = "hmac-sha256");

    std::string server() const { return "127.0.0.1:" + std::to_string(port_); }
    int port() const { return port_; }
    const Service& service() const { return service_; }
    // What dig's +short prints for a name and type.
    std::string dig(const std::string& name, const std::string& type) const;
    static constexpr const char* key_name = "runbook";
    static constexpr const char* key = "c2VjcmV0IG9mIGEgdGVzdCBhbmQgb2Ygbm90aGluZyE=";

private:
    ServiceFolder folder_;
    Service service_;
    int port_ = free_port();
};

}  // namespace perilune::test
