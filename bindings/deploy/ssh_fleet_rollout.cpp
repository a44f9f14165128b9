// How a release comes to the hosts of deploy's driver `ssh`: packed, sent, and served by batches.
#include <algorithm>
#include <filesystem>

#include <fcntl.h>
#include <unistd.h>

#include "bindings/deploy/ssh_fleet.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/do_many.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/shell_words.h"

namespace perilune {

namespace {

constexpr std::size_t hosts_sent_at_once = 4;
constexpr double overtime_s = 15;  // Of a host's own wait for health, until its answer is here.

// Removes the archive when the last host has it.
struct Archive {
    std::string path;
    std::string digest;
    ~Archive() { ::unlink(path.c_str()); }
};

struct Sending {
    SharedFleet fleet;
    Call call;
    std::shared_ptr<Archive> archive;
    std::string version;
    std::string id;
    std::vector<std::size_t> hosts;
    std::optional<Error> error;
};

// Reads an archive from its input; says so once all of it has arrived and is as it was sent.
constexpr const char* receive = R"SH(umask 022
place=$1/releases/.incoming-$2
mkdir -p "$1/releases" && rm -rf "$place" && cat >"$place.tar" &&
  [ "$(sha256sum <"$place.tar" | head -c 64)" = "$3" ] && mkdir "$place" &&
  tar -xpf "$place.tar" -C "$place" && rm -f "$place.tar" && echo perilune arrived)SH";

// Sends the archive over a shared connection, or over one of its own where `socket` is empty.
Awaitable<Result<Ended>> send_over(std::shared_ptr<Sending> sending, const SshHost& host,
                                   std::string socket, std::shared_ptr<Cancel> cancel) {
    const SshFleet& fleet = *sending->fleet;
    const Descriptor input(::open(sending->archive->path.c_str(), O_RDONLY | O_CLOEXEC));
    const std::string command =
        "exec env -i PATH=/usr/bin:/bin LC_ALL=C /bin/sh -c " + quote_word(receive) + " perilune " +
        quote_words({fill_host(fleet.folder, host), sending->id, sending->archive->digest});
    const std::function<Result<Program>()> making = [&] {
        return ssh_program(host, command, input.get(), sending->call, socket);
    };
    auto program = co_await off_loop(fleet.loop, making);
    if (!program) co_return program.error();
    auto running =
        run_program(fleet.loop, std::move(*program), std::move(cancel), sending->call.deadline_s);
    co_return co_await running;
}

bool has_arrived(const Ended& ended) {
    return ended.output.find("perilune arrived\n") != std::string::npos;
}

Awaitable<bool> send_to_one(std::shared_ptr<Sending> sending, std::size_t number,
                            std::shared_ptr<Cancel> cancel) {
    const SshFleet& fleet = *sending->fleet;
    const SshHost& host = fleet.hosts[sending->hosts[number]];
    Call call = sending->call;
    call.cancel = cancel;
    call.tell("copying " + sending->version + " to " + host.show());
    auto joining = fleet.connections->join(host, call, call.deadline_s);
    const SshJoined joined = co_await joining;
    if (joined.refused) {
        sending->error = joined.error;
        co_return false;
    }
    auto first = send_over(sending, host, joined.socket, cancel);
    Result<Ended> ended = co_await first;
    if (ended && !has_arrived(*ended) && ended->exit_code == 255 && !joined.socket.empty() &&
        !cancel->asked()) {
        // What broke may be the connection; whatever arrived is thrown away there.
        fleet.connections->give_up(joined);
        auto again = send_over(sending, host, "", cancel);
        ended = co_await again;
    }
    if (!ended) sending->error = ended.error();
    if (!ended || has_arrived(*ended)) co_return ended.ok();
    // ssh itself ends with 255; all else is what the host made of it.
    Error error = ssh_refusal(host, *ended);
    if (ended->started && ended->exit_code != 255 && !ended->stopped)
        error =
            fail("folder_failed",
                 "The files of " + sending->version + " did not arrive whole on " + host.show() +
                     ": " + (ended->errors.empty() ? "no reason was given." : ended->errors));
    sending->error = error;
    co_return false;
}

Awaitable<Result<std::shared_ptr<Archive>>> pack(SharedFleet fleet, Call& call,
                                                 std::string version) {
    if (const auto made = make_folders(fleet->archives); !made) co_return made.error();
    const auto archive = std::make_shared<Archive>();
    archive->path = fleet->archives + "/" + to_hex(random_bytes(12)) + ".tar";
    Program program;
    program.argv = {"/bin/tar",
                    "--sort=name",
                    "--owner=0",
                    "--group=0",
                    "--numeric-owner",
                    "-C",
                    fleet->artifacts + "/" + version,
                    "-cf",
                    archive->path,
                    "."};
    program.environment = {"PATH=/usr/bin:/bin", "LC_ALL=C"};
    auto packing =
        run_program(fleet->loop, std::move(program), std::make_shared<Cancel>(), call.deadline_s);
    const Ended ended = co_await packing;
    if (!ended.started || ended.exit_code != 0)
        co_return fail("file_failed", "Packing " + fleet->artifacts + "/" + version + " into " +
                                          archive->path + " failed: " + ended.error + ended.errors);
    const std::function<Result<std::string>()> digesting = [&] {
        return digest_file(archive->path);
    };
    auto digest = co_await off_loop(fleet->loop, digesting);
    if (!digest) co_return digest.error();
    archive->digest = *digest;
    co_return archive;
}

std::vector<std::size_t> without_release(const FleetSight& sight, const std::string& id) {
    std::vector<std::size_t> hosts;
    for (std::size_t i = 0; i < sight.hosts.size(); ++i) {
        const auto found = sight.hosts[i].releases.find(id);
        if (found == sight.hosts[i].releases.end() || !found->second.has_files) hosts.push_back(i);
    }
    return hosts;
}

std::string show_hosts(const SshFleet& fleet, const std::vector<std::size_t>& hosts) {
    std::string shown;
    for (const auto host : hosts) shown += (shown.empty() ? "" : ", ") + fleet.hosts[host].show();
    return shown;
}

}  // namespace

