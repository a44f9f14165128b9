// The settings of the metrics driver `http_json`, checked in depth when the driver is made.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "interpreter/base/driver.h"

namespace perilune {

struct JsonRange {
    std::string path;
    std::string list;  // The field that holds the samples.
    std::string at;    // Within each of them.
    std::string value;
};

struct JsonQuery {
    std::string path;
    std::string field;
    std::string unit;
    std::string timestamp_field;  // Empty: the moment of asking.
    std::string samples_field;    // Empty: the place does not say.
    std::optional<JsonRange> range;
};

struct JsonAlarms {
    std::string path;
    std::string list;
    std::string name;
    std::string state;
    std::string since;                // Empty: the place does not say.
    std::vector<std::string> firing;  // What `state` says then.
    std::vector<std::string> ok;
    std::string absent = "unknown";  // What an alarm is that the list does not hold.
};

struct JsonHeartbeat {
    Value path;         // Text or a secret.
    Value failed_path;  // Nil: a failure cannot be told.
    std::string method = "POST";
};

struct JsonAnnotation {
    std::string path;
    std::string id_field;  // Empty: the place gives none.
};

struct JsonSettings {
    std::map<std::string, JsonQuery> queries;
    std::optional<JsonAlarms> alarms;
    std::map<std::string, JsonHeartbeat> heartbeats;
    std::optional<JsonAnnotation> annotate;
};

// Reads and checks them; the error names the nested place: "queries.errors.field".
Result<JsonSettings> read_json_settings(const Settings& settings);

// Numbers for the placeholders of a path.
struct PathNumbers {
    std::optional<double> at_s;
    double over_s = 0;
    double since_s = 0;
    double to_s = 0;
    double step_s = 0;
};

bool has_placeholder(const std::string& path, std::string_view name);
// The path with {over_s}, {at}, {since}, {to}, {step_s} (and {at_ms}, …) as whole numbers.
std::string fill_path(const std::string& path, const PathNumbers& numbers);

}  // namespace perilune
