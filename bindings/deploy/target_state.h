// The durable state of one local deploy target: what is wanted and what was released. The target's
// supervisor alone writes it; the driver reads it.
//
// In the target's folder: state.json, env.json (variables for the next release, 0600),
// environments/ID.json (those of one release, 0600), releases/NAME/ (files), current (a link to the
// serving release's files), maintenance (the flag file), run/N/ (the keeper of instance N),
// supervisor/ (lock, where its socket is, its log).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/result.h"

namespace perilune {

struct ReleaseRecord {
    std::string id;  // "r7"
    std::string version;
    std::string folder;    // Below releases/; several releases of one version may share it.
    std::string state;     // pending | serving | superseded | failed | cancelled
    std::string previous;  // What served when it was made.
    std::string message;
    std::string digest;        // Of its files.
    std::string key;           // The intent that made it.
    std::string activated_by;  // The intent that last made it the wanted one.
    std::string reason;        // Why it failed.
    double created_at = 0;
    double served_at = 0;  // 0: it never served.
};

// The settings of the environment file that the supervisor works by; sent with every request.
struct LocalSettings {
    std::vector<std::string> command;
    std::string host = "127.0.0.1";
    int port = 0;  // Of instance 1; instance N has port + N - 1.
    std::string health = "/";
    double starts_within_s = 60;          // From its start until an instance must be healthy.
    double stops_within_s = 10;           // From SIGTERM to SIGKILL.
    std::string on_maintenance = "none";  // none | signal | restart
    double log_bytes = 4 << 20;           // Of one instance.
};

struct TargetState {
    LocalSettings settings;
    std::vector<ReleaseRecord> releases;  // Oldest first.
    int sequence = 0;
    std::string current;  // The release that serves, or served last; empty: none yet.
    std::string wanted;   // The release that instances are to have; empty: none.
    int instances = 0;
    bool running = false;
    int generation = 0;          // Raised where every instance is to be started anew.
    std::string generation_key;  // The intent that raised it last.
    int at_once = 1;             // So many instances are replaced at a time.
    bool maintenance = false;
    std::string maintenance_message;
    double since_at = 0;  // When `current` began to serve, or all was stopped.

    ReleaseRecord* release(std::string_view id);
    const ReleaseRecord* release(std::string_view id) const;
    // The release that a rollback from `id` returns to; null where there is none.
    const ReleaseRecord* previous_of(std::string_view id) const;
};

// Whether the release may be made the wanted one: it served once and its files are there.
bool can_serve_again(const std::string& root, const ReleaseRecord& release);

Value to_value(const LocalSettings& settings);
LocalSettings settings_from(const Value& value);

// An absent state is an empty one: nothing was ever released.
Result<TargetState> load_state(const std::string& root);
Status store_state(const std::string& root, const TargetState& state);

// One variable as it is stored: `value` is opened text; a secret also has `secret` (its handle, by
// which it is fetched again) and `digest` (hexadecimal SHA-256 of the value).
struct Variable {
    std::string value;
    Value secret;
    std::string digest;
    bool operator==(const Variable&) const = default;
};
using Variables = std::map<std::string, Variable, std::less<>>;

Value to_value(const Variables& variables);
Variables variables_from(const Value& value);
// An absent file has no variables.
Result<Variables> load_variables(const std::string& path);
Status store_variables(const std::string& path, const Variables& variables);

std::string env_path(const std::string& root);
std::string env_path(const std::string& root, const std::string& release_id);
std::string release_path(const std::string& root, const ReleaseRecord& release);
std::string instance_path(const std::string& root, int number);
std::string maintenance_path(const std::string& root);
std::string supervisor_path(const std::string& root);

}  // namespace perilune
