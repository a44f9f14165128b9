#include "tests/services/redis.h"

namespace perilune::test {

RedisServer::RedisServer(const RedisWish& wish)
    : tls_(!wish.certificate_pem.empty()), password_(wish.password) {
    const std::string port = std::to_string(port_);
    std::vector<std::string> argv = {"redis-server", "--bind",       "127.0.0.1", "-::1",
                                     "--dir",        folder_.path(), "--save",    ""};
    if (tls_) {
        folder_.write("certificate.pem", wish.certificate_pem);
        folder_.write("key.pem", wish.key_pem, 0600);
        argv.insert(argv.end(), {"--port", "0", "--tls-port", port, "--tls-cert-file",
                                 folder_.at("certificate.pem"), "--tls-key-file",
                                 folder_.at("key.pem"), "--tls-ca-cert-file",
                                 folder_.at("certificate.pem"), "--tls-auth-clients", "no"});
    } else {
        argv.insert(argv.end(), {"--port", port});
    }
    if (!password_.empty()) argv.insert(argv.end(), {"--requirepass", password_});
    if (wish.follows > 0)
        argv.insert(argv.end(), {"--replicaof", "127.0.0.1 " + std::to_string(wish.follows)});
    service_.start(argv, [this] { return accepts(port_); });
}

std::string RedisServer::cli(const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {"redis-cli", "-h", "127.0.0.1", "-p", std::to_string(port_)};
    argv.insert(argv.end(), words.begin(), words.end());
    std::map<std::string, std::string> environment;
    if (!password_.empty()) environment["REDISCLI_AUTH"] = password_;
    return run_to_end(argv, environment).output;
}

}  // namespace perilune::test
