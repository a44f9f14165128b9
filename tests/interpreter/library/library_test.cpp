// Finding a library and what it holds.
#include <sys/stat.h>

#include <doctest/doctest.h>

#include "interpreter/library/bundle.h"
#include "interpreter/library/library.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

std::string canonical(const std::string& path) { return std::filesystem::canonical(path).string(); }

}  // namespace

TEST_CASE("finds_the_library_from_a_folder_inside_it") {
    const TemporaryLibrary folder;
    const auto library = find_library(folder.path("runbooks/db"));
    REQUIRE(library.ok());
    CHECK(library->folder == canonical(folder.path()));
    CHECK(library->name == "shop");
    CHECK(library->version == "1.2.3");
}

TEST_CASE("says_what_to_do_where_there_is_no_library") {
    const TemporaryFolder folder;
    const auto library = find_library(folder.path());
    REQUIRE_FALSE(library.ok());
    CHECK(library.error().code == "not_found");
    CHECK(library.error().message ==
          "There is no perilune.yaml in " + canonical(folder.path()) +
              " or in a folder above it, so this is no runbook library. Go to one, or begin one: "
              "perilune new NAME.");
}

TEST_CASE("knows_every_file_by_what_it_is") {
    const TemporaryLibrary folder;
    folder.write("lib/checks/http.lua", "return {}");
    folder.write("lib/tools/init.lua", "return {}");
    folder.write("environments/production.yaml", "kind: production\n");
    folder.write("environments/drill.yaml", "kind: drill\n");
    folder.write("tests/region_outage_test.lua", "");
    folder.write("explorations/region_outage.lua", "");
    folder.write("drills/region_outage.lua", "");
    folder.write("runbooks/notes.txt", "");
    folder.write("runbooks/.hidden.lua", "");
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    using Names = std::map<std::string, std::string>;
    CHECK(library->runbooks == Names{{"db/restore-all", "runbooks/db/restore_all.lua"},
                                     {"region-outage", "runbooks/region-outage.lua"}});
    CHECK(library->modules ==
          Names{{"checks.http", "lib/checks/http.lua"}, {"tools", "lib/tools/init.lua"}});
    CHECK(library->environments == Names{{"drill", "environments/drill.yaml"},
                                         {"production", "environments/production.yaml"}});
    CHECK(library->tests == Names{{"region_outage_test", "tests/region_outage_test.lua"}});
    CHECK(library->explorations == Names{{"region_outage", "explorations/region_outage.lua"}});
    CHECK(library->drills == Names{{"region-outage", "drills/region_outage.lua"}});
    CHECK(library->files == std::vector<std::string>{"lib/checks/http.lua", "lib/tools/init.lua",
                                                     "perilune.yaml", "runbooks/db/restore_all.lua",
                                                     "runbooks/region-outage.lua"});
    CHECK(library->warnings.empty());
}

TEST_CASE("finds_a_runbook_by_any_of_its_spellings") {
    const TemporaryLibrary folder;
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    for (const char* name : {"region-outage", "region_outage", "runbooks/region-outage.lua",
                             "./runbooks/region_outage.lua", "region-outage.lua"}) {
        CAPTURE(name);
        const auto found = find_runbook(*library, name);
        REQUIRE(found.ok());
        CHECK(*found == "runbooks/region-outage.lua");
    }
    CHECK(find_runbook(*library, "db/restore-all").ok());
}

TEST_CASE("suggests_and_lists_where_a_name_is_unknown") {
    const TemporaryLibrary folder;
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    const auto wrong = find_runbook(*library, "region-outtage");
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == "not_found");
    CHECK(wrong.error().message ==
          "There is no runbook \"region-outtage\" in runbooks/ of shop. Did you mean "
          "\"region-outage\"? There are \"db/restore-all\" or \"region-outage\".");
    CHECK(refusal(find_environment(*library, "../../etc/passwd")) ==
          "There is no environment \"../../etc/passwd\" in environments/ of shop. There are none "
          "yet: add a file there.");
}

TEST_CASE("refuses_two_files_that_are_one_runbook_or_one_module") {
    const TemporaryLibrary folder;
    folder.write("runbooks/region_outage.lua", "return runbook {}");
    folder.write("lib/tools.lua", "return {}");
    folder.write("lib/tools/init.lua", "return {}");
    CHECK(refusal(open_library(folder.path())) ==
          "lib/tools/init.lua: It and lib/tools.lua both are the module \"tools\". Remove one of "
          "them.\n"
          "runbooks/region_outage.lua: It and runbooks/region-outage.lua both are the runbook "
          "\"region-outage\", because - and _ count as the same. Rename or remove one of them.");
}

