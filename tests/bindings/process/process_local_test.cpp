// The local driver: what a program gets, what is refused, and when it is stopped.
#include <csignal>

#include "tests/bindings/process/local_rig.h"

using namespace perilune;
using namespace perilune::test;

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
    const Changed made = rig.change("run", program("environment").set("environment", environment));
    REQUIRE(made.ok());
    CHECK(made.value()["output"].text() ==
          "GIVEN=WORD\nLANG=C.UTF-8\nPATH=/usr/bin:/bin\nPLAIN=8080\nPWD=" +
              std::filesystem::current_path().string() + "\nTOKEN=TOKEN\n");
    // Opened secrets reach the program and no file.
    const std::string log = only_log(folder);
    CHECK(content(log).find("WORD") != std::string::npos);  // Its own output.
    CHECK(std::filesystem::status(runs_folder(folder)).permissions() ==
          std::filesystem::perms(0700));
    CHECK(std::filesystem::status(log).permissions() == std::filesystem::perms(0600));
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
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder.path() + "/state"))
        if (entry.is_regular_file())
            CHECK(content(entry.path().string()).find("CANARY") == std::string::npos);
}

TEST_CASE("fits_arguments_to_patterns_as_a_whole") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    CHECK(rig.before("run", program("strict", {"--level=42"})).ok());
    CHECK(rig.before("run", program("strict", {"--level=7", "yes"})).ok());
    for (const char* wrong :
         {"--level=4200", "x--level=4", "--level=4x", "--level=4\n", "--level=", "YES", ""})
        CHECK_FALSE(rig.before("run", program("strict", {wrong})).ok());
}

TEST_CASE("refuses_declarations_that_are_wrong_and_says_what_is") {
    const TemporaryFolder folder;
    const auto refused = [&](Value program_settings) -> std::string {
        Value settings;
        settings.set("programs", Value().set("tool", std::move(program_settings)));
        try {
            DriverRig rig(process_family, process_local_kind, "process/tools", settings,
                          folder.path());
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
    const std::string mark = folder.path() + "/mark";
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
    const std::string mark = folder.path() + "/mark";
    rig.loop().start_timer(boot_now_s() + 0.3, [&] { rig.cancel->ask(); });
    const Changed made = rig.change("run", program("marks", {mark}));
    CHECK(made.code() == "stopped");
    CHECK_FALSE(run_is_held(runs_folder(folder), made.key));
    const Changed late = rig.change("run", program("say", {"x"}));
    CHECK(late.outcome.kind == Outcome::Kind::not_sent);
}

TEST_CASE("kills_a_started_program_that_does_not_end_in_its_grace") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    REQUIRE(rig.change("start", keyed("web", program("stubborn"))).ok());
    REQUIRE(eventually(
        [&] { return !(*rig.observe("output", keyed("web")))["lines"].list().empty(); }));
    const double began_s = boot_now_s();
    const Changed stopped = rig.change("stop", keyed("web").set("grace", "300ms"));
    REQUIRE(stopped.ok());
    CHECK(stopped.value()["exit_code"].integer() == 128 + SIGKILL);
    CHECK(boot_now_s() - began_s < 4);
}
