// A copy of a state database, and one that has lost records, is read and not written to.
#include "interpreter/journal/state_mark.h"

#include <filesystem>

#include <doctest/doctest.h>

#include "interpreter/journal/sqlite_file.h"
#include "tests/interpreter/journal/journal_rig.h"

using namespace perilune;
using namespace perilune::test;

namespace {

constexpr const char* every_file[] = {"/state.db", "/state.db-wal", "/state.mark"};

// A folder with one run of so many records; its database is closed, its log is kept.
void fill(const StateFolder& folder, Chain& chain, int count) {
    const auto store = folder.open();
    REQUIRE(store->commit(chain.creation("here")).ok());
    REQUIRE(store->commit(chain.appending(count - 1)).ok());
}

void copy(const StateFolder& from, const StateFolder& to, const std::string& name) {
    std::filesystem::copy_file(from.path() + name, to.path() + name,
                               std::filesystem::copy_options::overwrite_existing);
}

// What writing to the folder is refused with; empty where it is not.
std::string refused(const StateFolder& folder) {
    const auto store = folder.open();
    const auto writable = store->writable();
    Chain other("other");
    const auto written = store->commit(other.creation("here"));
    CHECK(writable.ok() == written.ok());
    if (written) return {};
    CHECK(written.error().code == "state_refused");
    CHECK(written.error().message == writable.error().message);
    const auto row = store->run("other");
    CHECK((row.ok() && !row->has_value()));
    return written.error().message;
}

bool says(const std::string& message, const std::string& text) {
    return message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("a_state_that_was_closed_moved_or_killed_in_the_middle_is_known_again") {
    const StateFolder folder;
    CHECK(refused(folder).empty());
    Chain chain("r");
    fill(folder, chain, 3);
    CHECK(folder.open()->writable().ok());
    const StateFolder moved;
    for (const char* name : every_file)
        std::filesystem::rename(folder.path() + name, moved.path() + name);
    CHECK(moved.open()->writable().ok());
    // A mark that lags, as after a loss of power, is no loss of records.
    REQUIRE(write_state_mark(moved.path(), {.id = read_state_mark(moved.path())->id, .position = 1})
                .ok());
    CHECK(moved.open()->commit(chain.appending(1)).ok());
    CHECK(read_state_mark(moved.path())->position == 5);
}

TEST_CASE("a_copied_state_is_read_and_not_written_to") {
    const StateFolder folder;
    Chain chain("r");
    fill(folder, chain, 3);
    const StateFolder copied;
    for (const char* name : every_file) copy(folder, copied, name);
    const std::string message = refused(copied);
    CHECK(says(message, "was copied, restored or moved here"));
    CHECK(says(message, "perilune state adopt --state " + copied.path() + " --reason TEXT"));
    CHECK(copied.open()->records("r")->size() == 3);
    CHECK(folder.open()->writable().ok());
}

TEST_CASE("a_database_copied_without_its_log_and_mark_is_not_taken_for_a_new_one") {
    const StateFolder folder;
    Chain chain("r");
    fill(folder, chain, 3);
    const StateFolder copied;
    copy(folder, copied, "/state.db");
    CHECK(says(refused(copied), "was copied"));
}

TEST_CASE("a_state_whose_log_is_missing_and_held_records_is_not_written_to") {
    const StateFolder folder;
    Chain chain("r");
    fill(folder, chain, 3);
    std::filesystem::remove(folder.path() + "/state.db-wal");
    const std::string message = refused(folder);
    CHECK(says(message, "it ends with record 0, and 3 were written"));
    CHECK(says(message, "state.db-wal, is missing"));
    CHECK(says(message, "would be done again"));
    // Once it was opened there is a new log; what is missing is still missing.
    CHECK(says(refused(folder), "has lost records"));
}

TEST_CASE("a_log_that_other_programs_have_emptied_into_the_database_is_not_missing") {
    const StateFolder folder;
    Chain chain("r");
    fill(folder, chain, 3);
    const std::string command =
        "sqlite3 '" + folder.path() + "/state.db' 'select count(*) from record' >/dev/null";
    REQUIRE(std::system(command.c_str()) == 0);
    REQUIRE(!std::filesystem::exists(folder.path() + "/state.db-wal"));
    CHECK(folder.open()->writable().ok());
}

TEST_CASE("an_older_database_put_in_the_place_of_a_newer_one_is_not_written_to") {
    const StateFolder folder, backup;
    Chain chain("r");
    fill(folder, chain, 3);
    for (const char* name : {"/state.db", "/state.db-wal"}) copy(folder, backup, name);
    REQUIRE(folder.open()->commit(chain.appending(2)).ok());
    for (const char* name : {"/state.db", "/state.db-wal"}) copy(backup, folder, name);
    CHECK(says(refused(folder), "it ends with record 3, and 5 were written"));
}

TEST_CASE("a_state_without_its_mark_or_with_anothers_or_without_its_database_is_not_written_to") {
    const StateFolder folder, other;
    Chain chain("r"), others("s");
    fill(folder, chain, 3);
    fill(other, others, 2);
    copy(other, folder, "/state.mark");
    CHECK(says(refused(folder), "do not belong together"));
    std::filesystem::remove(folder.path() + "/state.mark");
    CHECK(says(refused(folder), "state.mark, which is kept beside the state database"));
    std::filesystem::remove(other.path() + "/state.db");
    std::filesystem::remove(other.path() + "/state.db-wal");
    CHECK(says(refused(other), "is empty or another one: 2 records were written"));
}

TEST_CASE("a_copy_is_taken_over_with_a_reason_that_is_kept") {
    const StateFolder folder, copied;
    Chain chain("r");
    fill(folder, chain, 3);
    for (const char* name : every_file) copy(folder, copied, name);
    {
        const auto store = copied.open();
        const auto found =
            store->adopt({.who = "ada", .reason = "the old machine burnt", .at = 1000});
        REQUIRE(found.ok());
        CHECK(says(*found, "was copied, restored or moved here"));
        CHECK(store->commit(chain.appending(1)).ok());
        CHECK(*store->adopt({.who = "ada", .reason = "again", .at = 2000}) == "");
    }
    CHECK(copied.open()->writable().ok());
    CHECK(copied.open()->commit(chain.appending(1)).ok());
    // The one it was copied from is none the worse for it.
    CHECK(folder.open()->writable().ok());
    const auto file = SqliteFile::open(copied.path());
    REQUIRE(file.ok());
    auto& row = (*file)->statement("select value from meta where key like 'adopted %'");
    REQUIRE(row.step());
    CHECK(says(row.text(0), "\"reason\":\"the old machine burnt\""));
    CHECK(says(row.text(0), "\"who\":\"ada\""));
    CHECK(!row.step());
}

TEST_CASE("a_state_on_a_network_file_system_is_refused") {
    for (const long type : {0x6969L, 0x517bL, 0xfe534d42L, 0xff534d42L}) {
        CHECK(is_network_file_system(type));
        CHECK(is_network_file_system(static_cast<long>(static_cast<int>(type))));
    }
    for (const long type : {0xef53L, 0x58465342L, 0x9123683eL, 0x01021994L, 0x794c7630L, 0L})
        CHECK(!is_network_file_system(type));
    const StateFolder folder;
    const auto opened =
        SqliteFile::open(folder.path(), [](const std::string&) -> long { return 0x6969; });
    REQUIRE(!opened.ok());
    CHECK(opened.error().code == "state_refused");
    CHECK(says(opened.error().message, "network file system"));
    CHECK(std::filesystem::is_empty(folder.path()));
    CHECK(file_system_type(folder.path()) != 0);
    CHECK(file_system_type(folder.path() + "/none") == 0);
}
