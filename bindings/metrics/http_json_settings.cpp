// Reads nested settings with a clear word about each thing that is not right.
#include "bindings/metrics/http_json_settings.h"

#include <algorithm>
#include <cmath>

#include "interpreter/base/fields.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

constexpr std::string_view time_names[] = {"at", "since", "to"};

// One table of nested settings: reads fields, remembers the first thing that is wrong.
class Reader {
public:
    Reader(const Value& table, std::string place) : table_(table), place_(std::move(place)) {
        if (!table.is_map()) refuse("must be a table of names");
    }

    std::string text(const std::string& name, bool required = true) {
        known_.push_back(name);
        const Value& value = table_[name];
        if (value.is_text() && !value.text().empty()) return value.text();
        if (required && value.is_nil())
            refuse(name, "is missing");
        else if (!value.is_nil())
            refuse(name, "must be text");
        return {};
    }

    std::string field(const std::string& name, bool required = true) {
        std::string named = text(name, required);
        if (const auto sane = check_field_name(named); !sane) refuse(name, sane.error().message);
        return named;
    }

    std::string path(const std::string& name, const std::vector<std::string>& placeholders) {
        std::string found = text(name);
        if (!found.empty()) check_path(name, found, placeholders);
        return found;
    }

    // Text or a secret; nil where it is not required and not there.
    Value address(const std::string& name, bool required) {
        if (table_[name].is_secret()) {
            known_.push_back(name);
            return table_[name];
        }
        const std::string found = text(name, required);
        if (found.empty()) return {};
        check_path(name, found, {});
        return found;
    }

    std::vector<std::string> texts(const std::string& name) {
        known_.push_back(name);
        std::vector<std::string> found;
        const List all = table_[name].is_list() ? table_[name].list() : List{table_[name]};
        for (const auto& one : all) {
            if (one.is_nil() || one.is_map() || one.is_secret())
                refuse(name, "must be a text or a list of texts");
            found.push_back(one.is_text() ? one.text() : to_json(one));
        }
        return found;
    }

    const Value& table(const std::string& name) {
        known_.push_back(name);
        return table_[name];
    }

    void refuse(const std::string& name, const std::string& why) {
        if (!wrong_) wrong_ = place_ + "." + name + " " + why;
    }

    // The first thing that is wrong, unknown names included.
    Status end(const std::string& target) {
        for (const auto& [name, value] : table_.map())
            if (std::ranges::find(known_, name) == known_.end())
                refuse(name, "is not known." + did_you_mean(name, known_));
        if (!wrong_) return Done{};
        return fail("bad_setting", "In the settings of " + target + ": " + *wrong_ + ".");
    }

private:
    void refuse(const std::string& why) { wrong_ = place_ + " " + why; }

    void check_path(const std::string& name, const std::string& found,
                    const std::vector<std::string>& placeholders) {
        std::string plain = found;
        for (auto at = plain.find('{'); at != std::string::npos; at = plain.find('{', at)) {
            const auto end = plain.find('}', at);
            const std::string inside = plain.substr(at + 1, end - at - 1);
            if (end == std::string::npos ||
                std::ranges::find(placeholders, inside) == placeholders.end()) {
                refuse(name, "holds {" + inside +
                                 "}, which is not filled in here; a brace of the "
                                 "query itself is written %7B or %7D");
                return;
            }
            plain.replace(at, end - at + 1, "1");
        }
        if (const auto sane = check_url_path(plain); !sane) refuse(name, sane.error().message);
    }

    const Value& table_;
    std::string place_;
    std::vector<std::string> known_;
    std::optional<std::string> wrong_;
};

Result<JsonQuery> read_query(const Value& given, const std::string& place,
                             const std::string& target) {
    Reader reader(given, place);
    JsonQuery query;
    query.path = reader.path("path", {"over_s", "at", "at_ms"});
    query.field = reader.field("field");
    query.unit = reader.text("unit");
    query.timestamp_field = reader.field("timestamp_field", false);
    query.samples_field = reader.field("samples_field", false);
    const Value& range = reader.table("range");
    if (const auto sane = reader.end(target); !sane) return sane.error();
    if (range.is_nil()) return query;
    Reader inner(range, place + ".range");
    query.range =
        JsonRange{.path = inner.path("path", {"since", "to", "since_ms", "to_ms", "step_s"}),
                  .list = inner.field("list"),
                  .at = inner.field("at"),
                  .value = inner.field("value")};
    if (const auto sane = inner.end(target); !sane) return sane.error();
    return query;
}

