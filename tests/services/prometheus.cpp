#include "tests/services/prometheus.h"

#include <stdexcept>
#include <thread>

#include "tests/support/loop_rig.h"

namespace perilune::test {

namespace {

std::string ask(const std::string& method, const std::string& url) {
    LoopRig rig;
    HttpRequest request;
    request.method = method;
    request.url = url;
    const auto answer = rig.await(rig.http().send(request, std::make_shared<Cancel>()));
    return answer ? answer->body : "";
}

}  // namespace

PrometheusServer::PrometheusServer(const std::vector<std::string>& samples) {
    // A file a span: promtool makes a block for every two hours between a file's first sample and
    // its last.
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const std::string name = "samples" + std::to_string(i);
        folder_.write(name, samples[i] + "# EOF\n");
        const ProgramEnd made = run_to_end({"promtool", "tsdb", "create-blocks-from", "openmetrics",
                                            folder_.at(name), folder_.at("data")});
        if (made.code != 0) throw std::runtime_error("Prometheus's samples: " + made.output);
    }
    write_rule("ok");
    folder_.write("prometheus.yml", "global: { evaluation_interval: 100ms }\nrule_files: [ " +
                                        folder_.at("rules.yml") + " ]\n");
    service_.start(
        {"prometheus", "--config.file=" + folder_.at("prometheus.yml"),
         "--storage.tsdb.path=" + folder_.at("data"), "--storage.tsdb.retention.time=100y",
         "--web.enable-lifecycle", "--web.listen-address=127.0.0.1:" + std::to_string(port_)},
        [this] {
            return accepts(port_) &&
                   ask("GET", url() + "/-/ready").find("Ready") != std::string::npos;
        });
    set_alarm("ok");
}

void PrometheusServer::write_rule(const std::string& state) const {
    folder_.write("rules.yml",
                  "groups: [ { name: shop, rules: [ { alert: errors, expr: vector(1) > " +
                      std::string(state == "firing" ? "0" : "2") + " } ] } ]\n");
}

void PrometheusServer::set_alarm(const std::string& state) {
    write_rule(state);
    ask("POST", url() + "/-/reload");
    const std::string wanted = R"("state":")" +
                               std::string(state == "firing" ? "firing" : "inactive") +
                               R"(","name":"errors")";
    const double ends_s = boot_now_s() + 20;
    while (ask("GET", url() + "/api/v1/rules").find(wanted) == std::string::npos) {
        if (boot_now_s() > ends_s) throw std::runtime_error("Prometheus's rule is not " + state);
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

Alertmanager::Alertmanager() {
    folder_.write("alertmanager.yml",
                  "route: { receiver: nobody }\nreceivers: [ { name: nobody } ]\n");
    service_.start({"prometheus-alertmanager", "--config.file=" + folder_.at("alertmanager.yml"),
                    "--storage.path=" + folder_.at("data"), "--cluster.listen-address=",
                    "--web.listen-address=127.0.0.1:" + std::to_string(port_)},
                   [this] { return accepts(port_) && ask("GET", url() + "/-/ready") == "OK"; });
}

ProgramEnd Alertmanager::amtool(std::vector<std::string> words) const {
    words.insert(words.begin(), {"amtool", "--alertmanager.url=" + url()});
    return run_to_end(words);
}

}  // namespace perilune::test