TEST_CASE("warns_of_what_it_leaves_out") {
    const TemporaryLibrary folder;
    folder.write("runbooks/fail over.lua", "return runbook {}");
    std::filesystem::create_directory_symlink(folder.path(), folder.path("runbooks/loop"));
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    CHECK(library->runbooks.size() == 2);
    REQUIRE(library->warnings.size() == 2);
    CHECK(holds(library->warnings[0], "runbooks/loop: A link to a folder is not followed."));
    CHECK(holds(library->warnings[1], "runbooks/fail over.lua: No runbook is named like this"));
}

TEST_CASE("refuses_folders_that_nest_without_end") {
    const TemporaryLibrary folder;
    std::string deep = "lib";
    for (int i = 0; i < 21; ++i) deep += "/d";
    folder.write(deep + "/x.lua", "return 1");
    CHECK(holds(refusal(open_library(folder.path())),
                "The folders are nested more than 20 deep. Flatten them."));
}

TEST_CASE("bundles_every_lua_file_and_digests_what_it_holds") {
    const TemporaryLibrary folder;
    folder.write("lib/late.lua", "return 1\r\n");
    folder.write("environments/drill.yaml", "kind: drill\n");
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    const auto bundle = load_bundle(*library, {"environments/drill.yaml"});
    REQUIRE(bundle.ok());
    CHECK(bundle->files.size() == 5);
    CHECK(bundle->files.at("lib/late.lua") == "return 1\r\n");
    CHECK(bundle->files.at("environments/drill.yaml") == "kind: drill\n");
    CHECK(bundle->digest.size() == 64);
    CHECK(bundle->digest == bundle_digest(bundle->files));
    // Computed apart from this program: SHA-256 of "a", NUL and the raw SHA-256 of "x".
    CHECK(bundle_digest({{"a", "x"}}) ==
          "ef045f1dfce63815e561eb0f1af5dffc19d7b18d6eb95236ce86a002d6a8177f");
    folder.write("lib/late.lua", "return 2\r\n");
    CHECK(load_bundle(*library, {"environments/drill.yaml"})->digest != bundle->digest);
}

TEST_CASE("names_every_file_that_cannot_be_bundled") {
    const TemporaryLibrary folder;
    folder.write("runbooks/empty.lua", "");
    folder.write("runbooks/marked.lua", "\xef\xbb\xbfreturn 1");
    std::filesystem::create_directory(folder.path("lib"));
    std::filesystem::create_directory(folder.path("lib/folder.lua"));
    std::filesystem::create_symlink("loop.lua", folder.path("lib/loop.lua"));
    REQUIRE(::mkfifo(folder.path("lib/pipe.lua").c_str(), 0600) == 0);
    const auto library = open_library(folder.path());
    REQUIRE(library.ok());
    const auto bundle = load_bundle(*library);
    REQUIRE_FALSE(bundle.ok());
    CHECK(bundle.error().code == "bad_file");
    REQUIRE(bundle.error().detail.list().size() == 5);
    CHECK(holds(bundle.error().message, "lib/folder.lua: It is a folder."));
    CHECK(holds(bundle.error().message, "lib/loop.lua: Its links lead in a circle."));
    CHECK(holds(bundle.error().message, "lib/pipe.lua: It is not a regular file"));
    CHECK(holds(bundle.error().message, "runbooks/empty.lua: The file is empty."));
    CHECK(holds(bundle.error().message, "runbooks/marked.lua:1:1: The file starts with a byte"));
}

TEST_CASE("reads_a_library_again_from_the_texts_of_a_run") {
    const TemporaryLibrary folder;
    folder.write("common/perilune.yaml", "name: common\nversion: 1.4.0\n");
    folder.write("common/lib/shared.lua", "return {}\n");
    folder.write("perilune.yaml",
                 "name: shop\nversion: 1.2.3\ndependencies:\n"
                 "  - { name: common, path: common, version: \"1.4\" }\n");
    folder.write("environments/drill.yaml", "kind: drill\n");
    const auto before = open_library(folder.path());
    REQUIRE(before.ok());
    const auto bundle = load_bundle(*before, {"environments/drill.yaml"});
    REQUIRE(bundle.ok());
    std::filesystem::remove_all(folder.path("runbooks"));
    const auto after = library_from_texts(bundle->files, before->folder);
    REQUIRE(after.ok());
    CHECK(after->runbooks == before->runbooks);
    CHECK(after->files == before->files);
    CHECK(after->environments == before->environments);
    REQUIRE(after->dependencies.size() == 1);
    CHECK(after->dependencies[0].version == "1.4.0");
    CHECK(load_bundle(*after, {"environments/drill.yaml"})->digest == bundle->digest);
    CHECK(holds(refusal(read_library_file(*after, "lib/new.lua")),
                "lib/new.lua: The run does not carry this file."));
}