Result<JsonAlarms> read_alarms(const Value& given, const std::string& target) {
    Reader reader(given, "alarms");
    JsonAlarms alarms;
    alarms.path = reader.path("path", {});
    alarms.list = reader.field("list", false);
    alarms.name = reader.field("name");
    alarms.state = reader.field("state");
    alarms.since = reader.field("since", false);
    alarms.firing = reader.texts("firing");
    alarms.ok = reader.texts("ok");
    const std::string absent = reader.text("absent", false);
    if (!absent.empty()) alarms.absent = absent;
    if (alarms.absent != "ok" && alarms.absent != "unknown")
        reader.refuse("absent", "must be ok or unknown");
    if (const auto sane = reader.end(target); !sane) return sane.error();
    return alarms;
}

Result<JsonHeartbeat> read_heartbeat(const Value& given, const std::string& place,
                                     const std::string& target) {
    Reader reader(given, place);
    JsonHeartbeat heartbeat;
    heartbeat.path = reader.address("path", true);
    heartbeat.failed_path = reader.address("failed_path", false);
    const std::string method = reader.text("method", false);
    if (!method.empty()) heartbeat.method = method;
    if (heartbeat.method != "POST" && heartbeat.method != "PUT" && heartbeat.method != "GET")
        reader.refuse("method", "must be POST, PUT or GET");
    if (const auto sane = reader.end(target); !sane) return sane.error();
    return heartbeat;
}

}  // namespace

Result<JsonSettings> read_json_settings(const Settings& settings) {
    const Value& values = settings.values;
    const std::string& target = settings.target;
    JsonSettings made;
    if (values["queries"].map().empty())
        return fail("bad_setting", "In the settings of " + target + ": queries names none.");
    for (const auto& [name, given] : values["queries"].map()) {
        auto query = read_query(given, "queries." + name, target);
        if (!query) return query.error();
        made.queries.emplace(name, std::move(*query));
    }
    for (const auto& [name, given] : values["heartbeats"].map()) {
        auto heartbeat = read_heartbeat(given, "heartbeats." + name, target);
        if (!heartbeat) return heartbeat.error();
        made.heartbeats.emplace(name, std::move(*heartbeat));
    }
    if (values.has("alarms")) {
        auto alarms = read_alarms(values["alarms"], target);
        if (!alarms) return alarms.error();
        made.alarms = std::move(*alarms);
    }
    if (values.has("annotate")) {
        Reader reader(values["annotate"], "annotate");
        made.annotate = JsonAnnotation{.path = reader.path("path", {}),
                                       .id_field = reader.field("id_field", false)};
        if (const auto sane = reader.end(target); !sane) return sane.error();
    }
    return made;
}

bool has_placeholder(const std::string& path, std::string_view name) {
    return path.find("{" + std::string(name) + "}") != std::string::npos;
}

std::string fill_path(const std::string& path, const PathNumbers& numbers) {
    std::string filled = path;
    const auto put = [&](const std::string& name, double number) {
        const std::string mark = "{" + name + "}";
        const std::string text = std::to_string(std::llround(number));
        for (auto at = filled.find(mark); at != std::string::npos; at = filled.find(mark))
            filled.replace(at, mark.size(), text);
    };
    put("over_s", numbers.over_s);
    put("step_s", std::max(1.0, numbers.step_s));
    const double times_s[] = {numbers.at_s.value_or(wall_now_s()), numbers.since_s, numbers.to_s};
    for (std::size_t i = 0; i < 3; ++i) {
        put(std::string(time_names[i]), times_s[i]);
        put(std::string(time_names[i]) + "_ms", times_s[i] * 1000);
    }
    return filled;
}

}  // namespace perilune
