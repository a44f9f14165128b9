// The ssh driver in trouble: what was proved not sent, what is in doubt, and what look then finds.
#include <csignal>
#include <thread>

#include <sys/wait.h>

#include "tests/bindings/process/ssh_rig.h"

using namespace perilune;
using namespace perilune::test;

// CASES.md, I13.
TEST_CASE("a_session_that_is_lost_in_the_command_is_in_doubt_until_look_has_seen_its_end") {
    if (!has_sshd()) return;
    Trouble t;
    const Changed made = t.run_and([&] { t.server.cut_off(); });
    CHECK(made.outcome.kind == Outcome::Kind::unknown);
    CHECK(made.code() == "session_lost");
    CHECK(made.outcome.error.retry == Retry::unknown);
    CHECK(content(t.mark) == "begun\n");  // It goes on.

    // Nobody can be asked while the host is cut off.
    const Sighting blind = t.rig.look("run", t.call(), t.key, made.before.state, 1);
    CHECK(blind.kind == Sighting::Kind::cannot_tell);
    CHECK(blind.evidence.find("refused") != std::string::npos);

    t.server.start();
    const Sighting still = t.rig.look("run", t.call(), t.key, made.before.state, 1);
    CHECK(still.kind == Sighting::Kind::cannot_tell);
    CHECK(still.evidence.find("still runs") != std::string::npos);
    // Acting again beside it is refused: it would be a second start.
    const Outcome again = t.rig.act_again("run", t.call().set("timeout", "1s"), made);
    CHECK(again.kind == Outcome::Kind::unknown);
    CHECK(again.error.code == "still_running");

    t.let_go();
    const Sighting seen = t.rig.look("run", t.call(), t.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["output"].text() == "output\n");
    CHECK(seen.value["exit_code"].integer() == 0);
    CHECK(t.rig.act_again("run", t.call(), made).kind == Outcome::Kind::done);
    CHECK(content(t.mark) == "begun\nended\n");
}

TEST_CASE("a_program_whose_session_was_lost_still_ends_at_its_deadline") {
    if (!has_sshd()) return;
    Trouble t;
    const Changed made = t.run_and([&] { t.server.cut_off(); }, "2s");
    CHECK(made.outcome.kind == Outcome::Kind::unknown);
    t.server.start();
    const Sighting seen = t.rig.look("run", t.call(), t.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::did_not);
    CHECK(seen.evidence.find("told to stop") != std::string::npos);
    const Outcome again = t.rig.act_again("run", t.call(), made);
    CHECK(again.kind == Outcome::Kind::failed);
    CHECK(again.left_some);
    CHECK(again.error.code == "stopped");
    CHECK(again.error.detail["exit_code"].integer() == 128 + SIGTERM);
    CHECK(content(t.mark) == "begun\n");
}

TEST_CASE("cannot_tell_how_a_program_ended_there_whose_keeper_was_killed") {
    if (!has_sshd()) return;
    Trouble t;
    const Changed made = t.run_and([&] {
        const std::string run = run_there(t.folder, t.key);
        ::kill(std::atoi(content(run + "/keeper").c_str()), SIGKILL);
        const int program = t.process();
        t.let_go();
        CHECK(eventually([&] { return start_ticks(program) == 0; }));
    });
    CHECK(made.outcome.kind == Outcome::Kind::unknown);
    // The session sees the program end, or only that nobody keeps it any more.
    CHECK((made.code() == "end_unknown" || made.code() == "still_running"));
    const Sighting seen = t.rig.look("run", t.call(), t.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::cannot_tell);
    CHECK(seen.evidence.find("nothing says how it ended") != std::string::npos);
    // Not even then is it started a second time.
    CHECK(t.rig.act_again("run", t.call(), made).kind == Outcome::Kind::unknown);
    CHECK(content(t.mark) == "begun\nended\n");
}

TEST_CASE("two_hosts_that_act_on_one_intent_at_once_start_it_once") {
    if (!has_sshd()) return;
    Trouble t;
    const auto before = t.rig.before("run", t.call());
    REQUIRE(before.ok());
    std::vector<std::unique_ptr<DriverRig>> rigs;
    for (int i = 0; i < 4; ++i)
        rigs.push_back(std::make_unique<DriverRig>(make_ssh_rig(t.server, t.folder)));
    t.let_go();
    Changed first;
    first.key = t.key;
    first.before = *before;
    std::vector<Outcome> outcomes(rigs.size());
    std::vector<std::thread> hosts;
    for (std::size_t i = 0; i < rigs.size(); ++i)
        hosts.emplace_back([&, i] { outcomes[i] = rigs[i]->act_again("run", t.call(), first); });
    for (auto& host : hosts) host.join();
    // Each of them waited for the one start and tells of its end.
    for (const auto& outcome : outcomes) CHECK(outcome.kind == Outcome::Kind::done);
    CHECK(content(t.mark) == "begun\nended\n");
}

