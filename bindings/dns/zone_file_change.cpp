// What the zone_file driver changes: edit under the lock, reload, wait until it is served.
#include <algorithm>
#include <chrono>
#include <thread>

#include "bindings/dns/lookup.h"
#include "bindings/dns/zone_change.h"
#include "bindings/dns/zone_file.h"
#include "bindings/dns/zone_ttl.h"
#include "interpreter/base/child.h"
#include "interpreter/base/locked_file.h"

namespace perilune {

namespace {

constexpr auto pause_between_looks = std::chrono::milliseconds(100);
constexpr double look_s_max = 2;           // For one round of asking all servers for their serial.
constexpr double deadline_margin_s = 0.2;  // So that the outcome is told before the call's end.

struct Edited {
    Value after;
    ZoneText zone;
};

Result<Before> read_before(const ZoneFile& file, const Call& call) {
    const auto zone = file.load();
    if (!zone) return zone.error();
    const auto sets = record_sets(*zone);
    const auto change = change_of(call, sets, file.zone);
    if (!change) return change.error();
    const auto left = apply(*change, sets, file.zone);
    if (!left) return left.error();
    Before found;
    found.state = state_of(change->keys(), sets);
    const Value after = state_of(change->keys(), *left);
    describe(found, after);
    found.already_so = found.state == after && is_served(file, *zone, serial_of(*zone));
    if (found.already_so) found.result = result_of(call.operation, found.state, after);
    return found;
}

// Reads the file anew under the lock, so that no other program's change is lost.
Result<Edited> edit_file(const ZoneFile& file, const Call& call) {
    const auto lock = FileLock::take(file.path + ".lock", call.deadline_s);
    if (!lock) return lock.error();
    auto zone = file.load();
    if (!zone) return zone.error();
    const auto sets = record_sets(*zone);
    const auto change = change_of(call, sets, file.zone);
    if (!change) return change.error();
    const auto left = apply(*change, sets, file.zone);
    if (!left) return left.error();
    const Value after = state_of(change->keys(), *left);
    if (state_of(change->keys(), sets) == after) return Edited{after, std::move(*zone)};
    for (const auto& key : change->deletes) remove_record_set(*zone, key.name, key.type);
    for (const auto& set : change->upserts)
        if (const auto put = put_record_set(*zone, set); !put) return put.error();
    const auto text = finish_edit(*zone, date_number(wall_now_s()));
    if (!text) return text.error();
    if (const auto replaced = replace_file_durably(file.path, *text); !replaced)
        return replaced.error();
    return Edited{after, std::move(*zone)};
}

Outcome left_unserved(const Edited& edited, Error error) {
    Outcome outcome = Outcome::failed(std::move(error));
    outcome.left_some = true;
    outcome.after = edited.after;
    return outcome;
}

Error reload_failed(const ZoneFile& file, const Ended& ended) {
    const std::string said = ended.errors.empty() ? ended.output : ended.errors;
    const std::string how =
        !ended.started  ? "could not be started: " + ended.error
        : ended.stopped ? "was stopped before it ended"
                        : "ended with exit code " + std::to_string(ended.exit_code) + ": " + said;
    return fail("reload_failed",
                "The zone file " + file.path + " of " + file.target +
                    " was changed, but the reload program " + file.reload[0] + " " + how +
                    ". Servers may still answer with the old records; reload them, or try again.",
                Retry::safe);
}

Program reload_program(const ZoneFile& file) {
    Program program;
    program.argv = file.reload;
    program.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                           "LC_ALL=C.UTF-8"};
    return program;
}

Awaitable<Outcome> act(ZoneFilePointer file, Call& call, const Value& before) {
    std::function<Result<Edited>()> edit = [file, &call] { return edit_file(*file, call); };
    auto edited = co_await off_loop<Result<Edited>>(file->loop, edit);
    if (!edited) {
        // Everything up to the rename only reads, so nothing has changed unless the error says so.
        if (edited.error().retry == Retry::unknown) co_return Outcome::unknown(edited.error());
        co_return Outcome::failed(edited.error());
    }
    if (!file->reload.empty()) {
        Program program = reload_program(*file);
        const Ended ended = co_await run_program(file->loop, program, call.cancel, call.deadline_s);
        if (!ended.started || ended.exit_code != 0)
            co_return left_unserved(*edited, reload_failed(*file, ended));
    }
    std::function<Status()> wait = [file, &call, &edited] {
        return wait_served(*file, edited->zone, serial_of(edited->zone), call);
    };
    const Status served = co_await off_loop<Status>(file->loop, wait);
    if (!served) co_return left_unserved(*edited, served.error());
    co_return Outcome::done(result_of(call.operation, before, edited->after), edited->after);
}

// The servers that do not yet answer with the serial, each with what it answers.
std::string behind(const ZoneFile& file, const ZoneText& zone, std::uint32_t serial,
                   double deadline_s) {
    std::string names;
    std::vector<NameServer> servers;
    const auto add = [&](const std::string& text) { names += (names.empty() ? "" : "; ") + text; };
    for (auto& found : find_servers(file.servers, zone)) {
        if (found) {
            servers.push_back(std::move(*found));
        } else {
            add(found.error().message);
        }
    }
    const double until_s = std::min(deadline_s, boot_now_s() + look_s_max);
    const auto serials = ask_serials(servers, file.zone, until_s);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        if (!serials[i]) {
            add(servers[i].shown + " does not answer: " + serials[i].error().message);
        } else if (serial_after(serial, *serials[i])) {
            add(servers[i].shown + " has serial " + std::to_string(*serials[i]));
        }
    }
    return names;
}

}  // namespace

bool is_served(const ZoneFile& file, const ZoneText& zone, std::uint32_t serial) {
    return file.servers.empty() || behind(file, zone, serial, boot_now_s() + look_s_max).empty();
}

Status wait_served(const ZoneFile& file, const ZoneText& zone, std::uint32_t serial,
                   const Call& call) {
    if (file.servers.empty()) return Done{};
    const double until_s = call.deadline_s - deadline_margin_s;
    for (;;) {
        const std::string late = behind(file, zone, serial, until_s);
        if (late.empty()) return Done{};
        if (boot_now_s() >= until_s || call.cancel->asked())
            return fail("not_served",
                        "The zone file " + file.path + " of " + file.target + " has serial " +
                            std::to_string(serial) +
                            " now, but not all its servers answer with "
                            "it: " +
                            late +
                            ". Check that they read this file and are reloaded, "
                            "then try again.",
                        Retry::safe);
        std::this_thread::sleep_for(pause_between_looks);
    }
}

void add_zone_changes(Driver& driver, const ZoneFilePointer& file) {
    for (const auto* name : {"upsert", "delete", "batch", "set_ttl"}) {
        Handler handler;
        handler.before = [file](Call& call) {
            return off_loop<Result<Before>>(file->loop,
                                            [file, &call] { return read_before(*file, call); });
        };
        handler.act = [file](Call& call, const Value& before) { return act(file, call, before); };
        handler.restore = restore_records;
        driver.operations[name] = std::move(handler);
    }
}

}  // namespace perilune
