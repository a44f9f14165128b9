// The keeper of a host's programs: what it writes down is believed exactly as far as it can be.
#include <csignal>
#include <fstream>

#include "tests/bindings/process/local_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

const std::string no_intent(40, 'f');

void write_bytes(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::trunc | std::ios::binary) << bytes;
}

Value altered(const Value& before, const std::string& name) {
    Value made = before;
    return made.set(name, "another");
}

}  // namespace

TEST_CASE("believes_an_end_also_after_the_machine_has_been_started_anew") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Value call = program("say", {"x"});
    const Changed made = rig.change("run", call);
    REQUIRE(made.ok());
    const Sighting seen = rig.look("run", call, made.key, altered(made.before.state, "boot"));
    CHECK(seen.kind == Sighting::Kind::happened);
    CHECK(seen.value["output"].text() == "x\n");
}

TEST_CASE("takes_nothing_written_down_as_never_started_only_within_one_boot") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Value call = program("say", {"x"});
    const auto before = rig.before("run", call);
    REQUIRE(before.ok());
    CHECK(rig.look("run", call, no_intent, before->state).kind == Sighting::Kind::did_not);
    const Sighting later = rig.look("run", call, no_intent, altered(before->state, "boot"));
    CHECK(later.kind == Sighting::Kind::cannot_tell);
    CHECK(later.evidence.find("started anew") != std::string::npos);
}

TEST_CASE("cannot_tell_what_a_log_would_have_said_that_is_gone") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Value call = program("say", {"x"});
    const auto before = rig.before("run", call);
    REQUIRE(before.ok());
    std::filesystem::remove(only_log(folder));
    const Sighting seen = rig.look("run", call, no_intent, before->state);
    CHECK(seen.kind == Sighting::Kind::cannot_tell);
    CHECK(seen.evidence.find("is gone") != std::string::npos);
}

TEST_CASE("believes_no_line_that_a_loss_of_power_has_left_in_part") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Value call = program("say", {"whole"});
    const Changed made = rig.change("run", call);
    REQUIRE(made.ok());
    const std::string log = only_log(folder);
    const std::string whole = content(log);
    const auto last = whole.rfind("\n", whole.size() - 2);
    // Cut off, filled with zeros, and with one byte altered: the line before still tells.
    std::string zeros = whole;
    for (std::size_t i = last + 30; i < zeros.size(); ++i) zeros[i] = '\0';
    std::string other = whole;
    const auto said = other.find("whole", last);
    REQUIRE(said != std::string::npos);
    other[said] = 'W';
    for (const std::string& left : {whole.substr(0, last + 30), zeros, other}) {
        write_bytes(log, left);
        const Sighting seen = rig.look("run", call, made.key, made.before.state);
        CHECK(seen.kind == Sighting::Kind::cannot_tell);
        CHECK(seen.evidence.find("nothing says how it ended") != std::string::npos);
    }
    // What is written after such a line is whole again.
    REQUIRE(rig.change("run", call).ok());
    write_bytes(log, whole);
    CHECK(rig.look("run", call, made.key, made.before.state).kind == Sighting::Kind::happened);
}

TEST_CASE("goes_on_with_another_keeper_where_one_was_killed") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const std::string mark = folder.path() + "/mark";
    const std::string key = to_hex(random_bytes(16));
    // Killed as soon as its program has begun; the program goes on.
    const std::string runs = runs_folder(folder);
    std::function<void()> kill_keeper = [&] {
        const auto status = find_run(runs, key);
        if (status && status->state == KeptStatus::State::running && content(mark) == "begun\n") {
            CHECK(::kill(status->keeper_pid, SIGKILL) == 0);
        } else {
            rig.loop().start_timer(boot_now_s() + 0.01, kill_keeper);
        }
    };
    rig.loop().start_timer(boot_now_s() + 0.01, kill_keeper);
    const Value call = program("marks", {mark});
    const Changed made = rig.change("run", call, key);
    CHECK(made.outcome.kind == Outcome::Kind::unknown);
    CHECK(made.code() == "still_running");
    CHECK(rig.act_again("run", call, made).error.code == "still_running");
    CHECK(rig.change("run", program("say", {"next"})).value()["output"].text() == "next\n");
    CHECK(write_file_durably(mark + ".go", "").ok());
    CHECK(eventually([&] { return !run_is_held(runs, key); }));
    CHECK(content(mark) == "begun\nended\n");
    CHECK(rig.look("run", call, key, made.before.state).kind == Sighting::Kind::cannot_tell);
}