TEST_CASE("cannot_tell_what_was_started_at_another_place_or_before_the_machine_started_anew") {
    if (!has_sshd()) return;
    Trouble t;
    const auto before = t.rig.before("run", t.call());
    REQUIRE(before.ok());
    CHECK(t.rig.look("run", t.call(), t.key, before->state).kind == Sighting::Kind::did_not);
    Value elsewhere = before->state;
    elsewhere.set("place", "another").set("machine", "web-2");
    const Sighting there = t.rig.look("run", t.call(), t.key, elsewhere);
    CHECK(there.kind == Sighting::Kind::cannot_tell);
    CHECK(there.evidence.find("web-2") != std::string::npos);
    Value earlier = before->state;
    earlier.set("boot", "an earlier one");
    const Sighting lost = t.rig.look("run", t.call(), t.key, earlier);
    CHECK(lost.kind == Sighting::Kind::cannot_tell);
    CHECK(lost.evidence.find("started anew") != std::string::npos);
    // And what was meant for another place is not started here.
    Changed first;
    first.key = t.key;
    first.before = *before;
    first.before.state = elsewhere;
    const Outcome moved = t.rig.act_again("run", t.call(), first);
    CHECK(moved.kind == Outcome::Kind::failed);
    CHECK(moved.error.code == "other_place");
    CHECK(content(t.mark).empty());
}

TEST_CASE("what_never_reached_the_host_is_proved_not_sent") {
    if (!has_sshd()) return;
    Trouble t;
    const auto before = t.rig.before("run", t.call());
    REQUIRE(before.ok());
    Changed first;
    first.key = t.key;
    first.before = *before;
    const auto act_with = [&](const std::string& setting, Value value) {
        Value settings = ssh_settings(t.server, t.folder);
        settings.set(setting, std::move(value));
        DriverRig rig = make_ssh_rig(settings, t.folder);
        return rig.act_again("run", t.call(), first);
    };
    const Outcome closed = act_with("port", free_port());
    CHECK(closed.kind == Outcome::Kind::not_sent);
    CHECK(closed.error.code == "refused");
    CHECK(closed.error.retry == Retry::safe);

    const Outcome stranger = act_with("identity", t.server.other_key());
    CHECK(stranger.kind == Outcome::Kind::failed);
    CHECK(stranger.error.code == "permission_denied");
    CHECK(stranger.error.retry == Retry::safe);

    const std::string hosts = t.folder.path() + "/hosts";
    REQUIRE(write_file_durably(hosts, "").ok());
    const Outcome unknown = act_with("known_hosts", hosts);
    CHECK(unknown.kind == Outcome::Kind::failed);
    CHECK(unknown.error.code == "unknown_host_key");
    CHECK(unknown.error.message.find("ssh-keyscan -p " + std::to_string(t.server.port())) !=
          std::string::npos);
    CHECK(content(hosts).empty());  // Nobody learned the key by the way.

    REQUIRE(write_file_durably(hosts, t.server.host_line(t.server.other_key())).ok());
    const Outcome changed = act_with("known_hosts", hosts);
    CHECK(changed.error.code == "host_key_changed");

    const Outcome nameless = act_with("host", "no-such-host.invalid");
    CHECK(nameless.error.code == "name_not_found");
    CHECK(nameless.kind == Outcome::Kind::failed);
    CHECK(t.rig.look("run", t.call(), t.key, before->state).kind == Sighting::Kind::did_not);
    CHECK(content(t.mark).empty());
}

TEST_CASE("a_host_that_stops_answering_holds_nothing_up_longer_than_its_time") {
    if (!has_sshd()) return;
    Trouble t;
    const auto before = t.rig.before("run", t.call());
    REQUIRE(before.ok());
    Value settings = ssh_settings(t.server, t.folder);
    settings.set("connect_within", 1);
    DriverRig hasty = make_ssh_rig(settings, t.folder);
    Changed first;
    first.key = t.key;
    first.before = *before;
    t.server.freeze();
    double began_s = boot_now_s();
    const Outcome deaf = hasty.act_again("run", t.call(), first);
    CHECK(deaf.kind == Outcome::Kind::not_sent);
    CHECK(deaf.error.code == "timed_out");
    CHECK(boot_now_s() - began_s < 8);
    t.server.thaw();

    // In the middle of a command: the answer is given up at the deadline and the time to stop.
    began_s = boot_now_s();
    const Changed made = t.run_and([&] { t.server.freeze(); }, "2s");
    CHECK(made.outcome.kind == Outcome::Kind::unknown);
    CHECK(made.code() == "session_lost");
    CHECK(boot_now_s() - began_s < 2 + 10 + 8);
    t.server.thaw();
    // The deadline held there, too, without anybody who could be asked.
    const Sighting seen = t.rig.look("run", t.call(), t.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::did_not);
    CHECK(seen.evidence.find("told to stop") != std::string::npos);
}
