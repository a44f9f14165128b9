// Libraries that use libraries.
#include <doctest/doctest.h>

#include "interpreter/library/bundle.h"
#include "interpreter/library/library.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

// Folders side by side, each a library of version 1.0.0 with the dependencies given as YAML items.
class Neighbours : public TemporaryFolder {
public:
    void add(const std::string& name, const std::string& dependencies = "") const {
        std::string text = "name: " + name + "\nversion: 1.0.0\n";
        if (!dependencies.empty()) text += "dependencies:\n" + dependencies;
        write(name + "/perilune.yaml", text);
        write(name + "/lib/" + name + ".lua", "return '" + name + "'\n");
    }
    std::string refused() const { return refusal(open_library(path("top"))); }
};

}  // namespace

TEST_CASE("carries_the_files_of_dependencies_and_of_theirs") {
    const Neighbours folder;
    folder.add("base");
    folder.add("common", "  - { name: base, path: ../base, version: \"1\" }\n");
    folder.add("top",
               "  - { name: common, path: ../common, version: \"1.0\" }\n"
               "  - { name: base, path: ../base, version: \">=1.0\" }\n");
    const auto library = open_library(folder.path("top"));
    REQUIRE(library.ok());
    REQUIRE(library->dependencies.size() == 2);
    CHECK(library->dependencies[0].name == "base");
    CHECK(library->dependencies[1].name == "common");
    const auto bundle = load_bundle(*library);
    REQUIRE(bundle.ok());
    CHECK(bundle->files.at("dependencies/base/lib/base.lua") == "return 'base'\n");
    CHECK(bundle->files.at("dependencies/common/lib/common.lua") == "return 'common'\n");
    CHECK(bundle->files.contains("dependencies/common/perilune.yaml"));
    CHECK(library->modules.size() == 1);
}

TEST_CASE("refuses_dependencies_that_are_not_what_was_asked_for") {
    const Neighbours folder;
    folder.add("common");
    folder.add("top", "  - { name: common, path: ../none, version: \"1\" }\n");
    CHECK(folder.refused() ==
          "perilune.yaml:4:5: There is no library in \"../none\": it has no "
          "perilune.yaml. Correct the path.");
    folder.add("top", "  - { name: comon, path: ../common, version: \"1\" }\n");
    CHECK(folder.refused() ==
          "perilune.yaml:4:5: The library in \"../common\" is named \"common\", "
          "not \"comon\". Correct the name.");
    folder.add("top", "  - { name: common, path: ../common, version: \"1.1\" }\n");
    CHECK(folder.refused() ==
          "perilune.yaml:4:5: \"common\" is wanted in version 1.1, but "
          "\"../common\" holds 1.0.0. Change one of them.");
}

TEST_CASE("refuses_circles_and_two_folders_under_one_name") {
    const Neighbours folder;
    folder.add("common", "  - { name: top, path: ../top, version: \"1\" }\n");
    folder.add("top", "  - { name: common, path: ../common, version: \"1\" }\n");
    CHECK(holds(folder.refused(), "The dependency \"top\" leads back to a library that uses it."));
    folder.add("base");
    folder.write("other/perilune.yaml", "name: base\nversion: 1.0.0\n");
    folder.add("common", "  - { name: base, path: ../other, version: \"1\" }\n");
    folder.add("top",
               "  - { name: base, path: ../base, version: \"1\" }\n"
               "  - { name: common, path: ../common, version: \"1\" }\n");
    CHECK(holds(folder.refused(), "The name \"base\" stands for two folders"));
}

TEST_CASE("names_the_file_of_the_dependency_that_is_broken") {
    const Neighbours folder;
    folder.add("top", "  - { name: common, path: ../common, version: \"1\" }\n");
    folder.write("common/perilune.yaml", "name: common\nversion: 1.0.0\nsumary: x\n");
    CHECK(folder.refused() ==
          "../common/perilune.yaml:3:1: A library has no key \"sumary\". Did "
          "you mean \"summary\"?");
}

TEST_CASE("a_dependency_without_a_path_comes_with_the_program") {
    const Neighbours folder;
    folder.add("top", "  - { name: patterns, version: \"1.0\" }\n");
    const auto library = open_library(folder.path() + "/top");
    INFO(refusal(library));
    REQUIRE(library.ok());
    REQUIRE(library->dependencies.size() == 1);
    CHECK(library->dependencies[0].folder.ends_with("stdlib/patterns"));
    folder.add("top", "  - { name: paterns, version: \"1.0\" }\n");
    CHECK(holds(folder.refused(), "No library \"paterns\" comes with this program"));
}
