// The deploy driver for hosts over ssh, on three real sshd: releases by batches, what goes wrong.
#include <sys/stat.h>

#include "tests/bindings/deploy/ssh_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

std::string content(const std::string& path) {
    const auto text = read_file(path);
    return text ? *text : std::string();
}

bool contains(const std::string& text, const std::string& piece) {
    return text.find(piece) != std::string::npos;
}

bool all_serve(const FleetWorld& world, const std::string& version) {
    for (int number = 1; number <= static_cast<int>(world.servers.size()); ++number)
        if (world.version(number) != version) return false;
    return true;
}

}  // namespace

TEST_CASE("the_ssh_driver_conforms") {
    if (!has_fleet()) return;
    std::optional<Journal> journal;
    if (has_journal()) journal.emplace();
    FleetWorld world(1, 1, journal ? &*journal : nullptr);
    DriverRig rig = world.make_rig();
    check_deploy_driver(rig, journal ? Written::shown : Written::nowhere);
}

TEST_CASE("takes_hosts_to_a_release_one_by_one_each_healthy_before_the_next") {
    if (!has_fleet()) return;
    FleetWorld world;
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    std::vector<std::string> seen;
    rig.on_tell = [&](const std::string& line) {
        if (!line.starts_with("release ")) return;
        std::string versions;
        for (int number = 1; number <= 3; ++number) versions += world.version(number) + " ";
        seen.push_back(versions);
    };
    const Changed made = rig.change("release", with("version", "v2"));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(seen == std::vector<std::string>{"v1 v1 v1 ", "v2 v1 v1 ", "v2 v2 v1 "});
    CHECK(all_serve(world, "v2"));
    CHECK(made.value()["state"].text() == "serving");
    for (int number = 1; number <= 3; ++number) {
        const std::string current =
            std::filesystem::read_symlink(world.root(number) + "/current").string();
        CHECK(current == "releases/" + made.value()["release_id"].text());
        CHECK(content(world.root(number) + "/current/static/page") == std::string(1000, 'x'));
        CHECK(world.answer(number)["environment"]["RELEASE"] == made.value()["release_id"]);
    }
    CHECK(std::filesystem::is_empty(world.folder.path() + "/state/archives"));
}

TEST_CASE("the_commands_and_files_of_releases_go_over_one_connection_to_each_host") {
    if (!has_fleet()) return;
    FleetWorld world(2, 2);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    release_and_wait(rig, "v2");
    CHECK(all_serve(world, "v2"));
    for (const auto& server : world.servers) {
        const std::string log = server->log();
        const auto first = log.find("Accepted publickey");
        CHECK(first != std::string::npos);
        CHECK(log.find("Accepted publickey", first + 1) == std::string::npos);
    }
}

TEST_CASE("a_release_that_one_host_cannot_start_is_taken_back_on_all_with_the_reason") {
    if (!has_fleet()) return;
    FleetWorld world(2, 2);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const Changed made = rig.change("release", with("version", "bad-1"));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["state"].text() == "failed");
    CHECK(contains(made.value()["reason"].text(), "127.0.0.1"));
    CHECK(contains(made.value()["reason"].text(), "was not healthy within 10 s"));
    CHECK(all_serve(world, "v1"));
    // Nothing is left to take back, and a rollback does not go to what failed.
    CHECK_FALSE(rig.undo("release", with("version", "bad-1"), made).has_value());
    CHECK(rig.observe("previous_release")->is_nil());
}

