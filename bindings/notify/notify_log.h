// The file of the driver `file`: one JSON line a message, and what all lines together say.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "interpreter/base/files.h"

namespace perilune {

struct LoggedIncident {
    std::string id;
    std::string state;  // "open", "acknowledged" or "resolved".
    double opened_at = 0;
    std::optional<std::string> acknowledged_by;
    std::optional<double> acknowledged_at;

    bool is_open() const { return state == "open" || state == "acknowledged"; }
    Value to_value(const std::string& key) const;
};

// Everything the lines say, read in their order. A line that is no JSON object is passed over: a
// torn one of a crash, or a person's slip.
struct NotifyState {
    std::map<std::string, LoggedIncident> incidents;
    std::map<std::string, std::string> components;
    std::map<std::string, Value> maintenance;  // By key: { starts_at, ends_at } while scheduled.
    std::set<std::string> intents;             // Of the lines that are there already.

    void add(const Value& line);
};

class NotifyLog {
public:
    explicit NotifyLog(std::string path) : path_(std::move(path)) {}

    // What stands in the file now; nothing where there is none yet. Blocks.
    Result<NotifyState> read() const;

    // Decides under the file's lock, knowing all lines, and appends the line decided on; nil adds
    // nothing. Durable when it returns. Blocks.
    Status append(const std::function<Value(const NotifyState&)>& decide, double deadline_s) const;

private:
    std::string path_;
};

}  // namespace perilune
