#include "interpreter/drill/host_process.h"

#include <array>
#include <cmath>
#include <cstdio>

#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/base/units.h"

namespace perilune {

namespace {

constexpr double forever_s = 86400;

std::string last_line(const std::string& text) {
    const auto end = text.find_last_not_of('\n');
    if (end == std::string::npos) return {};
    const auto begin = text.find_last_of('\n', end);
    return text.substr(begin == std::string::npos ? 0 : begin + 1,
                       end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

}  // namespace

std::shared_ptr<HostProcess> start_host(Loop& loop, const std::string& program,
                                        std::vector<std::string> arguments) {
    auto host = std::make_shared<HostProcess>();
    Program made;
    made.argv = std::move(arguments);
    made.argv.insert(made.argv.begin(), program);
    for (char** variable = environ; *variable; ++variable)
        if (!std::string_view(*variable).starts_with("PERILUNE_STATE="))
            made.environment.emplace_back(*variable);
    made.on_start = [host](int pid) { host->pid = pid; };
    start_task(
        run_program(loop, std::move(made), std::make_shared<Cancel>(), boot_now_s() + forever_s),
        [host](Ended end) {
            host->end = std::move(end);
            host->ended = true;
        });
    return host;
}

bool ended_well(const HostProcess& host) { return host.end.started && host.end.exit_code == 0; }

std::string problem_of(const HostProcess& host) {
    const auto told = from_json(last_line(host.end.output));
    std::string problem = last_line(host.end.errors);
    if (told && told->has("error")) {
        problem = (*told)["error"]["message"].text();
    } else if (told) {
        problem = (*told)[told->has("reason") ? "reason" : "sentence"].text();
    }
    if (!problem.empty()) return problem;
    return host.end.error + " exit code " + std::to_string(host.end.exit_code);
}

std::string exact_time(double unix_s) {
    std::array<char, 8> fraction{};
    const double whole = std::floor(unix_s);
    std::snprintf(fraction.data(), fraction.size(), ".%03dZ",
                  static_cast<int>((unix_s - whole) * 1000) % 1000);
    std::string text = show_time(whole);
    text.pop_back();
    return text + fraction.data();
}

}  // namespace perilune