TEST_CASE("a_giving_up_that_was_cut_off_goes_on_and_is_not_taken_for_the_end") {
    if (!has_fleet()) return;
    FleetWorld world(2, 2);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    rig.on_tell = [&](const std::string& line) {
        // Just before the hosts go back.
        if (line.starts_with("giving release")) world.servers[1]->cut_off();
    };
    const Value call = with("version", "bad-1");
    const Changed made = rig.change("release", call);
    CHECK_FALSE(made.ok());
    CHECK(made.outcome.left_some);
    CHECK(world.version(1) == "v1");
    CHECK(world.version(2) == "bad-1");
    rig.on_tell = {};
    world.servers[1]->start();
    CHECK(rig.look("release", call, made.key, made.before.state).kind == Sighting::Kind::did_not);
    const Outcome rest = rig.act_again("release", call, made);
    REQUIRE_MESSAGE(rest.kind == Outcome::Kind::done, rest.error.message);
    CHECK(rest.value["state"].text() == "failed");
    CHECK(all_serve(world, "v1"));
    const Sighting seen = rig.look("release", call, made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["state"].text() == "failed");
    CHECK(seen.after == rest.after);
}

TEST_CASE("a_host_that_is_away_is_named_before_anything_is_changed") {
    if (!has_fleet()) return;
    FleetWorld world(1, 2);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    world.servers[1]->cut_off();
    const Changed made = rig.change("release", with("version", "v2"));
    CHECK_FALSE(made.ok());
    CHECK(made.code() == "refused");
    CHECK(contains(made.outcome.error.message, "127.0.0.2"));
    CHECK(contains(made.outcome.error.message, "Nothing was changed on any host"));
    CHECK(all_serve(world, "v1"));
    // It is still looked at: the one that does not answer does not count as healthy.
    const Value app = status_of(rig);
    CHECK(app["state"].text() == "degraded");
    CHECK(app["instances_healthy"].integer() == 1);
}

TEST_CASE("a_session_that_is_lost_in_a_rollout_is_a_doubt_and_the_rest_is_done_after_a_look") {
    if (!has_fleet()) return;
    FleetWorld world;
    DriverRig rig = world.make_rig();
    const Changed first = release_and_wait(rig, "v1");
    rig.on_tell = [&](const std::string& line) {
        // Just before the second host is taken to it.
        if (contains(line, "(1 of 3 hosts have it)")) world.servers[1]->freeze();
    };
    const Value call = with("version", "v2").set("timeout", "25s");
    const Changed made = rig.change("release", call);
    CHECK_FALSE(made.ok());
    CHECK(made.outcome.left_some);
    CHECK(world.version(1) == "v2");
    CHECK(world.version(3) == "v1");
    world.servers[1]->thaw();
    rig.on_tell = {};
    const Value again = with("version", "v2");
    CHECK(status_of(rig)["state"].text() == "deploying");
    CHECK((*rig.observe("previous_release"))["release_id"] == first.value()["release_id"]);
    const Sighting seen = rig.look("release", again, made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::did_not);
    CHECK(contains(seen.evidence, "of 3 hosts"));
    const Outcome rest = rig.act_again("release", again, made);
    REQUIRE_MESSAGE(rest.kind == Outcome::Kind::done, rest.error.message);
    CHECK(all_serve(world, "v2"));
    CHECK(rig.observe("releases")->list().size() == 2);
    CHECK(rig.look("release", again, made.key, made.before.state).kind == Sighting::Kind::happened);
}

TEST_CASE("a_host_that_died_between_its_link_and_its_restart_is_started_anew") {
    if (!has_fleet()) return;
    FleetWorld world(1, 1);
    DriverRig rig = world.make_rig();
    release_and_wait(rig, "v1");
    const Changed made = rig.change("release", with("version", "v2"));
    REQUIRE(made.ok());
    const std::string id = made.value()["release_id"].text();
    // As a script leaves it that was cut off there: the link says v2, what runs is older.
    REQUIRE(std::filesystem::remove(world.root(1) + "/.perilune/" + id + "/taken"));
    const auto before = world.answer(1)["pid"].integer();
    const Sighting seen = rig.look("release", with("version", "v2"), made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::did_not);
    CHECK(rig.act_again("release", with("version", "v2"), made).kind == Outcome::Kind::done);
    CHECK(world.answer(1)["pid"].integer() != before);
    CHECK(rig.look("release", with("version", "v2"), made.key, made.before.state).kind ==
          Sighting::Kind::happened);
}

