// The generated reference: complete, well-formed, and the same as what the repository holds.
#include "interpreter/command/reference.h"

#include <doctest/doctest.h>

#include "bindings/table.h"
#include "interpreter/base/files.h"
#include "interpreter/command/known_drivers.h"
#include "interpreter/command/words.h"
#include "interpreter/lua/syntax/parser.h"
#include "tests/interpreter/command/command_rig.h"

namespace {

using namespace perilune;
using test::holds;

void check_page(const std::string& name, const std::string& made) {
    const std::string path = test::source_path("docs/reference/" + name + ".md");
    const auto kept = read_file(path);
    REQUIRE_MESSAGE(kept.ok(), "write it with: perilune docs ", name);
    const bool same = *kept == made;
    CHECK_MESSAGE(same, path, " is not of this program; write it anew with: ninja reference-pages");
}

TEST_CASE("keeps_the_pages_of_the_repository_as_the_program_makes_them") {
    check_page("operations", operations_reference());
    check_page("drivers", drivers_reference());
    check_page("commands", commands_reference());
}

TEST_CASE("describes_every_operation_with_its_parameters") {
    const std::string text = operations_reference();
    for (const auto* family : all_families())
        for (const auto& operation : family->operations) {
            const std::string name = std::string(family->name) + ":" + std::string(operation.name);
            const auto from = text.find("### " + name + "\n");
            CHECK_MESSAGE(from != std::string::npos, name);
            const std::string section = text.substr(from, text.find("\n##", from + 4) - from);
            for (const auto& parameter : operation.used_parameters())
                CHECK_MESSAGE(holds(section, "| `" + std::string(parameter.name) + "` |"), name,
                              " ", parameter.name);
        }
}

TEST_CASE("describes_every_driver_with_its_settings") {
    const std::string text = drivers_reference();
    for (const auto* kind : shipped_drivers()) {
        const std::string heading =
            "### " + std::string(kind->family) + ": " + std::string(kind->name) + "\n";
        CHECK_MESSAGE(holds(text, heading), heading);
        for (const auto& setting : kind->settings)
            CHECK(holds(text, "| `" + std::string(setting.name) + "` |"));
    }
}

TEST_CASE("has_every_command_and_option_in_every_form") {
    std::vector<std::string> forms = {commands_reference()};
    for (const auto* shell : {"bash", "zsh", "fish"}) {
        const auto made = completions(shell);
        REQUIRE(made.ok());
        forms.push_back(*made);
    }
    CHECK(!completions("ksh").ok());
    for (const auto& row : all_commands()) {
        CHECK(holds(man_page(), "perilune " + std::string(row.name)));
        for (const auto& form : forms) {
            CHECK_MESSAGE(holds(form, row.name), row.name);
            for (const auto& option : row.options)
                CHECK_MESSAGE(holds(form, option.name.substr(2)), option.name);
        }
    }
}

TEST_CASE("writes_a_completion_that_bash_takes") {
    const test::CommandRig rig;
    rig.write("complete.sh", *completions("bash") +
                                 "COMP_WORDS=(perilune wh); COMP_CWORD=1; _perilune\n"
                                 "echo \"${COMPREPLY[@]}\"\n"
                                 "COMP_WORDS=(perilune run --env); COMP_CWORD=2; _perilune\n"
                                 "echo \"${COMPREPLY[@]}\"\n");
    Program program;
    program.argv = {"/bin/bash", rig.at("complete.sh")};
    const auto loop = Loop::make();
    Ended ended;
    loop->post([&] {
        auto task =
            run_program(*loop, std::move(program), std::make_shared<Cancel>(), boot_now_s() + 60);
        start_task(std::move(task), [&](Ended value) {
            ended = std::move(value);
            loop->stop();
        });
    });
    loop->run();
    CHECK(ended.errors == "");
    CHECK(ended.output == "where\n--environment\n");
}

TEST_CASE("has_stubs_that_are_lua_and_name_everything") {
    const std::string text = stubs();
    const auto parsed = syntax::parse_lua(text, "perilune.lua");
    REQUIRE_MESSAGE(parsed.ok(), (parsed.ok() ? "" : parsed.error().message));
    for (const auto& word : all_words()) CHECK(holds(text, std::string(word.name)));
    for (const auto* family : all_families()) {
        CHECK(holds(text, "\nfunction " + std::string(family->name) + "(name) end\n"));
        for (const auto& operation : family->operations)
            CHECK(holds(text, "function " + std::string(family->name) +
                                  "_target:" + std::string(operation.name) + "(arguments) end\n"));
    }
    CHECK(holds(text, "---@return dns.RecordChange\n"));
    CHECK(!holds(text, "---@return any\n---@class"));
}

TEST_CASE("writes_a_part_into_a_file") {
    const test::CommandRig rig;
    CHECK(rig.run({"docs", "man", "--output", rig.at("perilune.1")}).exit_code == 0);
    CHECK(*read_file(rig.at("perilune.1")) == man_page());
    CHECK(rig.run({"docs", "completions", "fish"}).output == *completions("fish"));
    const auto refused = rig.run({"docs", "operatons"});
    CHECK(refused.exit_code == 2);
    CHECK(holds(refused.errors, "Did you mean \"operations\"?"));
}

}  // namespace
