// The local driver: isolation, recovery after the host was killed, and what it leaves behind.
#include <csignal>

#include <sys/wait.h>

#include "interpreter/base/files.h"
#include "interpreter/base/kept.h"
#include "tests/bindings/process/process_conformance.h"

using namespace perilune;
using namespace perilune::test;

namespace {

const std::string say = "s=; for a; do printf '%s' \"$s$a\"; s=' '; done; echo; cat";


// A program as a script file, as an operator would declare one.
Value script(const std::string& folder, const std::string& name, const std::string& text,
             Value more = {}) {
    const std::string path = folder + "/" + name;
    REQUIRE(write_file_durably(path, "#!/bin/sh\n" + text + "\n", 0755).ok());
    return more.set("path", path);
}

Value declared(const std::string& folder) {
    Value any;
    any.set("arguments", "any");
    Value observing = any;
    observing.set("effect", "observe");
    Value fed = any;
    fed.set("input", true);
    Value picky;
    picky.set("arguments", list_of({"yes", "/--level=[0-9]{1,3}/"}));
    Value programs;
    programs.set("say", script(folder, "say", say, fed));
    programs.set("look", script(folder, "look", say, observing));
    programs.set("fail", script(folder, "fail", "echo no >&2; exit 3"));
    programs.set("strict", script(folder, "strict", "exit 0", picky));
    programs.set("serve", script(folder, "serve", "echo ready; exec sleep 1000"));
    Value environment;
    environment.set("TOKEN", make_secret("token")).set("PLAIN", 8080);
    Value open;
    open.set("environment", environment).set("variables", list_of({"GIVEN"}));
    programs.set("environment", script(folder, "environment", "env | sort", open));
    programs.set("descriptors", script(folder, "descriptors", "ls -l /proc/self/fd"));
    programs.set("gone", Value().set("path", "/nowhere/program"));
    programs.set("stubborn", script(folder, "stubborn", "trap '' TERM; while :; do sleep 0.1; done"));
    programs.set("marks", script(folder, "marks",
                                 "echo begun >> \"$1\"; while [ ! -e \"$1.go\" ]; do sleep 0.02; "
                                 "done; echo ended >> \"$1\"; echo output",
                                 any));
    Value settings;
    settings.set("programs", programs);
    return settings;
}

DriverRig make_rig(const TemporaryFolder& folder) {
    return DriverRig(process_family, process_local_kind, "process/tools", declared(folder.path),
                     folder.path + "/state");
}

bool eventually(const std::function<bool()>& so) {
    for (const double until_s = boot_now_s() + 30; boot_now_s() < until_s; ::usleep(5000))
        if (so()) return true;
    return false;
}

std::string content(const std::string& path) {
    const auto text = read_file(path);
    return text ? *text : std::string();
}

std::string only_run_folder(const TemporaryFolder& folder) {
    std::string found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path + "/state/process/runs"))
        found = entry.path().string();
    return found;
}

// Acts on an intent in another process, which is killed by SIGKILL once the program has begun.
void act_in_a_host_that_is_killed(const TemporaryFolder& folder, const Value& call,
                                  const std::string& key, const std::string& mark) {
    const pid_t host = ::fork();
    REQUIRE(host >= 0);
    if (host == 0) {
        DriverRig rig = make_rig(folder);
        rig.change("run", call, key);
        ::_exit(0);
    }
    CHECK(eventually([&] { return content(mark).find("begun") != std::string::npos; }));
    ::kill(host, SIGKILL);
    ::waitpid(host, nullptr, 0);
}

}  // namespace

TEST_CASE("the_local_driver_conforms") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    check_process_driver(rig);
}

