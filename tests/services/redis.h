// A Redis server, plain or with TLS and a password, alone or following another.
#pragma once

#include <string>

#include "tests/services/service.h"

namespace perilune::test {

struct RedisWish {
    std::string password;
    std::string certificate_pem;  // With the key: TLS only.
    std::string key_pem;
    int follows = 0;  // The port of another one.
};

class RedisServer {
public:
    explicit RedisServer(const RedisWish& wish = {});

    int port() const { return port_; }
    std::string url() const {
        return (tls_ ? "rediss" : "redis") + ("://localhost:" + std::to_string(port_));
    }
    // What redis-cli prints for a command; of a server without TLS.
    std::string cli(const std::vector<std::string>& words) const;
    Service& service() { return service_; }

private:
    ServiceFolder folder_;
    Service service_;
    int port_ = free_port();
    bool tls_ = false;
    std::string password_;
};

}  // namespace perilune::test
