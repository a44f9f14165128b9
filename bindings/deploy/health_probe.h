// Asks an instance whether it is healthy: one GET over HTTP/1.0, healthy where the answer's status
// is 2xx. Small, without a library: the supervisor uses it too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "interpreter/base/files.h"

namespace perilune {

class HealthProbe {
public:
    enum class State { idle, asking, healthy, unhealthy };

    // Begins to ask; `host` is a numeric address, IPv4 or IPv6. Never waits.
    void start(const std::string& host, int port, const std::string& path, double until_s);
    // Goes on as far as it can without waiting. `now_s` and `until_s` are of one clock.
    State step(double now_s);

    int fd() const { return socket_.get(); }  // -1 where there is nothing to wait for.
    short events() const;                     // What poll is to wait for.
    State state() const { return state_; }

private:
    void take(std::string_view piece, double now_s);
    void judge();

    State state_ = State::idle;
    Descriptor socket_;
    std::string to_send_;
    std::string received_;
    std::size_t read_bytes_ = 0;
    int status_ = 0;
    double until_s_ = 0;
};

// Whether each of the ports answers healthy; asks all at once, for at most `within_s`.
std::vector<bool> probe_ports(const std::string& host, const std::vector<int>& ports,
                              const std::string& path, double within_s);

}  // namespace perilune
