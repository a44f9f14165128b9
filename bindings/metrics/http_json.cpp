// The driver `http_json`: numbers, ranges, alarms, heartbeats and annotations of a JSON endpoint.
#include "bindings/metrics/http_json_alarms.h"
#include "bindings/metrics/http_json_table.h"
#include "bindings/metrics/metrics.h"
#include "interpreter/base/fields.h"
#include "interpreter/base/files.h"
#include "interpreter/base/http_headers.h"
#include "interpreter/base/http_url.h"
#include "interpreter/base/json.h"
#include "interpreter/base/suggest.h"

namespace perilune {

namespace {

constexpr std::string_view operation_names[] = {"read",       "range", "alarms",
                                                "wait_clear", "beat",  "annotate"};

template <class Entry>
Error no_such(const JsonEndpoint& endpoint, const char* code, const std::string& what,
              const std::string& name, const std::map<std::string, Entry>& entries) {
    std::vector<std::string> names;
    for (const auto& [known, entry] : entries) names.push_back(known);
    return fail(code, endpoint.name + " has no " + what + " \"" + name + "\" in the environment." +
                          did_you_mean(name, names));
}

Error not_a_number(const JsonEndpoint& endpoint, const std::string& name, const Value& found) {
    return fail("bad_answer",
                endpoint.name + ": the query \"" + name + "\" gave " +
                    to_json(found).substr(0, 100) +
                    " where a number was expected. Check its "
                    "field in the settings.",
                Retry::safe);
}

// A missing field, null, an empty list and NaN say that there are no samples; zero is a value.
bool is_empty(const Value& found) {
    const bool not_a_value = found.is_text() && (found.text() == "NaN" || found.text().empty());
    return found.is_nil() || not_a_value || (found.is_list() && found.list().empty());
}

Result<Value> reading_of(const JsonEndpoint& endpoint, const JsonQuery& query, const Call& call,
                         const Value& whole) {
    const Value found = find_field(whole, query.field);
    const bool empty = is_empty(found);
    const auto number = as_number(found);
    if (!empty && !number) return not_a_number(endpoint, call.arguments["name"].text(), found);
    const auto samples = as_number(find_field(whole, query.samples_field));
    const auto timestamp = as_time(find_field(whole, query.timestamp_field));
    const double asked_s = call.arguments.has("at") ? call.arguments["at"].number() : wall_now_s();
    Value reading;
    reading.set("unit", query.unit)
        .set("empty", empty)
        .set("samples", query.samples_field.empty() ? (empty ? 0.0 : 1.0) : samples.value_or(0))
        .set("at", query.timestamp_field.empty() ? asked_s : timestamp.value_or(asked_s));
    if (!empty) reading.set("value", *number);
    return reading;
}

Awaitable<Result<Value>> observe_read(JsonEndpointPointer endpoint, Call* call) {
    const std::string& name = call->arguments["name"].text();
    const auto found = endpoint->settings.queries.find(name);
    if (found == endpoint->settings.queries.end())
        co_return no_such(*endpoint, "unknown_query", "query", name, endpoint->settings.queries);
    const JsonQuery& query = found->second;
    PathNumbers numbers;
    numbers.over_s = call->arguments["over"].number();
    if (call->arguments.has("at")) {
        if (!has_placeholder(query.path, "at") && !has_placeholder(query.path, "at_ms"))
            co_return fail("not_supported", endpoint->name + ": the query \"" + name +
                                                "\" has no {at} in its path, so it can only be "
                                                "read for now.");
        numbers.at_s = call->arguments["at"].number();
    }
    const auto whole = co_await fetch_json(endpoint, fill_path(query.path, numbers), call);
    if (!whole) co_return whole.error();
    co_return reading_of(*endpoint, query, *call, *whole);
}

Result<Value> samples_of(const JsonEndpoint& endpoint, const JsonRange& range,
                         const std::string& name, const Value& whole) {
    const Value list = find_field(whole, range.list);
    if (!list.is_nil() && !list.is_list() && !(list.is_map() && list.map().empty()))
        return not_a_number(endpoint, name, list);
    std::multimap<double, Value> by_time;
    for (const auto& item : list.list()) {
        const Value value = find_field(item, range.value);
        if (is_empty(value)) continue;
        const auto number = as_number(value);
        const auto at = as_time(find_field(item, range.at));
        if (!number || !at) return not_a_number(endpoint, name, item);
        Value sample;
        by_time.emplace(*at, sample.set("at", *at).set("value", *number));
    }
    List samples;
    for (auto& [at, sample] : by_time) samples.push_back(std::move(sample));
    return Value(std::move(samples));
}

Awaitable<Result<Value>> observe_range(JsonEndpointPointer endpoint, Call* call) {
    const std::string& name = call->arguments["name"].text();
    const auto found = endpoint->settings.queries.find(name);
    if (found == endpoint->settings.queries.end())
        co_return no_such(*endpoint, "unknown_query", "query", name, endpoint->settings.queries);
    const auto& range = found->second.range;
    if (!range)
        co_return fail("not_supported", endpoint->name + ": the query \"" + name +
                                            "\" has no `range` in the environment.");
    PathNumbers numbers;
    numbers.since_s = call->arguments["since"].number();
    numbers.to_s = call->arguments.has("to") ? call->arguments["to"].number() : wall_now_s();
    numbers.step_s = call->arguments["step"].number();
    const auto whole = co_await fetch_json(endpoint, fill_path(range->path, numbers), call);
    if (!whole) co_return whole.error();
    co_return samples_of(*endpoint, *range, name, *whole);
}

Awaitable<Result<Before>> before_change(Call* call) {
    Before before;
    before.sign = '+';
    before.plan = call->operation == "beat"
                      ? call->arguments["heartbeat"].text() + " " + call->arguments["state"].text()
                      : call->arguments["title"].text();
    co_return before;
}

Awaitable<Outcome> act_beat(JsonEndpointPointer endpoint, Call* call) {
    const std::string& name = call->arguments["heartbeat"].text();
    const auto found = endpoint->settings.heartbeats.find(name);
    if (found == endpoint->settings.heartbeats.end())
        co_return Outcome::failed(no_such(*endpoint, "unknown_heartbeat", "heartbeat", name,
                                          endpoint->settings.heartbeats));
    const bool failed = call->arguments["state"].text() == "failed";
    const Value& address = failed ? found->second.failed_path : found->second.path;
    if (address.is_nil())
        co_return Outcome::failed(
            fail("not_supported", endpoint->name + ": the heartbeat \"" + name +
                                      "\" has no failed_path, so a failure cannot be told. "
                                      "Its silence will tell it."));
    const auto path = open_text(*call, address);
    if (!path) co_return Outcome::failed(path.error());
    auto request = request_for(*endpoint, found->second.method, *path, *call);
    if (!request) co_return Outcome::failed(request.error());
    auto outcome = co_await send_change(endpoint, std::move(*request), call);
    if (outcome.kind == Outcome::Kind::done) outcome.value = Value(Map{{"changed", Value(true)}});
    co_return std::move(outcome);
}

Awaitable<Outcome> act_annotate(JsonEndpointPointer endpoint, Call* call) {
    const JsonAnnotation& described = *endpoint->settings.annotate;
    auto request = request_for(*endpoint, "POST", described.path, *call);
    if (!request) co_return Outcome::failed(request.error());
    Value document{Map{}};
    for (const auto* name : {"title", "text", "tags"}) document.set(name, call->arguments[name]);
    document.set("at", call->arguments.has("at") ? call->arguments["at"] : Value(wall_now_s()));
    request->body = to_json(document);
    request->has_body = true;
    request->headers.emplace_back("Content-Type", "application/json");
    request->headers.emplace_back("Idempotency-Key", call->key);
    auto outcome = co_await send_change(endpoint, std::move(*request), call);
    if (outcome.kind != Outcome::Kind::done) co_return std::move(outcome);
    Value annotation(Map{{"changed", Value(true)}});
    if (!described.id_field.empty()) {
        const Value id = find_field(outcome.value, described.id_field);
        if (!id.is_nil()) annotation.set("id", id.is_text() ? id.text() : to_json(id));
    }
    outcome.value = std::move(annotation);
    co_return std::move(outcome);
}

Handler observe_by(JsonEndpointPointer endpoint,
                   Awaitable<Result<Value>> (*function)(JsonEndpointPointer, Call*)) {
    Handler made;
    made.observe = [endpoint, function](Call& call) { return function(endpoint, &call); };
    return made;
}

Handler change_by(JsonEndpointPointer endpoint,
                  Awaitable<Outcome> (*function)(JsonEndpointPointer, Call*)) {
    Handler made;
    made.before = [](Call& call) { return before_change(&call); };
    made.act = [endpoint, function](Call& call, const Value&) { return function(endpoint, &call); };
    return made;
}

Result<Driver> make(const Settings& settings, Services& services) {
    const auto base = check_base_url(settings.values["url"].text());
    if (!base)
        return fail("bad_setting", "url of " + settings.target + ": " + base.error().message);
    if (!services.http) return fail("no_http", "The host lends no HTTP client.");
    auto headers = read_headers_setting(settings.values["headers"], settings.target);
    if (!headers) return headers.error();
    auto described = read_json_settings(settings);
    if (!described) return described.error();
    const auto endpoint = std::make_shared<JsonEndpoint>(
        JsonEndpoint{.name = settings.target, .loop = services.loop, .client = *services.http});
    endpoint->base = *base;
    endpoint->headers = std::move(*headers);
    endpoint->settings = std::move(*described);
    if (settings.values.has("certificate_authority"))
        endpoint->certificate_authority =
            path_below(settings.folder, settings.values["certificate_authority"].text());
    if (settings.values.has("timeout")) endpoint->timeout_s = settings.values["timeout"].number();
    Driver driver;
    driver.state = endpoint;
    driver.operations["read"] = observe_by(endpoint, observe_read);
    driver.operations["range"] = observe_by(endpoint, observe_range);
    // The rest is there where the environment describes it.
    if (endpoint->settings.alarms) {
        driver.operations["alarms"] = observe_by(endpoint, observe_alarms);
        driver.operations["wait_clear"] = observe_by(endpoint, observe_wait_clear);
    }
    if (!endpoint->settings.heartbeats.empty())
        driver.operations["beat"] = change_by(endpoint, act_beat);
    if (endpoint->settings.annotate)
        driver.operations["annotate"] = change_by(endpoint, act_annotate);
    return driver;
}

}  // namespace

extern constinit const DriverKind http_json_kind = {
    .family = "metrics",
    .name = "http_json",
    .doc =
        "Any endpoint that answers GET with JSON. The environment says for each query where its "
        "number stands; alarms, heartbeats and annotations are there where it describes them.",
    .settings = http_json_settings_table,
    .operations = operation_names,
    .make = make,
    .doctor_checks = "the address and its credentials (alarms)",
    .doctor_cannot = "the addresses of single queries and heartbeats",
};

}  // namespace perilune