TEST_CASE("gives_a_program_only_declared_and_allowed_variables") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    ::setenv("PERILUNE_LEAK", "yes", 1);
    Value environment;
    environment.set("GIVEN", make_secret("word"));
    const Changed made =
        rig.change("run", program("environment").set("environment", environment));
    REQUIRE(made.ok());
    CHECK(made.value()["output"].text() ==
          "GIVEN=WORD\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\nPLAIN=8080\nPWD=" +
              std::filesystem::current_path().string() + "\nTOKEN=TOKEN\n");
    // Opened secrets reach the program and no file.
    const std::string kept = only_run_folder(folder);
    CHECK(content(kept + "/status.json").find("WORD") != std::string::npos);  // Its own output.
    CHECK(std::filesystem::status(kept).permissions() == std::filesystem::perms(0700));
    CHECK(std::filesystem::status(kept + "/status.json").permissions() ==
          std::filesystem::perms(0600));
}

TEST_CASE("keeps_a_secret_of_the_environment_out_of_its_files") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    Value environment;
    environment.set("GIVEN", make_secret("canary"));
    REQUIRE(rig.change("run", program("strict", {"yes"})).ok());
    REQUIRE(rig.change("run", program("descriptors")).ok());
    Value call = program("environment").set("environment", environment).set("output_max", 0);
    REQUIRE(rig.change("run", call).ok());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path + "/state"))
        if (entry.is_regular_file())
            CHECK(content(entry.path().string()).find("CANARY") == std::string::npos);
}

TEST_CASE("fits_arguments_to_patterns_as_a_whole") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    CHECK(rig.before("run", program("strict", {"--level=42"})).ok());
    CHECK(rig.before("run", program("strict", {"--level=7", "yes"})).ok());
    for (const char* wrong : {"--level=4200", "x--level=4", "--level=4x", "--level=4\n",
                                     "--level=", "YES", ""})
        CHECK_FALSE(rig.before("run", program("strict", {wrong})).ok());
}

TEST_CASE("refuses_declarations_that_are_wrong_and_says_what_is") {
    const TemporaryFolder folder;
    const auto refused = [&](Value program_settings) -> std::string {
        Value settings;
        settings.set("programs", Value().set("tool", std::move(program_settings)));
        try {
            DriverRig rig(process_family, process_local_kind, "process/tools", settings,
                          folder.path);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return "accepted";
    };
    const auto with = [](const std::string& name, Value value) {
        return Value().set("path", "/bin/true").set(name, std::move(value));
    };
    CHECK(refused(Value().set("path", "true")).find("absolute") != std::string::npos);
    CHECK(refused(with("argumnets", "any")).find("arguments") != std::string::npos);
    CHECK(refused(with("arguments", list_of({"/(/"}))).find("regular expression") !=
          std::string::npos);
    CHECK(refused(with("arguments", list_of({"/(a)\\1/"}))).find("refers back") !=
          std::string::npos);
    CHECK(refused(with("effect", "both")).find("observe or change") != std::string::npos);
    CHECK(refused(with("environment", Value().set("LD_PRELOAD", "x"))).find("LD_PRELOAD") !=
          std::string::npos);
    CHECK(refused(with("variables", list_of({"DYLD_X"}))).find("DYLD_X") != std::string::npos);
    CHECK(refused(with("expect_exit", 300)).find("0 to 255") != std::string::npos);
    CHECK(refused(with("output_max", "2MiB")) == "accepted");
}

TEST_CASE("says_that_nothing_was_started_where_the_program_is_not_there") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Changed made = rig.change("run", program("gone"));
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK(made.code() == "not_started");
    CHECK_FALSE(made.outcome.left_some);
    CHECK(made.outcome.error.message.find("/nowhere/program") != std::string::npos);
    CHECK(made.outcome.error.message.find("No such file") != std::string::npos);
    const Changed started = rig.change("start", keyed("gone", program("gone")));
    CHECK(started.code() == "not_started");
    CHECK((*rig.observe("status", keyed("gone"))).is_nil());
}