TEST_CASE("a_keeper_that_dies_at_once_has_started_nothing_and_is_told_so") {
    const TemporaryFolder folder;
    const TemporaryFolder programs;
    script(programs.path(), "perilune-supervisor", "exit 0");
    const char* const named = std::getenv("PERILUNE_BIN");
    const std::string before = named ? named : program_folder();
    ::setenv("PERILUNE_BIN", programs.path().c_str(), 1);
    DriverRig rig = make_rig(folder);
    ::setenv("PERILUNE_BIN", before.c_str(), 1);
    const Changed made = rig.change("run", program("say", {"x"}));
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK(made.code() == "not_started");
    CHECK_FALSE(made.outcome.left_some);
    CHECK(made.outcome.error.message.find("its keeper ended") != std::string::npos);
}

TEST_CASE("a_person_may_have_a_program_started_again_whose_end_is_unknown") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const Value call = program("say", {"x"});
    const Changed made = rig.change("run", call);
    const std::string log = only_log(folder);
    const std::string whole = content(log);
    write_bytes(log, whole.substr(0, whole.rfind("\n", whole.size() - 2)));
    CHECK(rig.act_again("run", call, made).kind == Outcome::Kind::done);
    CHECK(rig.look("run", call, made.key, made.before.state).kind == Sighting::Kind::happened);
}

TEST_CASE("runs_many_programs_at_once_and_keeps_their_ends_apart") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const auto before = rig.before("run", program("say", {"0"}));
    REQUIRE(before.ok());
    const int count = 20;
    std::vector<Result<Call>> calls;
    for (int i = 0; i < count; ++i) {
        calls.push_back(rig.make_call("run", program("say", {std::to_string(i)})));
        REQUIRE(calls.back().ok());
        calls.back()->key = to_hex(random_bytes(16));
    }
    const auto outcomes = rig.act_on_all(calls, before->state);
    for (int i = 0; i < count; ++i) {
        CHECK(outcomes[static_cast<std::size_t>(i)].kind == Outcome::Kind::done);
        CHECK(outcomes[static_cast<std::size_t>(i)].value["output"].text() ==
              std::to_string(i) + "\n");
    }
}

TEST_CASE("hands_over_long_input_and_brings_back_long_output") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    std::string input(900000, 'i');
    input += "\nlast\xff";
    const Changed made = rig.change("run", program("say").set("input", input));
    REQUIRE_MESSAGE(made.ok(), made.outcome.error.message);
    CHECK(made.value()["output"].text() == "\n" + input);
}

TEST_CASE("is_not_started_where_it_cannot_be_written_down") {
    const TemporaryFolder folder;
    DriverRig rig = make_rig(folder);
    const std::string mark = folder.path() + "/mark";
    const Value call = program("marks", {mark});
    const auto before = rig.before("run", call);
    REQUIRE(before.ok());
    std::filesystem::remove(runs_folder(folder) + ".lock");
    std::filesystem::create_directory(runs_folder(folder) + ".lock");
    const Changed made = rig.change("run", call);
    CHECK(made.outcome.kind == Outcome::Kind::failed);
    CHECK(made.outcome.error.message.find("Opening the lock") != std::string::npos);
    CHECK_FALSE(std::filesystem::exists(mark));
}
