// What `check` and `list` say of runbooks by their text alone.
#include <doctest/doctest.h>

#include "tests/interpreter/command/command_rig.h"

namespace {

using namespace perilune;
using namespace perilune::test;

struct CheckRig : CommandRig {
    CheckRig() { add_environment(); }

    void runbook(const std::string& name, const std::string& keys,
                 const std::string& body) const {
        write("library/runbooks/" + name + ".lua",
              "return runbook {\n  summary = \"For tests\",\n" + keys +
                  "  run = function(params)\n" + body + "  end,\n}\n");
    }
    // "LINE:COLUMN CODE" of every finding, with commas between.
    std::string findings(Words words = {}) const {
        words.insert(words.begin(), "check");
        std::string all;
        const Value told = json(words);
        if (!told.is_list()) return "no list";
        for (const auto& item : told.list())
            all += (all.empty() ? "" : ", ") + std::to_string(item["line"].integer()) + ":" +
                   std::to_string(item["column"].integer()) + " " + item["code"].text();
        return all;
    }
};

TEST_CASE("finds_nothing_wrong_with_a_good_runbook") {
    const CheckRig rig;
    rig.add_waiting_runbook();
    const auto checked = rig.run({"check"});
    CHECK(checked.exit_code == 0);
    CHECK(checked.output == "");
    CHECK(rig.findings({"wait", "--environment", "local"}) == "");
}

TEST_CASE("places_every_error_where_it_stands") {
    const CheckRig rig;
    rig.runbook("bad", "  targets = { [\"dns/site\"] = { \"upsert\" } },\n",
                "    local site = dns(\"site\")\n"
                "    site:upsert { name = \"a\", typ = \"A\", value = \"192.0.2.1\" }\n"
                "    site:upsert { name = \"a\", type = \"A\", value = 7, ttl = \"1 parsec\" }\n"
                "    site:upsert { type = \"A\" }\n"
                "    site:upserrt { name = \"a\" }\n"
                "    site:delete { name = \"a\", type = \"A\" }\n"
                "    database(\"main\"):promote {}\n"
                "    stp(\"x\", function() end)\n"
                "    return string.formt(\"x\")\n");
    CHECK(rig.findings() == "6:31 unknown_parameter, 7:43 bad_argument, 7:54 bad_argument, "
          "8:10 bad_argument, 9:10 unknown_operation, 10:10 undeclared_change, "
          "11:5 undeclared_target, 12:5 unknown_global, 13:19 unknown_field");
    const auto text = rig.run({"check", "bad"});
    CHECK(text.exit_code == 2);
    CHECK(holds(text.output, "runbooks/bad.lua:6:31: error: dns:upsert has no parameter \"typ\". "
                             "Did you mean \"type\"? (unknown_parameter)\n"));
    CHECK(holds(text.output, "Did you mean \"step\"?"));
}

TEST_CASE("takes_arguments_that_only_the_run_will_know") {
    const CheckRig rig;
    rig.runbook("good", "  parameters = { ttl = { type = \"duration\", default = \"1m\" } },\n"
                        "  targets = { [\"dns/site\"] = { \"upsert\" } },\n",
                "    dns(\"site\"):upsert { name = \"a\", type = \"A\", ttl = params.ttl,\n"
                "      value = dns(\"site\"):export() }\n");
    CHECK(rig.findings() == "");
}

TEST_CASE("warns_of_leave_that_is_never_used") {
    const CheckRig rig;
    rig.runbook("loose", "  targets = { [\"dns/site\"] = { \"upsert\", \"delete\" },\n"
                         "    [\"storage/files\"] = {} },\n",
                "    dns(\"site\"):upsert { name = \"a\", type = \"A\", value = \"192.0.2.1\" }\n");
    CHECK(rig.findings() == "3:42 unused_change, 4:6 unused_target");
    CHECK(rig.run({"check"}).exit_code == 0);
}

TEST_CASE("sees_what_modules_do_with_a_target") {
    const CheckRig rig;
    rig.write("library/lib/names.lua", "local M = {}\nfunction M.point(value)\n  dns(\"site\"):"
                                       "upsert { name = \"a\", type = \"A\", value = value }\nend\n"
                                       "return M\n");
    rig.runbook("good", "  targets = { [\"dns/site\"] = { \"upsert\" } },\n",
                "    require(\"names\").point(\"192.0.2.1\")\n");
    CHECK(rig.findings() == "");
    rig.runbook("good", "  targets = {},\n", "    require(\"names\").point(\"192.0.2.1\")\n");
    CHECK(rig.findings() == "3:3 undeclared_target");
    rig.runbook("good", "  targets = {},\n", "    require(\"nmes\").point(\"192.0.2.1\")\n");
    CHECK(rig.findings({"good"}) == "5:13 unknown_module");
}

TEST_CASE("warns_of_nothing_where_a_handle_is_handed_on") {
    const CheckRig rig;
    rig.write("library/lib/names.lua", "return function(zone)\n  zone:upsert { name = \"a\", type ="
                                       " \"A\", value = \"192.0.2.1\" }\nend\n");
    rig.runbook("good", "  targets = { [\"dns/site\"] = { \"upsert\" } },\n",
                "    require(\"names\")(dns(\"site\"))\n");
    CHECK(rig.findings() == "");
}

TEST_CASE("a_target_that_an_argument_names_as_text_is_used_and_must_be_declared") {
    const CheckRig rig;
    const std::string call =
        "    database(\"main\"):backup { to = \"storage/backups\", key = \"nightly\" }\n";
    rig.runbook("good",
                "  targets = { [\"database/main\"] = { \"backup\" }, "
                "[\"storage/backups\"] = {} },\n",
                call);
    CHECK(rig.findings() == "");
    rig.runbook("good", "  targets = { [\"database/main\"] = { \"backup\" } },\n", call);
    CHECK(rig.findings() == "5:31 undeclared_target");
}

TEST_CASE("holds_child_runs_to_what_their_parent_may_do") {
    const CheckRig rig;
    rig.add_waiting_runbook();
    rig.runbook("parent", "  targets = { [\"dns/site\"] = {} },\n",
                "    run_runbook(\"wait\", {})\n    run_runbook(\"wiat\", {})\n");
    CHECK(rig.findings({"parent"}) ==
          "5:17 undeclared_target, 5:17 undeclared_change, 6:17 unknown_runbook");
    rig.runbook("parent",
                "  targets = { [\"dns/site\"] = { \"upsert\" }, [\"storage/files\"] = {} },\n",
                "    run_runbook(\"wait\", {})\n");
    CHECK(rig.findings({"parent"}) == "");
}

TEST_CASE("refuses_settings_that_fit_the_table_and_not_the_driver") {
    const CheckRig rig;
    rig.add_waiting_runbook();
    struct Wrong {
        std::string target;
        std::string said;
    };
    const std::string local =
        "driver: local, folder: app, artifacts: artifacts, "
        "command: [/bin/sh], port: 8080";
    for (const auto& [target, said] : std::vector<Wrong>{
             {"deploy/app: { " + local + ", health: ready }", "starts with a slash"},
             {"http/api: { driver: http, url: \"ftp://api.example.org\" }", "url of http/api"},
             {"process/ops: { driver: local, programs: { list: { args: [x] } } }", "list"},
             {"notify/log: { driver: file, path: logs/ }", "must name a file"},
             {"dns/other: { driver: zone_file, path: other.zone, zone: \"a b\" }", "domain name"},
             {"schedule/jobs: { driver: crontab, path: jobs, time_zone: Mars/Base }", "Mars/Base"},
         }) {
        CAPTURE(target);
        rig.add_environment("  " + target + "\n");
        const std::string name = target.substr(0, target.find(':'));
        for (const CommandRig::Words& words : std::vector<CommandRig::Words>{
                 {"check", "--environment", "local"},
                 {"plan", "wait", "--environment", "local"},
                 {"run", "wait", "--environment", "local", "--no-input"}}) {
            const auto refused = rig.run(words);
            const std::string all = refused.output + refused.errors;
            CHECK(refused.exit_code == 2);
            CHECK_MESSAGE(holds(all, "environments/local.yaml:5:3"), all);
            CHECK_MESSAGE(holds(all, name), all);
            CHECK_MESSAGE(holds(all, said), all);
        }
    }
    CHECK(rig.json({"runs"}).list().empty());
    rig.add_environment("  deploy/app: { " + local + ", health: /ready }\n");
    CHECK(rig.run({"check", "--environment", "local"}).exit_code == 0);
}

TEST_CASE("checks_what_a_runbook_declares") {
    const CheckRig rig;
    rig.runbook("bad",
                "  sumary = \"x\",\n  objectives = { rto = \"30 parsecs\" },\n"
                "  on_failure = \"aks\",\n  targets = { [\"dsn/site\"] = {}, site = {} },\n"
                "  parameters = { a = { type = \"strng\" } },\n",
                "");
    CHECK(rig.findings() == "3:3 unknown_key, 4:3 bad_declaration, 5:3 bad_declaration, "
          "6:16 unknown_family, 6:34 bad_target, 7:18 bad_declaration");
    rig.write("library/runbooks/bad.lua", "return 1\n");
    CHECK(rig.findings() == "1:1 no_runbook");
    rig.write("library/runbooks/bad.lua", "return runbook { summary = \"x\" }\n");
    CHECK(rig.findings() == "1:1 missing_key");
}

TEST_CASE("names_a_parameter_that_is_read_but_not_declared") {
    const CheckRig rig;
    rig.runbook("bad", "  parameters = { began = { type = \"time\" } },\n",
                "    local other = { begn = 1 }\n"
                "    return params.begn, params.began, other.begn\n");
    CHECK(rig.findings() == "6:19 unknown_parameter");
}

TEST_CASE("warns_of_steps_that_assign_and_refuses_secrets_compared") {
    const CheckRig rig;
    rig.runbook("bad", "",
                "    local out\n    step(\"x\", function() out = 1 end)\n"
                "    if secret(\"A\") == \"b\" then log(\"c\") end\n    return out\n");
    CHECK(rig.findings() == "5:26 step_assigns_outer_local, 6:8 secret_comparison");
}

TEST_CASE("goes_on_after_a_file_that_does_not_parse") {
    const CheckRig rig;
    rig.write("library/runbooks/broken.lua", "return {\n");
    rig.write("library/tests/broken_test.lua", "describe(\n");
    rig.runbook("other", "", "    stp()\n");
    CHECK(rig.findings() ==
          "2:1 syntax_error, 4:5 unknown_global, 2:1 syntax_error");
}

TEST_CASE("compares_with_what_an_environment_has") {
    const CheckRig rig;
    rig.runbook("needs", "  targets = { [\"dns/sight\"] = { \"upsert\" },\n"
                         "    [\"storage/files\"] = { \"set_replication\" } },\n",
                "    dns(\"sight\"):upsert { name = \"a\", type = \"A\", value = \"192.0.2.1\" }\n"
                "    storage(\"files\"):set_replication {}\n");
    const auto found = rig.findings({"needs", "--environment", "local"});
    CHECK(found == "3:16 missing_target, 4:27 driver_lacks, 7:22 bad_argument");
}

TEST_CASE("tells_every_error_of_an_environment_file_with_its_place") {
    const CheckRig rig;
    rig.add_waiting_runbook();
    rig.write("library/environments/bad.yaml", "kind: developmnt\ntargets:\n"
                                               "  dns/site: { driver: zone_fil }\n");
    const auto checked = rig.run({"check", "--environment", "bad"});
    CHECK(checked.exit_code == 2);
    CHECK(holds(checked.output, "environments/bad.yaml:1:7: error: "));
    CHECK(holds(checked.output, "environments/bad.yaml:3:"));
    CHECK(rig.run({"check", "--environment", "none"}).exit_code == 2);
}

TEST_CASE("refuses_defaults_for_parameters_that_there_are_not") {
    const CheckRig rig;
    rig.add_waiting_runbook();
    rig.add_environment("parameters:\n  wait: { vlue: 192.0.2.9 }\n");
    const auto checked = rig.run({"check", "--environment", "local"});
    CHECK(checked.exit_code == 2);
    CHECK(holds(checked.output, "no parameter \"vlue\". Did you mean \"value\"?"));
}

TEST_CASE("lists_runbooks_with_their_parameters_without_executing_them") {
    const CheckRig rig;
    rig.add_waiting_runbook();
    rig.write("library/runbooks/endless.lua", "while true do end\n");
    const Value told = rig.json({"list"});
    CHECK(told["name"].text() == "demo");
    REQUIRE(told["runbooks"].list().size() == 2);
    CHECK(told["runbooks"].list()[0]["problem"].text() == "no_runbook");
    const Value& waits = told["runbooks"].list()[1];
    CHECK(waits["summary"].text() == "Waits for a file");
    CHECK(waits["parameters"].list()[0]["name"].text() == "value");
    CHECK(told["environments"].list()[0]["kind"].text() == "development");
    CHECK(holds(rig.run({"list"}).output, "wait  Waits for a file"));
}

}  // namespace