TEST_CASE("shows_the_last_line_while_a_program_runs") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    REQUIRE(rig.change("run", program("say", {"first\nlast"})).ok());
    REQUIRE_FALSE(rig.told.empty());
    CHECK(rig.told.back() == "last");
}

TEST_CASE("stops_a_program_at_its_deadline_and_says_what_it_left") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const std::string mark = folder.path + "/mark";
    const Changed made = rig.change("run", program("marks", {mark}).set("timeout", "400ms"));
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK(made.code() == "stopped");
    CHECK(made.outcome.left_some);
    CHECK(made.outcome.error.detail["exit_code"].integer() == 128 + SIGTERM);
    CHECK(content(mark) == "begun\n");
}

TEST_CASE("stops_a_program_when_a_stop_is_asked_for") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const std::string mark = folder.path + "/mark";
    rig.loop().start_timer(boot_now_s() + 0.3, [&] { rig.cancel->ask(); });
    const Changed made = rig.change("run", program("marks", {mark}));
    CHECK(made.code() == "stopped");
    CHECK_FALSE(kept_is_held(only_run_folder(folder)));
    const Changed late = rig.change("run", program("say", {"x"}));
    CHECK(late.outcome.kind == Outcome::Kind::not_sent);
}

TEST_CASE("waits_for_a_program_whose_host_was_killed_and_reads_how_it_ended") {
    const TemporaryFolder folder;
    const std::string mark = folder.path + "/mark";
    const std::string key = to_hex(random_bytes(16));
    const Value call = program("marks", {mark});
    act_in_a_host_that_is_killed(folder, call, key, mark);

    DriverRig rig = make_rig(folder);
    const auto before = rig.before("run", call);
    REQUIRE(before.ok());
    const Sighting still = rig.look("run", call, key, before->state, 0.3);
    CHECK(still.kind == Sighting::Kind::cannot_tell);
    CHECK(still.evidence.find("still runs") != std::string::npos);
    // Acting again beside it is refused: it would be a second start.
    Changed first;
    first.key = key;
    first.before = *before;
    CHECK(rig.act_again("run", call, first).kind == Outcome::Kind::unknown);

    rig.loop().start_timer(boot_now_s() + 0.2, [&] {
        CHECK(write_file_durably(mark + ".go", "").ok());
    });
    const Sighting seen = rig.look("run", call, key, before->state);
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["output"].text() == "output\n");
    CHECK(content(mark) == "begun\nended\n");
    CHECK(rig.act_again("run", call, first).kind == Outcome::Kind::done);
    CHECK(content(mark) == "begun\nended\n");
}

TEST_CASE("answers_with_the_recorded_failure_instead_of_a_second_start") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Changed made = rig.change("run", program("fail"));
    const Sighting seen = rig.look("run", program("fail"), made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::did_not);
    CHECK(seen.evidence.find("exit code 3") != std::string::npos);
    const std::string status = only_run_folder(folder) + "/status.json";
    const std::string before = content(status);
    const Outcome again = rig.act_again("run", program("fail"), made);
    CHECK(again.kind == Outcome::Kind::failed);
    CHECK(again.error.code == "exit_status");
    CHECK(again.left_some);
    CHECK(content(status) == before);
}

TEST_CASE("cannot_tell_how_a_program_ended_whose_keeper_was_killed_too") {
    const TemporaryFolder folder;
    const std::string mark = folder.path + "/mark";
    const std::string key = to_hex(random_bytes(16));
    const Value call = program("marks", {mark});
    act_in_a_host_that_is_killed(folder, call, key, mark);
    const std::string kept = only_run_folder(folder);
    REQUIRE(eventually([&] {
        const auto status = read_kept_status(kept);
        return status && *status && (*status)->state == KeptStatus::State::running;
    }));
    const auto status = *read_kept_status(kept);
    REQUIRE(::kill(status->keeper_pid, SIGKILL) == 0);
    CHECK(kept_is_held(kept));  // The program itself still holds the lock.

    DriverRig rig = make_rig(folder);
    const auto before = rig.before("run", call);
    REQUIRE(before.ok());
    CHECK(rig.look("run", call, key, before->state, 0.2).evidence.find("still runs") !=
          std::string::npos);
    CHECK(write_file_durably(mark + ".go", "").ok());
    const Sighting seen = rig.look("run", call, key, before->state);
    CHECK(seen.kind == Sighting::Kind::cannot_tell);
    CHECK(seen.evidence.find("nothing says how it ended") != std::string::npos);
}

