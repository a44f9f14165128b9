// The commands that read runs: runs, show, status, report, verify, of runs the program executed.
#include <doctest/doctest.h>
#include <sqlite3.h>

#include "tests/interpreter/command/command_rig.h"

namespace {

using namespace perilune;
using namespace perilune::test;

// A library with one run, `first`, that has ended well.
struct EndedRun : CommandRig {
    EndedRun() {
        add_environment();
        add_waiting_runbook();
        let_go();
        const auto ended = run({"run", "wait", "-e", "local", "--run-id", "first"});
        INFO(ended.errors);
        REQUIRE(ended.exit_code == 0);
    }

    // Changes the store as somebody who has the file might.
    void alter(const std::string& sql) const {
        sqlite3* file = nullptr;
        REQUIRE(sqlite3_open(at("state/state.db").c_str(), &file) == SQLITE_OK);
        char* problem = nullptr;
        sqlite3_exec(file, sql.c_str(), nullptr, nullptr, &problem);
        const std::string said = problem ? problem : "";
        sqlite3_free(problem);
        const int changed = sqlite3_changes(file);
        sqlite3_close(file);
        REQUIRE(said == "");
        REQUIRE(changed == 1);
    }
};

TEST_CASE("helps_programs_as_it_helps_people") {
    const CommandRig rig;
    CHECK(rig.json({"help"})["commands"].list().size() > 30);
    const Value help = rig.json({"help", "resume"});
    CHECK(help["name"] == Value("resume"));
    CHECK(help["arguments"].list()[0]["name"] == Value("RUN"));
    CHECK(rig.json({"resume", "--help"}) == help);
    CHECK(holds(rig.run({"resume", "--help"}).output, help["usage"].text()));
}

TEST_CASE("lists_runs_newest_first_and_only_those_asked_for") {
    const EndedRun rig;
    REQUIRE(rig.run({"run", "wait", "-e", "local", "--run-id", "second"}).exit_code == 0);
    const Value all = rig.json({"runs"});
    REQUIRE(all.list().size() == 2);
    CHECK(all.list()[0]["id"].text() == "second");
    CHECK(all.list()[1]["id"].text() == "first");
    CHECK(rig.json({"runs", "--limit", "1"}).list().size() == 1);
    CHECK(rig.json({"runs", "--only", "done"}).list().size() == 2);
    CHECK(rig.json({"runs", "--only", "open"}).list().empty());
    CHECK(rig.json({"runs", "--runbook", "other"}).list().empty());
    const auto text = rig.run({"runs"});
    CHECK(text.exit_code == 0);
    CHECK(holds(text.output, "first"));
    CHECK(!holds(text.output, "\x1b"));
}

TEST_CASE("refuses_states_and_limits_that_there_are_not") {
    const EndedRun rig;
    const auto state = rig.run({"runs", "--only", "dnoe"});
    CHECK(state.exit_code == 2);
    CHECK(holds(state.errors, "Did you mean \"done\"?"));
    CHECK(rig.run({"runs", "--limit", "0"}).exit_code == 2);
    CHECK(rig.run({"runs", "--limit", "3x"}).exit_code == 2);
    const auto missing = rig.run({"show", "frist"});
    CHECK(missing.exit_code == 2);
    CHECK(holds(missing.errors, "Did you mean \"first\"?"));
}

TEST_CASE("shows_what_a_run_was_given") {
    const EndedRun rig;
    const Value shown = rig.json({"show", "first"});
    CHECK(shown["params"]["value"].text() == "192.0.2.7");
    CHECK(shown["targets"]["dns/site"].list()[0].text() == "upsert");
    CHECK(shown["bundle"].text().size() == 64);
    REQUIRE(shown["locks"].list().size() == 1);
    CHECK(shown["locks"].list()[0]["name"].text() == "traffic/site");
    CHECK(!shown["locks"].list()[0].has("holder"));
    CHECK(holds(rig.run({"show", "last"}).output, "192.0.2.7"));
}

TEST_CASE("prints_the_records_of_a_journal_as_they_are") {
    const EndedRun rig;
    const auto printed = rig.run({"show", "first", "--records"});
    std::istringstream lines(printed.output);
    std::int64_t count = 0;
    for (std::string line; std::getline(lines, line);) {
        const auto record = from_canonical_json(line);
        REQUIRE(record.ok());
        CHECK((*record)["seq"].integer() == ++count);
        CHECK(to_canonical_json(*record) == line);
    }
    CHECK(count > 5);
    CHECK(rig.json({"verify", "first"})["runs"].list()[0]["records"].integer() == count);
}

TEST_CASE("says_how_a_run_stands") {
    const EndedRun rig;
    const Value status = rig.json({"status", "first"});
    CHECK(status["outcome"].text() == "done");
    CHECK(status["exit"].integer() == 0);
    CHECK(!status["executed"].boolean());
    CHECK(rig.json({"status"}).list().empty());
    CHECK(holds(rig.run({"status"}).output, "Nothing runs"));
}

TEST_CASE("writes_a_report_in_the_form_that_the_file_asks_for") {
    const EndedRun rig;
    for (const auto& [name, part] : {std::pair{"r.html", "<!doctype html>"},
                                     std::pair{"r.md", "# "}, std::pair{"r.txt", "Done"},
                                     std::pair{"r.json", "{\""}}) {
        CAPTURE(name);
        CHECK(rig.run({"report", "first", "--output", rig.at(name)}).exit_code == 0);
        std::ifstream file(rig.at(name));
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        CHECK(text.starts_with(part));
        CHECK(holds(text, "upsert"));
    }
    CHECK(rig.run({"report", "first"}).output.starts_with("Done"));
    CHECK(rig.run({"report", "first", "--format", "markdown"}).output.starts_with("# "));
    CHECK(rig.json({"report", "first"})["verdict"].is_map());
    const auto refused = rig.run({"report", "first", "--format", "markdwn"});
    CHECK(refused.exit_code == 2);
    CHECK(holds(refused.errors, "Did you mean \"markdown\"?"));
    CHECK(rig.run({"report", "first", "-o", rig.at("no/such/folder.md")}).exit_code == 2);
}

TEST_CASE("verifies_a_journal_that_nobody_touched") {
    const EndedRun rig;
    const auto verified = rig.run({"verify", "first"});
    CHECK(verified.exit_code == 0);
    CHECK(holds(verified.output, "first: intact"));
    CHECK(rig.json({"verify", "--all"})["ok"].boolean());
    CHECK(rig.run({"verify"}).exit_code == 2);
}

TEST_CASE("names_the_record_that_was_altered") {
    const EndedRun rig;
    rig.alter("update record set body = replace(body, '192.0.2.7', '192.0.2.8') where pos ="
              " (select min(pos) from record where kind = 'intent')");
    const auto verified = rig.run({"verify", "first"});
    CHECK(verified.exit_code == 1);
    CHECK(holds(verified.output, "first: BROKEN: record "));
    const Value told = rig.json({"verify", "--all"});
    CHECK(!told["ok"].boolean());
    CHECK(holds(told["runs"].list()[0]["problem"].text(), "hash"));
}

TEST_CASE("notices_a_tail_that_was_cut_off") {
    const EndedRun rig;
    rig.alter("update run set last = (select prev from record where pos = run.last)");
    const auto verified = rig.run({"verify", "first"});
    CHECK(verified.exit_code == 1);
    CHECK(holds(verified.output, "counts"));
}

TEST_CASE("notices_code_that_was_exchanged") {
    const EndedRun rig;
    rig.alter("update file set text = cast(text as text) || ' ' where cast(text as text) like"
              " '%Waits for a file%'");
    const auto verified = rig.run({"verify", "first"});
    CHECK(verified.exit_code == 1);
    CHECK(holds(verified.output, "not the code it was started with"));
}

}  // namespace
