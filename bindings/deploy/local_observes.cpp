// What the local driver reads at once: status, releases, artifacts, variables, logs.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "bindings/deploy/artifact.h"
#include "bindings/deploy/local_target.h"
#include "interpreter/base/kept_log.h"

namespace perilune {

namespace {

Result<Value> status(const LocalTarget& local) {
    const auto state = load_state(local.root);
    if (!state) return state.error();
    return app_value(*state, see_instances(local, *state));
}

Result<Value> releases(const LocalTarget& local, const Call& call) {
    const auto state = load_state(local.root);
    if (!state) return state.error();
    const auto limit = static_cast<std::size_t>(call.arguments["limit"].integer());
    List list;
    for (auto at = state->releases.rbegin(); at != state->releases.rend(); ++at)
        if (list.size() < limit) list.push_back(release_value(local, *at));
    return Value(std::move(list));
}

Result<Value> previous_release(const LocalTarget& local) {
    const auto state = load_state(local.root);
    if (!state) return state.error();
    const ReleaseRecord* found = rollback_target(*state);
    return found ? release_value(local, *found) : Value();
}

Result<Value> artifact(const LocalTarget& local, const Call& call) {
    const std::string& version = call.arguments["version"].text();
    if (!is_version(version)) return Value();
    const auto found = read_artifact(local.artifacts + "/" + version);
    if (!found) return found.error();
    if (!*found) return Value();
    Value value;
    value.set("version", version).set("digest", (*found)->digest);
    return value.set("size_bytes", (*found)->size_bytes).set("built_at", (*found)->built_at);
}

Result<Value> get_env(const LocalTarget& local, const Call& call) {
    const auto variables = load_variables(env_path(local.root));
    if (!variables) return variables.error();
    const List& names = call.arguments["names"].list();
    Value found;
    found.as_map();
    for (const auto& [name, variable] : *variables) {
        if (call.arguments.has("names") &&
            std::find(names.begin(), names.end(), Value(name)) == names.end())
            continue;
        const bool secret = !variable.secret.is_nil();
        found.set(name, secret ? Value().set("digest", variable.digest)
                               : Value().set("value", variable.value));
    }
    return found;
}

// The values of the secrets that instances were given, perhaps by a host that lives no more: this
// one has not opened them and so would not mask them.
using Given = std::map<std::string, std::string>;  // Value to the handle as it is shown.

void add_given(Given& given, const std::string& path) {
    const auto variables = load_variables(path);
    if (!variables) return;
    for (const auto& [name, variable] : *variables)
        if (variable.secret.is_secret() && !variable.value.empty())
            given.emplace(variable.value, show_secret(*variable.secret.secret()));
}

Given given_secrets(const LocalTarget& local) {
    Given given;
    add_given(given, env_path(local.root));
    std::error_code code;
    for (const auto& entry :
         std::filesystem::directory_iterator(local.root + "/environments", code))
        add_given(given, entry.path().string());
    return given;
}

std::string without(const Given& given, std::string text) {
    for (const auto& [value, shown] : given)
        for (auto at = text.find(value); at != std::string::npos;
             at = text.find(value, at + shown.size()))
            text.replace(at, value.size(), shown);
    return text;
}

Result<Value> logs(const LocalTarget& local, const Call& call) {
    LogQuery query;
    query.since = call.arguments["since"].number();
    if (call.arguments.has("to")) query.to = call.arguments["to"].number();
    query.contains = call.arguments["contains"].text();
    query.lines_max = static_cast<std::size_t>(call.arguments["lines_max"].integer());
    bool truncated = false;
    std::vector<std::pair<LogLine, std::string>> lines;
    std::error_code code;
    for (const auto& entry : std::filesystem::directory_iterator(local.root + "/run", code)) {
        const std::string source = "instance " + entry.path().filename().string();
        for (auto& line : read_log(entry.path().string() + "/log", query, truncated))
            lines.emplace_back(std::move(line), source);
    }
    std::stable_sort(lines.begin(), lines.end(), [](const auto& one, const auto& other) {
        return one.first.at < other.first.at;
    });
    if (lines.size() > query.lines_max) {
        truncated = true;
        lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(query.lines_max));
    }
    const Given given = given_secrets(local);
    List shown;
    for (auto& [line, source] : lines) {
        Value one;
        one.set("at", line.at).set("text", without(given, line.text)).set("source", source);
        shown.push_back(std::move(one));
    }
    Value log;
    log.set("lines", std::move(shown)).set("truncated", truncated);
    return log;
}

}  // namespace

void add_observes(Handlers& handlers, SharedTarget local) {
    using Look = std::function<Result<Value>(const LocalTarget&, const Call&)>;
    const std::map<std::string, Look> looks = {
        {"status", [](const LocalTarget& target, const Call&) { return status(target); }},
        {"releases", releases},
        {"previous_release",
         [](const LocalTarget& target, const Call&) { return previous_release(target); }},
        {"endpoint",
         [](const LocalTarget& target, const Call&) { return Result<Value>(target.endpoint); }},
        {"artifact", artifact},
        {"get_env", get_env},
        {"logs", logs},
    };
    for (const auto& [name, look] : looks)
        handlers.emplace(name,
                         observe_blocking(local->loop, [local, look](Call& call) -> Result<Value> {
                             if (const auto good = refuse_slot(*local, call); !good)
                                 return good.error();
                             return look(*local, call);
                         }));
}

}  // namespace perilune
