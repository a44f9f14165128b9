// restart, start, stop and prune_releases of deploy's driver `ssh`.
#include <algorithm>

#include "bindings/deploy/ssh_fleet.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

constexpr std::size_t hosts_changed_at_once = 16;

Awaitable<Result<Before>> before_run(SharedFleet fleet, Call& call) {
    if (const auto good = refuse_fleet_slot(*fleet, call); !good) co_return good.error();
    auto seeing = see_whole_fleet(fleet, call);
    const auto sight = co_await seeing;
    if (!sight) co_return sight.error();
    const std::string wanted = sight->wanted();
    if (call.operation == "start" && wanted.empty())
        co_return fail("nothing_released", "The target " + fleet->target +
                                               " has no release that could be started: release a "
                                               "version first.");
    if (call.operation == "restart" && !sight->runs())
        co_return fail("not_running",
                       "The target " + fleet->target + " does not run: use start or release.");
    const auto active =
        std::ranges::count_if(sight->hosts, [](const HostSight& host) { return host.active; });
    Before before;
    before.sign = call.operation == "start" ? '+' : call.operation == "stop" ? '-' : '~';
    before.state = fleet_serving(*fleet, wanted, sight->runs());
    before.already_so = (call.operation == "stop" && active == 0) ||
                        (call.operation == "start" && active == std::ssize(sight->hosts));
    if (before.already_so) before.result = fleet_app(*sight).set("changed", false);
    before.plan = call.operation + " " + std::to_string(fleet->hosts.size()) + " hosts";
    if (call.operation == "restart")
        before.plan += ", " + std::to_string(call.arguments["at_once"].integer()) + " at a time";
    co_return before;
}

std::string commands_of(const SshFleet& fleet, const Call& call) {
    std::string doing = "enter\nsaid=$(ctl " + call.operation + " \"$unit\" 2>&1) || " +
                        "refuse unit_failed \"systemctl " + call.operation +
                        " $unit failed: $said\"\n";
    if (call.operation != "restart") return doing;
    return doing + "tell_health " + std::to_string(static_cast<int>(fleet.starts_within_s));
}

Awaitable<Outcome> act_run(SharedFleet fleet, Call& call) {
    const auto hosts = all_of(*fleet);
    const std::string commands = commands_of(*fleet, call);
    const bool rolling = call.operation == "restart";
    const auto at_once = rolling ? static_cast<std::size_t>(std::max<std::int64_t>(
                                       1, call.arguments["at_once"].integer()))
                                 : hosts_changed_at_once;
    for (std::size_t next = 0; next < hosts.size(); next += at_once) {
        const std::vector<std::size_t> batch(
            hosts.begin() + static_cast<long>(next),
            hosts.begin() + static_cast<long>(std::min(next + at_once, hosts.size())));
        auto asking = ask_fleet(fleet, call, batch, batch.size(), commands);
        const auto answers = co_await asking;
        auto trouble = fleet_trouble(*fleet, batch, answers, "The " + call.operation + " of");
        for (std::size_t i = 0; !trouble && rolling && i < answers.size(); ++i)
            if (answers[i]["healthy"] != "yes")
                trouble = Outcome::failed(fail("timed_out",
                                               "The restart of " + fleet->target + " stopped at " +
                                                   fleet->hosts[batch[i]].show() + ": " +
                                                   answers[i]["reason"] +
                                                   " The hosts after it were left as they were.",
                                               Retry::safe));
        if (!trouble) continue;
        trouble->left_some |= next > 0 || rolling;
        if (trouble->kind == Outcome::Kind::not_sent && next > 0)
            trouble->kind = Outcome::Kind::failed;
        co_return *trouble;
    }
    auto seeing = see_fleet(fleet, call);
    const FleetSight sight = co_await seeing;
    if (auto error = unseen(sight)) co_return Outcome::unknown(*error);
    co_return Outcome::done(fleet_app(sight).set("changed", true),
                            fleet_serving(*fleet, sight.wanted(), call.operation != "stop"));
}