TEST_CASE("cannot_tell_what_was_started_from_another_state_folder") {
    const TemporaryFolder here;
    const TemporaryFolder there;
    DriverRig rig = make_rig(here);
    DriverRig other = make_rig(there);
    const Changed made = rig.change("run", program("say", {"x"}));
    REQUIRE(made.ok());
    const Sighting seen = other.look("run", program("say", {"x"}), made.key, made.before.state);
    CHECK(seen.kind == Sighting::Kind::cannot_tell);
    CHECK(seen.evidence.find("another state folder") != std::string::npos);
}

TEST_CASE("a_started_program_goes_on_after_the_host_and_is_found_again") {
    const TemporaryFolder folder;
    const pid_t host = ::fork();
    REQUIRE(host >= 0);
    if (host == 0) {
        DriverRig rig = make_rig(folder);
        ::_exit(rig.change("start", keyed("web", program("serve"))).ok() ? 0 : 1);
    }
    int status = -1;
    ::waitpid(host, &status, 0);
    CHECK(status == 0);
    DriverRig rig = make_rig(folder);
    const auto found = rig.observe("status", keyed("web"));
    REQUIRE(found.ok());
    CHECK((*found)["state"].text() == "running");
    const auto pid = static_cast<pid_t>((*found)["pid"].integer());
    CHECK(::kill(pid, 0) == 0);
    const Changed stopped = rig.change("stop", keyed("web"));
    REQUIRE(stopped.ok());
    CHECK(stopped.value()["exit_code"].integer() == 128 + SIGTERM);
    CHECK(eventually([&] { return start_ticks(pid) == 0; }));
}

TEST_CASE("kills_a_started_program_that_does_not_end_in_its_grace") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    REQUIRE(rig.change("start", keyed("web", program("stubborn"))).ok());
    const double began_s = boot_now_s();
    const Changed stopped = rig.change("stop", keyed("web").set("grace", "300ms"));
    REQUIRE(stopped.ok());
    CHECK(stopped.value()["exit_code"].integer() == 128 + SIGKILL);
    CHECK(boot_now_s() - began_s < 4);
}

TEST_CASE("ends_a_started_program_with_its_keeper_and_says_that_its_end_is_unknown") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Changed started = rig.change("start", keyed("web", program("serve")));
    REQUIRE(started.ok());
    const auto pid = static_cast<pid_t>(started.value()["pid"].integer());
    std::string kept;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path + "/state/process/keys"))
        kept = entry.path().string();
    const auto status = *read_kept_status(kept);
    REQUIRE(::kill(status->keeper_pid, SIGKILL) == 0);
    CHECK(eventually([&] { return start_ticks(pid) == 0; }));
    CHECK((*rig.observe("status", keyed("web")))["state"].text() == "unknown");
    const auto waited = rig.observe("wait_ended", keyed("web").set("within", "1s"));
    CHECK(waited.error().code == "end_unknown");
    CHECK(rig.change("stop", keyed("web")).ok());
    CHECK((*rig.observe("status", keyed("web")))["state"].text() == "ended");
}

TEST_CASE("leaves_no_child_of_the_host_behind") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    for (int i = 0; i < 5; ++i) REQUIRE(rig.change("run", program("say", {"x"})).ok());
    REQUIRE(rig.change("start", keyed("web", program("serve"))).ok());
    REQUIRE(rig.change("stop", keyed("web")).ok());
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}
