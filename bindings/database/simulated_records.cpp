// What a server in memory has noted of its work, as a test said: its log and its slow statements.
#include <algorithm>

#include "bindings/database/simulated_handlers.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

Value read_log(const SimulatedServer& server, const Value& arguments) {
    const double to_s = arguments.has("to") ? arguments["to"].number() : wall_now_s();
    List lines;
    for (const auto& line : server.log) {
        const double at_s = line["at"].number();
        const bool meant =
            at_s >= arguments["since"].number() && at_s <= to_s &&
            line["text"].text().find(arguments["contains"].text()) != std::string::npos;
        if (meant) lines.push_back(line);
    }
    const auto most = static_cast<std::size_t>(arguments["lines_max"].number());
    const bool truncated = lines.size() > most;
    if (truncated) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(most));
    return Value().set("lines", std::move(lines)).set("truncated", truncated);
}

Result<Value> list_slow(const SimulatedServer& server, const Value& arguments) {
    if (const auto refused = server.refusal()) return *refused;
    List slow;
    for (const auto& query : server.slow_queries)
        if (query["mean_s"].number() > arguments["longer_than"].number()) slow.push_back(query);
    std::stable_sort(slow.begin(), slow.end(), [](const Value& one, const Value& other) {
        return one["mean_s"].number() > other["mean_s"].number();
    });
    const auto limit = static_cast<std::size_t>(arguments["limit"].number());
    if (slow.size() > limit) slow.resize(limit);
    return Value(std::move(slow));
}

}  // namespace

void note_log(SimulatedServer& server, const Value& arguments) {
    const std::string& source = arguments["source"].text();
    server.log.push_back(Value()
                             .set("at", wall_now_s())
                             .set("text", arguments["text"].text())
                             .set("source", source.empty() ? "server" : source));
}

Status note_slow_query(SimulatedServer& server, const Value& arguments) {
    const std::string& sql = arguments["sql"].text();
    const double mean_s = arguments["mean_s"].number();
    if (sql.empty() || mean_s <= 0)
        return fail("bad_argument", "slow_query of " + server.target() +
                                        " needs sql and mean_s, such as { sql = \"select …\", "
                                        "mean_s = 4 }.");
    std::erase_if(server.slow_queries,
                  [&](const Value& known) { return known["sql"].text() == sql; });
    Value query;
    query.set("sql", sql).set("mean_s", mean_s);
    query.set("calls", arguments.has("calls") ? arguments["calls"].number() : 1);
    query.set("max_s", arguments.has("max_s") ? arguments["max_s"].number() : mean_s);
    server.slow_queries.push_back(std::move(query));
    return Done{};
}

// Its log is read where it is kept, which is not the server itself: also of one that is down.
void add_simulated_records(Operations& operations, const HostPointer& host) {
    const auto server = host->server;
    operations["logs"] = observe_sqlite(host->target, [server](Work& work) -> Result<Value> {
        return read_log(*server, work.call.arguments);
    });
    operations["slow_queries"] = observe_sqlite(
        host->target, [server](Work& work) { return list_slow(*server, work.call.arguments); });
}

}  // namespace perilune