Awaitable<Outcome> send_artifact(SharedFleet fleet, Call& call, std::string version, std::string id,
                                 std::vector<std::size_t> hosts) {
    auto packing = pack(fleet, call, version);
    auto archive = co_await packing;
    if (!archive) co_return Outcome::failed(archive.error());
    const auto sending = std::make_shared<Sending>(
        Sending{fleet, call, *archive, std::move(version), std::move(id), std::move(hosts), {}});
    const NumberedWork work = [sending](std::size_t number, std::shared_ptr<Cancel> cancel) {
        return send_to_one(sending, number, std::move(cancel));
    };
    auto doing = do_many(fleet->loop, sending->hosts.size(), hosts_sent_at_once, call.cancel, work);
    const bool sent = co_await doing;
    if (sent) co_return Outcome::done({});
    Error error = sending->error.value_or(
        fail("stopped", "A stop was asked for while files were copied.", Retry::safe));
    error.message += " No host serves anything else than before.";
    if (is_for_a_person(error) || call.cancel->asked()) co_return Outcome::failed(std::move(error));
    co_return Outcome::not_sent(std::move(error));
}

Awaitable<Outcome> place_release(SharedFleet fleet, Call& call, const FleetSight& sight,
                                 FleetRelease release) {
    const auto hosts = without_release(sight, release.id);
    if (hosts.empty()) co_return Outcome::done({});
    if (release.copied_from.empty()) {
        auto sending =
            send_artifact(fleet, call, release.record["version"].text(), release.id, hosts);
        Outcome sent = co_await sending;
        if (sent.kind != Outcome::Kind::done) co_return sent;
    }
    const auto environment = environment_file(*fleet, release.record, release.variables);
    if (!environment) co_return Outcome::failed(environment.error());
    const std::string id = quote_word(release.id);
    std::string commands = "enter\nid=" + id + "\nincoming=$folder/releases/.incoming-$id\n";
    if (!release.copied_from.empty())
        commands += "rm -rf \"$incoming\"; cp -a \"$folder\"/releases/" +
                    quote_word(release.copied_from) +
                    " \"$incoming\" || refuse gone 'The files of the release to make anew are not "
                    "there.'\n";
    commands +=
        "if [ ! -d \"$folder/releases/$id\" ]; then\n"
        "mv -T \"$incoming\" \"$folder/releases/$id\" || refuse gone 'The files have not "
        "arrived.'\nfi\nrm -rf \"$incoming\"\nmkdir -p \"$notes/$id\"\numask 077\n" +
        store_there("\"$notes/$id/env\"", *environment) +
        store_there("\"$notes/$id/variables\"", to_canonical_json(to_value(release.variables))) +
        // Last: a release is there once its record is.
        store_there("\"$notes/$id/record\"", to_canonical_json(release.record)) +
        "sync -f \"$folder\"";
    auto asking = ask_fleet(fleet, call, hosts, hosts_sent_at_once, commands);
    const auto answers = co_await asking;
    if (auto trouble = fleet_trouble(*fleet, hosts, answers, "Placing the files of the release"))
        co_return *trouble;
    co_return Outcome::done({});
}