std::optional<Restore> restore_run(const Call& call, const Value& before, const Value& result) {
    // Only what was otherwise before: a stop of what was stopped already takes nothing back.
    const bool ran = before["running"].boolean();
    if (!result["changed"].boolean() || ran == (call.operation == "start")) return std::nullopt;
    return Restore{ran ? "start" : "stop", Value(Map())};
}

struct Prunable {
    List removed;
    List kept;
};

Prunable find_prunable(const FleetSight& sight, const Call& call) {
    Prunable found;
    const auto ids = sight.oldest_first();
    const auto keep = static_cast<std::size_t>(call.arguments["keep_at_least"].integer());
    const double older_than_s = call.arguments["older_than"].number();
    const std::string wanted = sight.wanted();
    const std::string previous = sight.previous_of(wanted);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        const bool serves = std::ranges::any_of(
            sight.hosts, [&](const HostSight& host) { return host.current == ids[i]; });
        const double age_s = wall_now_s() - (*sight.record(ids[i]))["created_at"].number();
        const bool needed = serves || ids[i] == wanted || ids[i] == previous ||
                            ids.size() - i <= keep || age_s < older_than_s;
        (needed ? found.kept : found.removed).push_back(ids[i]);
    }
    return found;
}

Value pruned_value(const Prunable& prunable, bool changed) {
    return Value()
        .set("changed", changed)
        .set("removed", prunable.removed)
        .set("kept", prunable.kept);
}

Awaitable<Result<Before>> before_prune(SharedFleet fleet, Call& call) {
    auto seeing = see_whole_fleet(fleet, call);
    const auto sight = co_await seeing;
    if (!sight) co_return sight.error();
    const Prunable prunable = find_prunable(*sight, call);
    const auto most = static_cast<std::size_t>(call.arguments["delete_at_most"].integer());
    if (prunable.removed.size() > most)
        co_return fail("too_many", std::to_string(prunable.removed.size()) + " releases of " +
                                       fleet->target + " would be deleted, and at most " +
                                       std::to_string(most) + " may be. None was.");
    Before before;
    before.sign = '-';
    before.state.set("releases", prunable.removed).set("kept", prunable.kept);
    before.already_so = prunable.removed.empty();
    before.result = pruned_value(prunable, false);
    for (const auto& id : prunable.removed)
        before.plan += (before.plan.empty() ? "" : ", ") + id.text();
    co_return before;
}

Awaitable<Outcome> act_prune(SharedFleet fleet, Call& call, Value before) {
    std::string commands = "enter\ncurrent_release\n";
    for (const auto& id : before["releases"].list()) {
        const std::string word = quote_word(id.text());
        // The record first: what has none is no release.
        commands += "[ \"$serving\" = " + word + " ] || rm -rf \"$notes\"/" + word +
                    " \"$folder\"/releases/" + word + "\n";
    }
    const auto hosts = all_of(*fleet);
    auto asking = ask_fleet(fleet, call, hosts, hosts_changed_at_once, commands);
    const auto answers = co_await asking;
    if (auto trouble = fleet_trouble(*fleet, hosts, answers, "Deleting old releases of"))
        co_return *trouble;
    co_return Outcome::done(pruned_value({before["releases"].list(), before["kept"].list()}, true));
}

}  // namespace

void add_fleet_controls(std::map<std::string, Handler, std::less<>>& handlers, SharedFleet fleet) {
    Handler made;
    made.before = [fleet](Call& call) { return before_run(fleet, call); };
    made.act = [fleet](Call& call, const Value&) { return act_run(fleet, call); };
    handlers.emplace("restart", made);
    made.restore = restore_run;
    handlers.emplace("start", made);
    handlers.emplace("stop", std::move(made));
    Handler prune;
    prune.before = [fleet](Call& call) { return before_prune(fleet, call); };
    prune.act = [fleet](Call& call, const Value& before) { return act_prune(fleet, call, before); };
    handlers.emplace("prune_releases", std::move(prune));
}

}  // namespace perilune
