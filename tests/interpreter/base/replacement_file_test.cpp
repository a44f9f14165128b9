// What a program leaves that died while it replaced a file, and what one is writing that lives.
#include "interpreter/base/replacement_file.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "interpreter/base/locked_file.h"
#include "tests/support/temporary_folder.h"

using namespace perilune;
using namespace perilune::test;

namespace {

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
}

// A program that is killed after it has written half of the new content.
void die_while_replacing(const std::string& path) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        const auto made = make_replacement(path);
        const auto written = ::write(made.file.get(), "half", 4);
        ::kill(written == 4 ? ::getpid() : 0, SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
}

}  // namespace

TEST_CASE("what_a_killed_writer_left_is_removed_by_the_next_one") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/zone";
    REQUIRE(write_file_durably(path, "old").ok());
    die_while_replacing(path);
    die_while_replacing(path);
    CHECK(names_in(folder.path()).size() == 2);
    CHECK(*read_file(path) == "old");
    REQUIRE(replace_file_durably(path, "new").ok());
    CHECK(names_in(folder.path()) == std::vector<std::string>{"zone"});
    die_while_replacing(path);
    REQUIRE(write_file_durably(path, "newer").ok());
    CHECK(names_in(folder.path()) == std::vector<std::string>{"zone"});
    CHECK(*read_file(path) == "newer");
}

TEST_CASE("what_a_living_writer_writes_or_another_file_needs_stays") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/zone";
    REQUIRE(write_file_durably(path, "old").ok());
    const auto living = make_replacement(path);
    REQUIRE(living.file.open());
    die_while_replacing(path + ".other");
    for (const char* name : {"/zone.backup", "/.zone.perilune-more-than-six", "/.zone.swp"})
        REQUIRE(write_file_durably(folder.path() + name, "kept").ok());
    const auto before = names_in(folder.path());
    CHECK(before.size() == 6);
    REQUIRE(write_file_durably(path, "new").ok());
    REQUIRE(replace_file_durably(path, "newer").ok());
    CHECK(names_in(folder.path()) == before);
    CHECK(std::filesystem::exists(living.path));
}

TEST_CASE("many_writers_of_one_file_remove_nothing_of_each_other") {
    const TemporaryFolder folder;
    const std::string path = folder.path() + "/zone";
    std::vector<std::thread> threads;
    std::atomic<int> failed = 0;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int written = 0; written < 200; ++written)
                if (!write_file_durably(path, std::string(1000, 'x'))) ++failed;
        });
    for (auto& thread : threads) thread.join();
    CHECK(failed == 0);
    CHECK(read_file(path)->size() == 1000);
    CHECK(names_in(folder.path()) == std::vector<std::string>{"zone"});
}
