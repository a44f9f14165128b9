// What the doctor makes of what drivers tell it: rights that runbooks miss, what cannot be asked,
// and targets that say of themselves that they cannot be reached.
#include <algorithm>

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "interpreter/command/command.h"
#include "tests/interpreter/command/command_rig.h"
#include "tests/support/http_server.h"

namespace {

using namespace perilune;
using test::CommandRig;
using test::holds;

// A pager whose key may not open incidents, in a library with a runbook that sends and one that
// opens.
struct PagerRig : CommandRig {
    PagerRig() {
        write("library/drivers/notify/own.lua", R"(
local function nothing() return { act = function() return {} end } end
return { family = "notify", name = "own", doc = "For tests.", hosts = { "{url}" },
  settings = { { name = "url", doc = "Where." } },
  doctor = { checks = { "its key" }, cannot = { "whether anybody reads it" },
    ask = function(say, call)
      say.well("the key is one of " .. call.target)
      say.lacks({ "open" }, "the key may not open incidents", "Give it that right.")
    end },
  operations = { send = nothing(), open = nothing(), update = nothing(), resolve = nothing() } }
)");
        add_runbook("tells", "send", R"(notify("own"):send { text = "hello" })");
        add_environment("  notify/own: { driver: own, url: \"http://127.0.0.1:1\" }\n");
    }
    void add_runbook(const std::string& name, const std::string& change,
                     const std::string& body) const {
        write("library/runbooks/" + name + ".lua",
              "return runbook { summary = \"" + name + "\", targets = { [\"notify/own\"] = { \"" +
                  change + "\" } }, run = function() " + body + " end }\n");
    }
    void add_opening() const {
        add_runbook("opens", "open",
                    R"(notify("own"):open { key = "a", summary = "b", severity = "info" })");
    }
};

}  // namespace

TEST_CASE("a_right_that_no_runbook_needs_is_a_note_and_one_that_is_needed_a_problem") {
    const PagerRig rig;
    const auto noted = rig.run({"doctor", "-e", "local"});
    CHECK(noted.exit_code == exit_done);
    CHECK(holds(noted.output, "the key is one of notify/own"));
    CHECK(holds(noted.output, "may not open incidents; no runbook here needs it"));
    CHECK(holds(noted.output, "not checked: whether anybody reads it"));
    rig.add_opening();
    const auto missed = rig.run({"doctor", "-e", "local"});
    CHECK(missed.exit_code == exit_credentials);
    CHECK(holds(missed.output, "PROBLEM  notify/own"));
    CHECK(holds(missed.output, "the key may not open incidents"));
    CHECK(holds(missed.output, "Give it that right."));
    // Of one runbook only what that one needs.
    CHECK(rig.run({"doctor", "tells", "-e", "local"}).exit_code == exit_done);
    CHECK(rig.run({"doctor", "opens", "-e", "local"}).exit_code == exit_credentials);
    const Value told = rig.json({"doctor", "opens", "-e", "local"});
    const List& lines = told["examined"].list();
    CHECK(std::ranges::count_if(
              lines, [](const Value& line) { return line["what"].text() == "notify/own"; }) == 4);
}

TEST_CASE("a_target_that_says_it_cannot_be_reached_is_a_problem") {
    const CommandRig rig;
    rig.add_environment("  cache/sessions: { driver: redis, url: \"redis://127.0.0.1:1\" }\n");
    const auto ended = rig.run({"doctor", "-e", "local"});
    CHECK(ended.exit_code == exit_failed);
    CHECK(holds(ended.output, "PROBLEM  cache/sessions"));
    CHECK(holds(ended.output, "it cannot be reached"));
}

TEST_CASE("an_api_that_forbids_what_it_is_asked_is_one_with_wrong_credentials") {
    test::HttpServer server;
    server.reply({.status = 403, .headers = {}, .body = "{}"});
    const CommandRig rig;
    rig.add_environment("  schedule/jobs: { driver: qstash, url: \"" + server.url() +
                        "\", token: \"secret:TOKEN\" }\n  http/shop: { driver: http, url: \"" +
                        server.url() + "\" }\nsecrets: { provider: file, folder: ../secrets }\n");
    rig.write("secrets/TOKEN", "canary");
    ::chmod(rig.at("secrets/TOKEN").c_str(), 0600);
    const auto ended = rig.run({"doctor", "-e", "local"});
    CHECK(ended.exit_code == exit_credentials);
    CHECK(holds(ended.output, "PROBLEM  schedule/jobs"));
    CHECK(holds(ended.output, "it answers 403"));  // A web page may: its server is there.
    CHECK(!holds(ended.output + ended.errors, "canary"));
}
