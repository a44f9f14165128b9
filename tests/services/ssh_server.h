// An sshd of the test's own: its own host key, login by one key, as the user who runs the test.
#pragma once

#include <string>
#include <vector>

#include "tests/services/service.h"

namespace perilune::test {

class SshServer {
public:
    // `more` are further lines of sshd_config.
    explicit SshServer(const std::string& more = "");
    ~SshServer();

    int port() const { return port_; }
    std::string user() const;
    std::string identity() const { return folder_.at("client"); }  // The private key's path.
    std::string known_hosts() const { return folder_.at("known_hosts"); }
    // A key that nobody knows; its path.
    std::string other_key() const;
    // The lines that known_hosts has for this server, with the key of `path`.
    std::string host_line(const std::string& path) const;

    // Also takes the key that lies at `path`.
    void let_in(const std::string& path) const;
    std::string log() const { return service_.log(); }

    // As a machine that is cut off: sshd and its sessions end at once, what they started does not.
    void cut_off();
    void start();
    // As a network that loses every packet: connections stay and nothing answers.
    void freeze() const;
    void thaw() const;

private:
    std::vector<int> processes() const;  // sshd and those that serve sessions, none else.

    ServiceFolder folder_;
    Service service_;
    int port_ = free_port();
};

}  // namespace perilune::test
