// What deploy's driver `ssh` sees of its hosts, and how they are asked.
#include "bindings/deploy/ssh_fleet.h"

#include <algorithm>
#include <cstdlib>

#include "interpreter/base/do_many.h"
#include "interpreter/base/json.h"

namespace perilune {

namespace {

constexpr std::size_t sight_bytes_max = 16 << 20;
constexpr std::size_t hosts_seen_at_once = 16;

void read_release_word(HostSight& sight, std::string_view name, const std::string& text) {
    const auto dot = name.find('.');
    if (dot == std::string_view::npos || !name.ends_with('.') || name.size() < dot + 2) return;
    const std::string_view what = name.substr(0, dot);
    HostRelease& release = sight.releases[std::string(name.substr(dot + 1, name.size() - dot - 2))];
    if (what == "record") {
        if (auto record = from_canonical_json(text)) release.record = std::move(*record);
    } else if (what == "served") {
        release.served_at = std::strtod(text.c_str(), nullptr);
    } else if (what == "intent") {
        release.intent = text;
    } else if (what == "taken") {
        release.taken = text;
    } else if (what == "failed") {
        release.failed = text.empty() ? "It was given up." : text;
    } else if (what == "files") {
        release.has_files = true;
    }
}

HostSight read_sight(const SshAnswer& answer) {
    HostSight sight;
    sight.error = answer.error;
    sight.seen = answer.ok;
    if (!answer.ok) return sight;
    sight.current = answer["current"];
    sight.active = answer["active"] == "active";
    sight.healthy = answer.has("healthy");
    sight.process = answer["process"];
    if (answer.has("maintenance")) sight.maintenance = answer["maintenance"];
    sight.variables = answer["variables"];
    sight.released_variables = answer["released"];
    for (const auto& [name, text] : answer.words) read_release_word(sight, name, text);
    // What is there without a record was never placed.
    std::erase_if(sight.releases, [](const auto& one) { return one.second.record.is_nil(); });
    return sight;
}

Awaitable<SshAnswer> ask_host(SharedFleet fleet, std::size_t host, Call call,
                              std::string commands) {
    const SshLine line{fleet->loop, fleet->hosts[host], fleet->connections};
    SshScript script;
    script.text = fleet_script(*fleet, line.host, commands);
    script.until_s = call.deadline_s;
    script.answer_max = sight_bytes_max;
    SshAnswer answer = co_await talk(line, std::move(script), call);
    co_return answer;
}

struct Asking {
    SharedFleet fleet;
    Call call;
    std::vector<std::size_t> hosts;
    std::string commands;
    std::vector<SshAnswer> answers;
};

Awaitable<bool> ask_one(std::shared_ptr<Asking> asking, std::size_t number,
                        std::shared_ptr<Cancel> cancel) {
    Call call = asking->call;
    call.cancel = std::move(cancel);  // A Cancel has room for one session.
    auto answering =
        ask_host(asking->fleet, asking->hosts[number], std::move(call), asking->commands);
    asking->answers[number] = co_await answering;
    co_return asking->answers[number].ok;
}

// Everything is asked, whoever does not answer.
Awaitable<bool> see_one(std::shared_ptr<Asking> asking, std::size_t number,
                        std::shared_ptr<Cancel> cancel) {
    auto asked = ask_one(std::move(asking), number, std::move(cancel));
    co_await asked;
    co_return true;
}

using AskOne = Awaitable<bool> (*)(std::shared_ptr<Asking>, std::size_t, std::shared_ptr<Cancel>);

Awaitable<std::vector<SshAnswer>> ask_all(std::shared_ptr<Asking> asking, std::size_t at_once,
                                          AskOne ask) {
    asking->answers.resize(asking->hosts.size());
    const NumberedWork work = [asking, ask](std::size_t number, std::shared_ptr<Cancel> cancel) {
        return ask(asking, number, std::move(cancel));
    };
    auto doing =
        do_many(asking->fleet->loop, asking->hosts.size(), at_once, asking->call.cancel, work);
    co_await doing;
    co_return std::move(asking->answers);
}

const HostRelease* find(const HostSight& host, const std::string& id) {
    const auto found = host.releases.find(id);
    return found == host.releases.end() ? nullptr : &found->second;
}

}  // namespace

std::vector<std::size_t> all_of(const SshFleet& fleet) {
    std::vector<std::size_t> hosts(fleet.hosts.size());
    for (std::size_t i = 0; i < hosts.size(); ++i) hosts[i] = i;
    return hosts;
}

Awaitable<std::vector<SshAnswer>> ask_fleet(SharedFleet fleet, Call& call,
                                            std::vector<std::size_t> hosts, std::size_t at_once,
                                            std::string commands) {
    const auto asking = std::make_shared<Asking>(
        Asking{std::move(fleet), call, std::move(hosts), std::move(commands), {}});
    auto answering = ask_all(asking, at_once, ask_one);
    co_return co_await answering;
}

Awaitable<FleetSight> see_fleet(SharedFleet fleet, Call& call, Sight what) {
    const std::string commands = what == Sight::variables ? "see_variables\nsee" : "see";
    const auto asking = std::make_shared<Asking>(Asking{fleet, call, all_of(*fleet), commands, {}});
    auto answering = ask_all(asking, hosts_seen_at_once, see_one);
    const std::vector<SshAnswer> answers = co_await answering;
    FleetSight sight;
    for (const auto& answer : answers) sight.hosts.push_back(read_sight(answer));
    co_return sight;
}

std::optional<Error> unseen(const FleetSight& sight) {
    for (const auto& host : sight.hosts)
        if (host.seen) return std::nullopt;
    Error error = sight.hosts.front().error;
    error.retry = is_for_a_person(error) ? Retry::never : Retry::safe;
    return error;
}

Awaitable<Result<FleetSight>> see_whole_fleet(SharedFleet fleet, Call& call, Sight what) {
    auto seeing = see_fleet(fleet, call, what);
    FleetSight sight = co_await seeing;
    for (const auto& host : sight.hosts) {
        if (host.seen) continue;
        Error error = host.error;
        error.retry = is_for_a_person(error) ? Retry::never : Retry::safe;
        error.message += " Nothing was changed on any host of " + fleet->target +
                         ". A host that is gone for good is taken out of `hosts`.";
        co_return error;
    }
    co_return sight;
}

std::optional<Outcome> fleet_trouble(const SshFleet& fleet, const std::vector<std::size_t>& hosts,
                                     const std::vector<SshAnswer>& answers,
                                     const std::string& doing) {
    const SshAnswer* worst = nullptr;
    bool any = false;
    for (std::size_t i = 0; i < answers.size(); ++i) {
        const bool asked = answers[i].ok || !answers[i].error.code.empty();
        any |= answers[i].ok;
        if (!asked || answers[i].ok) continue;
        if (!worst || answers[i].error.retry == Retry::unknown) worst = &answers[i];
    }
    if (!worst) {
        if (std::ranges::all_of(answers, [](const SshAnswer& answer) { return answer.ok; }))
            return std::nullopt;
        Outcome stopped = Outcome::failed(
            fail("stopped", doing + " " + fleet.target + " was stopped before every host had it.",
                 Retry::safe));
        stopped.left_some = any;
        return stopped;
    }
    Error error = worst->error;
    std::string done;
    for (std::size_t i = 0; i < answers.size(); ++i)
        if (answers[i].ok) done += (done.empty() ? "" : ", ") + fleet.hosts[hosts[i]].show();
    error.message = doing + " " + fleet.target + ": " + error.message +
                    (done.empty() ? " No host has it." : " It is done on " + done + ".");
    if (error.retry == Retry::unknown) return Outcome::unknown(std::move(error));
    if (!any && !is_for_a_person(error)) return Outcome::not_sent(std::move(error));
    Outcome failed = Outcome::failed(std::move(error));
    failed.left_some = any;
    return failed;
}

const Value* FleetSight::record(const std::string& id) const {
    for (const auto& host : hosts)
        if (const HostRelease* found = find(host, id)) return &found->record;
    return nullptr;
}

std::string FleetSight::current() const {
    std::optional<std::string> one;
    for (const auto& host : hosts) {
        if (!host.seen) continue;
        if (one && *one != host.current) return "";
        one = host.current;
    }
    return one.value_or("");
}

std::string FleetSight::wanted() const {
    std::string newest;
    double made_at = -1;
    for (const auto& host : hosts) {
        const HostRelease* found = find(host, host.current);
        if (!found || found->record["created_at"].number() <= made_at) continue;
        newest = host.current;
        made_at = found->record["created_at"].number();
    }
    return newest;
}

bool FleetSight::runs() const {
    return std::ranges::any_of(hosts, [](const HostSight& host) { return host.active; });
}

int FleetSight::healthy() const {
    return static_cast<int>(
        std::ranges::count_if(hosts, [](const HostSight& host) { return host.healthy; }));
}

std::string FleetSight::reason_of(const std::string& id) const {
    for (const auto& host : hosts)
        if (const HostRelease* found = find(host, id); found && !found->failed.empty())
            return found->failed;
    return "";
}

double FleetSight::served_at(const std::string& id) const {
    double latest = 0;
    for (const auto& host : hosts) {
        if (!host.seen) continue;
        const HostRelease* found = find(host, id);
        if (!found || found->served_at == 0) return 0;
        latest = std::max(latest, found->served_at);
    }
    return latest;
}

bool FleetSight::has_files(const std::string& id) const {
    return std::ranges::all_of(hosts, [&](const HostSight& host) {
        const HostRelease* found = find(host, id);
        return !host.seen || (found && found->has_files);
    });
}

std::string FleetSight::state_of(const std::string& id) const {
    if (!reason_of(id).empty()) return "failed";
    const bool anywhere =
        std::ranges::any_of(hosts, [&](const HostSight& host) { return host.current == id; });
    if (current() == id) return served_at(id) > 0 ? "serving" : "pending";
    if (anywhere) return "pending";
    return served_at(id) > 0 ? "superseded" : "pending";
}

std::vector<std::string> FleetSight::oldest_first() const {
    std::map<std::string, double> made;
    for (const auto& host : hosts)
        for (const auto& [id, release] : host.releases)
            made.emplace(id, release.record["created_at"].number());
    std::vector<std::string> ids;
    for (const auto& [id, at] : made) ids.push_back(id);
    std::ranges::stable_sort(ids, [&](const std::string& one, const std::string& other) {
        return made[one] < made[other];
    });
    return ids;
}

std::string FleetSight::previous_of(const std::string& id) const {
    const Value* found = record(id);
    // Records point to older ones, so the walk ends; the bound guards a damaged file.
    for (std::size_t steps = 0; found && steps < 1000; ++steps) {
        const std::string previous = (*found)["previous"].text();
        found = record(previous);
        if (found && served_at(previous) > 0 && reason_of(previous).empty()) return previous;
    }
    return "";
}

std::string FleetSight::made_by(const std::string& key) const {
    for (const auto& host : hosts)
        for (const auto& [id, release] : host.releases)
            if (release.record["key"].text() == key) return id;
    for (const auto& host : hosts)
        for (const auto& [id, release] : host.releases)
            if (release.intent == key) return id;
    return "";
}

}  // namespace perilune
