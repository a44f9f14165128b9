#include "bindings/deploy/target_state.h"

#include <cerrno>

#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

Value to_value(const ReleaseRecord& release) {
    Value value;
    value.set("id", release.id).set("version", release.version).set("folder", release.folder);
    value.set("state", release.state).set("previous", release.previous);
    value.set("message", release.message).set("digest", release.digest).set("key", release.key);
    value.set("activated_by", release.activated_by).set("reason", release.reason);
    value.set("created_at", release.created_at).set("served_at", release.served_at);
    return value;
}

ReleaseRecord release_from(const Value& value) {
    ReleaseRecord release;
    release.id = value["id"].text();
    release.version = value["version"].text();
    release.folder = value["folder"].text();
    release.state = value["state"].text();
    release.previous = value["previous"].text();
    release.message = value["message"].text();
    release.digest = value["digest"].text();
    release.key = value["key"].text();
    release.activated_by = value["activated_by"].text();
    release.reason = value["reason"].text();
    release.created_at = value["created_at"].number();
    release.served_at = value["served_at"].number();
    return release;
}

// The value of a file of canonical JSON; nil where there is none.
Result<Value> load(const std::string& path) {
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return Value();
    const auto text = read_file(path);
    if (!text) return text.error();
    auto value = from_canonical_json(*text);
    if (!value) return fail("file_failed", path + " is damaged: " + value.error().message);
    return value;
}

}  // namespace

ReleaseRecord* TargetState::release(std::string_view id) {
    for (auto& found : releases)
        if (found.id == id) return &found;
    return nullptr;
}

const ReleaseRecord* TargetState::release(std::string_view id) const {
    return const_cast<TargetState*>(this)->release(id);
}

const ReleaseRecord* TargetState::previous_of(std::string_view id) const {
    const ReleaseRecord* found = release(id);
    // Releases only point to older ones, so the walk ends; the bound guards a damaged file.
    for (std::size_t steps = 0; found && steps <= releases.size(); ++steps) {
        found = release(found->previous);
        if (found && found->served_at > 0 && found->state != "failed") return found;
    }
    return nullptr;
}

bool can_serve_again(const std::string& root, const ReleaseRecord& release) {
    return release.served_at > 0 && ::access(release_path(root, release).c_str(), X_OK) == 0;
}

Value to_value(const LocalSettings& settings) {
    Value value;
    value.set("command", List(settings.command.begin(), settings.command.end()));
    value.set("host", settings.host).set("port", settings.port).set("health", settings.health);
    value.set("starts_within_s", settings.starts_within_s);
    value.set("stops_within_s", settings.stops_within_s);
    value.set("on_maintenance", settings.on_maintenance).set("log_bytes", settings.log_bytes);
    return value;
}

LocalSettings settings_from(const Value& value) {
    LocalSettings settings;
    for (const auto& word : value["command"].list()) settings.command.push_back(word.text());
    settings.host = value["host"].text();
    settings.port = static_cast<int>(value["port"].integer());
    settings.health = value["health"].text();
    settings.starts_within_s = value["starts_within_s"].number();
    settings.stops_within_s = value["stops_within_s"].number();
    settings.on_maintenance = value["on_maintenance"].text();
    settings.log_bytes = value["log_bytes"].number();
    return settings;
}

Result<TargetState> load_state(const std::string& root) {
    const auto loaded = load(root + "/state.json");
    if (!loaded) return loaded.error();
    const Value& value = *loaded;
    TargetState state;
    if (value.is_nil()) return state;
    state.settings = settings_from(value["settings"]);
    for (const auto& release : value["releases"].list())
        state.releases.push_back(release_from(release));
    state.sequence = static_cast<int>(value["sequence"].integer());
    state.current = value["current"].text();
    state.wanted = value["wanted"].text();
    state.instances = static_cast<int>(value["instances"].integer());
    state.running = value["running"].boolean();
    state.generation = static_cast<int>(value["generation"].integer());
    state.generation_key = value["generation_key"].text();
    state.at_once = static_cast<int>(value["at_once"].integer());
    state.maintenance = value["maintenance"].boolean();
    state.maintenance_message = value["maintenance_message"].text();
    state.since_at = value["since_at"].number();
    return state;
}

Status store_state(const std::string& root, const TargetState& state) {
    List releases;
    for (const auto& release : state.releases) releases.push_back(to_value(release));
    Value value;
    value.set("settings", to_value(state.settings)).set("releases", std::move(releases));
    value.set("sequence", state.sequence).set("current", state.current);
    value.set("wanted", state.wanted).set("instances", state.instances);
    value.set("running", state.running).set("generation", state.generation);
    value.set("generation_key", state.generation_key).set("at_once", state.at_once);
    value.set("maintenance", state.maintenance);
    value.set("maintenance_message", state.maintenance_message).set("since_at", state.since_at);
    return write_file_durably(root + "/state.json", to_canonical_json(value), 0600);
}

Value to_value(const Variables& variables) {
    Value value;
    value.as_map();
    for (const auto& [name, variable] : variables) {
        Value stored;
        stored.set("value", variable.value);
        if (!variable.secret.is_nil())
            stored.set("secret", variable.secret).set("digest", variable.digest);
        value.set(name, std::move(stored));
    }
    return value;
}

Variables variables_from(const Value& value) {
    Variables variables;
    for (const auto& [name, stored] : value.map())
        variables.emplace(
            name, Variable{stored["value"].text(), stored["secret"], stored["digest"].text()});
    return variables;
}

Result<Variables> load_variables(const std::string& path) {
    const auto value = load(path);
    if (!value) return value.error();
    return variables_from(*value);
}

Status store_variables(const std::string& path, const Variables& variables) {
    return write_file_durably(path, to_canonical_json(to_value(variables)), 0600);
}

std::string env_path(const std::string& root) { return root + "/env.json"; }

std::string env_path(const std::string& root, const std::string& release_id) {
    return root + "/environments/" + release_id + ".json";
}

std::string release_path(const std::string& root, const ReleaseRecord& release) {
    return root + "/releases/" + release.folder;
}

std::string instance_path(const std::string& root, int number) {
    return root + "/run/" + std::to_string(number);
}

std::string maintenance_path(const std::string& root) { return root + "/maintenance"; }

std::string supervisor_path(const std::string& root) { return root + "/supervisor"; }

}  // namespace perilune
