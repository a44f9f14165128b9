// Files that are no plain Lua source: each refused in one line that says where and what to do.
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "interpreter/library/source_text.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

std::string lua_refusal(std::string_view text) { return refusal(check_lua_text(text, "x.lua")); }

}  // namespace

TEST_CASE("accepts_lua_with_crlf_tabs_and_characters_beyond_ascii") {
    CHECK(lua_refusal("return {\r\n\tname = \"Zürich\"\r\n}\r\n") == "accepted");
}

TEST_CASE("refuses_text_that_is_no_lua_source") {
    CHECK(lua_refusal("") == "x.lua: The file is empty. Write the Lua code, or remove the file.");
    CHECK(lua_refusal(" \r\n\n") ==
          "x.lua: The file is empty. Write the Lua code, or remove the file.");
    CHECK(lua_refusal("\x1bLJ\x02") ==
          "x.lua:1:1: The file holds compiled Lua. Only source text is executed: put that here.");
    CHECK(lua_refusal("\xef\xbb\xbfreturn 1") ==
          "x.lua:1:1: The file starts with a byte order mark. Save it as UTF-8 without one.");
    CHECK(lua_refusal(std::string_view("a = 1\nb\0 = 2", 12)) ==
          "x.lua:2:2: The file holds a NUL byte here. Remove it, or write it as an escape.");
    CHECK(lua_refusal("-- ü\xe9\n") ==
          "x.lua:1:5: The text is not UTF-8 from here on. Save the file as UTF-8.");
    CHECK(lua_refusal("-- \xed\xa0\x80") ==
          "x.lua:1:4: The text is not UTF-8 from here on. Save the file as UTF-8.");
}

TEST_CASE("refuses_files_that_cannot_be_read_as_files") {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.path("folder.lua"));
    REQUIRE(::mkfifo(folder.path("pipe.lua").c_str(), 0600) == 0);
    std::filesystem::create_symlink("b.lua", folder.path("a.lua"));
    std::filesystem::create_symlink("a.lua", folder.path("b.lua"));
    folder.write("large.lua", std::string((1 << 20) + 1, '-'));
    const auto refused = [&](const std::string& name) {
        return refusal(read_source(folder.path(name), "runbooks/" + name));
    };
    CHECK(refused("folder.lua") ==
          "runbooks/folder.lua: It is a folder. Move it away, or give the "
          "folder a name without the ending.");
    CHECK(refused("pipe.lua") ==
          "runbooks/pipe.lua: It is not a regular file but a pipe, socket or "
          "device. Put a text file there.");
    CHECK(refused("a.lua") ==
          "runbooks/a.lua: Its links lead in a circle. Replace the link by the "
          "file itself.");
    CHECK(refused("none.lua") == "runbooks/none.lua: There is no such file. Check the name.");
    CHECK(refused("large.lua") ==
          "runbooks/large.lua: It has 1.0 MiB; a file of a library has at "
          "most 1 MiB. Split it.");
}

TEST_CASE("refuses_a_file_that_may_not_be_read") {
    const TemporaryFolder folder;
    folder.write("x.lua", "return 1");
    REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
    REQUIRE(::chmod(folder.path("x.lua").c_str(), 0000) == 0);
    // Root may read everything: become nobody for this one question.
    const bool root = ::geteuid() == 0;
    if (root) REQUIRE(::seteuid(65534) == 0);
    const std::string refused = refusal(read_source(folder.path("x.lua"), "x.lua"));
    if (root) REQUIRE(::seteuid(0) == 0);
    CHECK(refused ==
          "x.lua: It may not be read by you. Give yourself the right to read it (chmod u+r).");
}

TEST_CASE("follows_a_link_to_a_plain_file") {
    const TemporaryFolder folder;
    folder.write("x.lua", "return 1");
    std::filesystem::create_symlink("x.lua", folder.path("y.lua"));
    const auto text = read_source(folder.path("y.lua"), "y.lua");
    REQUIRE(text.ok());
    CHECK(*text == "return 1");
}

TEST_CASE("refuses_what_anybody_may_change_or_replace") {
    const TemporaryFolder folder;
    folder.write("p.yaml", "people: {}\n");
    CHECK(refuse_world_writable(folder.path("p.yaml"), "p.yaml").ok());
    REQUIRE(::chmod(folder.path("p.yaml").c_str(), 0666) == 0);
    CHECK(
        refusal(refuse_world_writable(folder.path("p.yaml"), "p.yaml")) ==
        "p.yaml: Anybody on this machine may change it, and policy depends on it. Take that right "
        "away: chmod o-w p.yaml.");
    REQUIRE(::chmod(folder.path("p.yaml").c_str(), 0644) == 0);
    REQUIRE(::chmod(folder.path().c_str(), 0777) == 0);
    CHECK(holds(refusal(refuse_world_writable(folder.path("p.yaml"), "p.yaml")),
                "p.yaml: Anybody on this machine may replace it"));
    REQUIRE(::chmod(folder.path().c_str(), 01777) == 0);
    CHECK(refuse_world_writable(folder.path("p.yaml"), "p.yaml").ok());
}
