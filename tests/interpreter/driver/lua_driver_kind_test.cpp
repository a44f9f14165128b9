// What a driver's file must declare, and what is said of one that does not.
#include <algorithm>

#include "interpreter/driver/driver_worker.h"
#include "tests/interpreter/driver/lua_rig.h"

namespace perilune::test {

namespace {

std::string problem_of(const std::string& text) {
    const auto kind = kind_of_text(text);
    REQUIRE_FALSE(kind.ok());
    return kind.error().message;
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a_driver_declares_settings_and_operations") {
    const auto kind = kind_of_text(own_driver(reads_nothing));
    REQUIRE(kind.ok());
    CHECK((*kind)->name == "own");
    REQUIRE((*kind)->settings.size() == 2);
    CHECK((*kind)->settings[0].need == Need::required);
    CHECK((*kind)->settings[1].may_be_secret);
    REQUIRE((*kind)->operations.size() == 1);
    CHECK((*kind)->operations[0] == "read");
    CHECK(kind_of_text(own_driver(reads_nothing)).ok());
    CHECK(*kind_of_text(own_driver(reads_nothing)) == *kind);
}

TEST_CASE("names_file_and_line_of_what_is_wrong") {
    CHECK(has(problem_of("return {"), "drivers/thing/own.lua:1"));
    CHECK(has(problem_of("\n\nlocal x = nothing_here\nreturn {}"), "drivers/thing/own.lua:3"));
    CHECK(has(problem_of("return 5"), "must return"));
    CHECK(has(problem_of(own_driver("reed = { observe = nothing }")), "Did you mean \"read\"?"));
    CHECK(has(problem_of(own_driver("add = { before = nothing, act = nothing }")), "read"));
    CHECK(has(problem_of(own_driver(reads_nothing + "add = { act = nothing }")),
              "needs the functions before and act"));
    CHECK(has(problem_of("return { family = \"thing\", name = \"other\", doc = \"d\", hosts = { "
                         "\"a.example\" }, operations = { read = { observe = function() end } } }"),
              "agree"));
    CHECK(has(problem_of("return { family = \"think\", operations = {} }"), "Did you mean"));
    CHECK(has(problem_of("while true do local x = (\"x\"):rep(2^26) .. tostring({}) end"),
              "drivers/thing/own.lua"));
}

TEST_CASE("a_driver_that_lacks_what_all_others_have_says_so") {
    const auto lacking = [](const std::string& lacks, const std::string& operations) {
        return "return { family = \"thing\", name = \"own\", doc = \"d\", "
               "hosts = { \"a.example\" }, lacks = { \"" +
               lacks + "\" }, operations = { " + operations + " } }";
    };
    const std::string nothing = " = function() end, ";
    const std::string add = "add = { before" + nothing + "act" + nothing + "}, ";
    const std::string read = "read = { observe" + nothing + "}, ";
    CHECK(kind_of_text(lacking("read", add)).ok());
    CHECK(has(problem_of(lacking("read", read)), "which this driver has"));
    CHECK(has(problem_of(lacking("add", read)), "no driver has to have"));
    CHECK(has(problem_of(lacking("reed", read)), "which the family has not"));
}

TEST_CASE("a_file_has_no_way_to_the_machine") {
    for (const auto* name : {"io", "os", "debug", "ffi", "loadstring", "dofile", "package"})
        CHECK(has(problem_of("return " + std::string(name) + ".x"), name));
    CHECK(has(problem_of("http.get { url = \"http://127.0.0.1\" }"), "while the file is loaded"));
}

TEST_CASE("a_library_has_drivers_of_its_own") {
    Library library;
    library.texts =
        std::make_shared<Texts>(Texts{{"drivers/thing/own.lua", own_driver(reads_nothing)}});
    CHECK(lua_drivers().names(library, "thing") == std::vector<std::string>{"own"});
    const auto shipped = lua_drivers().names(library, "notify");
    CHECK(std::find(shipped.begin(), shipped.end(), "pagerduty") != shipped.end());
    const auto none = lua_drivers().find(library, "thing", "absent");
    REQUIRE(none.ok());
    CHECK(*none == nullptr);
}

TEST_CASE("every_driver_that_comes_with_the_program_can_be_loaded") {
    REQUIRE_FALSE(builtin_driver_texts().empty());
    for (const auto& [path, text] : builtin_driver_texts()) {
        const auto slash = path.rfind('/');
        const std::string family = path.substr(8, slash - 8);
        const std::string name = path.substr(slash + 1, path.size() - slash - 5);
        const auto kind = lua_drivers().find(Library(), family, name);
        CHECK_MESSAGE(kind.ok(), (kind.ok() ? "" : kind.error().message));
    }
}

}  // namespace perilune::test
