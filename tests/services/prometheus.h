// Prometheus with samples and rules of the test's own, and its Alertmanager, as Debian has them.
#pragma once

#include <string>
#include <vector>

#include "tests/services/service.h"

namespace perilune::test {

// Its samples are given in OpenMetrics text, one text for each span of time; its alerting rule is
// "errors".
class PrometheusServer {
public:
    explicit PrometheusServer(const std::vector<std::string>& samples);

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    // Makes the rule "errors" fire or end, and waits until the server has read that.
    void set_alarm(const std::string& state);

private:
    void write_rule(const std::string& state) const;

    ServiceFolder folder_;
    Service service_;
    int port_ = free_port();
};

class Alertmanager {
public:
    Alertmanager();

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    // What its own client answers.
    ProgramEnd amtool(std::vector<std::string> words) const;

private:
    ServiceFolder folder_;
    Service service_;
    int port_ = free_port();
};

}  // namespace perilune::test