TEST_CASE("a_unit_has_its_variables_and_nobody_else_may_read_them") {
    if (!has_fleet()) return;
    FleetWorld world(2, 2);
    DriverRig rig = world.make_rig();
    Value values;
    values.set("GREETING", "a \"quoted\" $word\\").set("TOKEN", make_secret("canary"));
    REQUIRE(rig.change("set_env", with("values", values)).ok());
    release_and_wait(rig, "v1");
    CHECK(world.answer(2)["environment"]["TOKEN"].text() == "CANARY");
    const std::string path = world.root(2) + "/current.env";
    // Read by a shell as systemd.exec(5) says that a unit's file is read.
    const auto read = run_to_end({"/bin/sh", "-c", ". " + path + "; printf %s \"$GREETING\""});
    CHECK(read.output == "a \"quoted\" $word\\");
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    REQUIRE(::stat((world.root(2) + "/.perilune/variables").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);

    // Applied at once: the same version once more, and undo takes it back.
    const Value now = with("values", with("GREETING", "now"), with("apply", "now"));
    const Changed applied = rig.change("set_env", now);
    REQUIRE_MESSAGE(applied.ok(), applied.outcome.error.message);
    for (int number = 1; number <= 2; ++number)
        CHECK(world.answer(number)["environment"]["GREETING"].text() == "now");
    CHECK(status_of(rig)["release_id"] == applied.value()["release_id"]);
    CHECK(rig.change("set_env", now).before.already_so);
    CHECK(rig.change("set_env", with("values", with("A-B", "x"))).code() == "bad_argument");
}

TEST_CASE("a_restart_takes_its_time_from_host_to_host") {
    if (!has_fleet()) return;
    FleetWorld world(1, 2);
    DriverRig rig = world.make_rig();
    CHECK(rig.change("start").code() == "nothing_released");
    CHECK(rig.change("restart").code() == "not_running");
    release_and_wait(rig, "v1");
    const auto before = world.answer(2)["pid"].integer();
    const Changed made = rig.change("restart");
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["instances_healthy"].integer() == 2);
    CHECK(world.answer(2)["pid"].integer() != before);
    const Changed on = rig.change("set_maintenance", with("state", "on", with("message", "noon")));
    REQUIRE(on.ok());
    CHECK(content(world.root(2) + "/maintenance") == "noon");
}

TEST_CASE("settings_of_a_fleet_that_cannot_be_meant_are_refused") {
    TemporaryFolder folder;
    const auto refusal = [&](const std::string& name, Value value) {
        Value settings;
        settings.set("hosts", list_of({"a.example", "deploy@b.example:22", "[::1]:22"}));
        settings.set("folder", "/srv/shop").set("artifacts", "a").set("unit", "shop.service");
        settings.set(name, std::move(value));
        try {
            DriverRig rig(deploy_family, deploy_ssh_kind, "deploy/shop", settings, folder.path());
        } catch (const std::runtime_error& failure) {
            return std::string(failure.what());
        }
        return std::string();
    };
    CHECK(refusal("at_once", 2).empty());
    CHECK(contains(refusal("at_once", 0), "`at_once` must be at least 1"));
    CHECK(contains(refusal("hosts", List()), "`hosts` must name at least one host"));
    CHECK(contains(refusal("hosts", list_of({"a", "a"})), "names a twice"));
    CHECK(contains(refusal("hosts", list_of({"-oProxyCommand=x"})), "is no name"));
    CHECK(contains(refusal("hosts", list_of({"a:ssh"})), "\"ssh\" in `hosts` is no port"));
    CHECK(contains(refusal("folder", "srv"), "must be an absolute path"));
    CHECK(contains(refusal("folder", "/"), "must be an absolute path"));
    CHECK(contains(refusal("unit", "--all"), "`unit` must be the name of a unit"));
    CHECK(contains(refusal("health", list_of({""})), "each word of `health` must be text"));
}