Awaitable<Outcome> roll_out(SharedFleet fleet, Call& call, std::string id, std::string previous) {
    const std::string limit = std::to_string(static_cast<int>(fleet->starts_within_s));
    const std::string activating =
        "enter\nactivate " + quote_word(id) + " " + quote_word(call.key) + " " + limit;
    const auto every = all_of(*fleet);
    std::vector<std::size_t> taken;
    std::string reason;
    while (taken.size() < every.size() && reason.empty()) {
        const auto first = every.begin() + static_cast<long>(taken.size());
        const std::vector<std::size_t> batch(
            first,
            first + static_cast<long>(std::min(fleet->at_once, every.size() - taken.size())));
        const bool in_time = boot_now_s() + fleet->starts_within_s / 4 < call.deadline_s;
        if (call.cancel->asked() || !in_time || !call.may_act()) {
            Outcome stopped = Outcome::failed(
                fail(in_time ? "stopped" : "timed_out",
                     "The release " + id + " of " + fleet->target + " serves on " +
                         std::to_string(taken.size()) + " of " + std::to_string(every.size()) +
                         " hosts" + (taken.empty() ? "" : " (" + show_hosts(*fleet, taken) + ")") +
                         "; the others were left as they were. Promote it to go on, or roll back.",
                     Retry::safe));
            stopped.left_some = !taken.empty();
            co_return stopped;
        }
        call.tell("release " + id + " on " + show_hosts(*fleet, batch) + " (" +
                  std::to_string(taken.size()) + " of " + std::to_string(every.size()) +
                  " hosts have it)");
        Call within = call;
        within.deadline_s =
            std::min(call.deadline_s, boot_now_s() + fleet->starts_within_s + overtime_s);
        auto asking = ask_fleet(fleet, within, batch, batch.size(), activating);
        const auto answers = co_await asking;
        if (auto trouble = fleet_trouble(*fleet, batch, answers, "Taking to the release " + id)) {
            trouble->left_some |= !taken.empty();
            if (trouble->kind == Outcome::Kind::not_sent && !taken.empty())
                trouble->kind = Outcome::Kind::failed;
            co_return *trouble;
        }
        for (std::size_t i = 0; i < batch.size(); ++i) {
            taken.push_back(batch[i]);
            if (answers[i]["healthy"] != "yes" && reason.empty())
                reason = fleet->hosts[batch[i]].show() + ": " + answers[i]["reason"];
        }
    }
    if (!reason.empty()) {
        auto giving_up = give_up(fleet, call, id, previous, reason);
        co_return co_await giving_up;
    }
    auto seeing = see_whole_fleet(fleet, call);
    const auto sight = co_await seeing;
    if (!sight) co_return Outcome::unknown(sight.error());
    co_return Outcome::done(fleet_release(*sight, id).set("changed", true),
                            fleet_serving(*fleet, id, true));
}

Awaitable<Outcome> give_up(SharedFleet fleet, Call& call, std::string id, std::string previous,
                           std::string reason) {
    call.tell("giving release " + id + " up: " + reason);
    const std::string commands = "give_up_release " + quote_word(id) + " " +
                                 quote_word(to_base64(reason)) + " " + quote_word(previous) + " " +
                                 std::to_string(static_cast<int>(fleet->starts_within_s));
    const auto every = all_of(*fleet);
    auto asking = ask_fleet(fleet, call, every, every.size(), commands);
    const auto answers = co_await asking;
    if (auto trouble = fleet_trouble(*fleet, every, answers, "Giving up the release " + id)) {
        trouble->left_some = true;
        co_return *trouble;
    }
    auto seeing = see_whole_fleet(fleet, call);
    const auto sight = co_await seeing;
    if (!sight) co_return Outcome::unknown(sight.error());
    co_return Outcome::done(fleet_release(*sight, id).set("changed", true),
                            fleet_serving(*fleet, previous, !previous.empty()));
}

}  // namespace perilune
