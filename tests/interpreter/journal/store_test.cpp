// The state store: what one commit makes durable, who may write, locks, chains that were altered.
#include <algorithm>
#include <array>
#include <random>
#include <thread>

#include <unistd.h>

#include <doctest/doctest.h>

#include "interpreter/base/files.h"
#include "tests/interpreter/journal/journal_rig.h"

using namespace perilune;
using namespace perilune::test;

TEST_CASE_TEMPLATE("what_was_committed_is_read_by_another_connection_in_order", State, StateFolder,
                   StateInMemory) {
    const State folder;
    Chain chain("a");
    {
        const auto store = folder.open();
        REQUIRE(store->commit(chain.creation("host")));
        REQUIRE(store->commit(chain.appending(3)));
    }
    const auto store = folder.open();
    const auto records = store->records("a");
    const auto row = store->run("a");
    REQUIRE(records);
    REQUIRE(*row);
    CHECK(records->size() == 4);
    CHECK((*row)->seq == 4);
    CHECK(verify_chain(*records, (*row)->head, (*row)->seq) == "");
    CHECK(store->bundle(std::string(64, 'a'))->at("runbooks/book.lua") == "return 1");
}

TEST_CASE_TEMPLATE("an_owner_whose_epoch_has_passed_writes_nothing_and_is_told", State, StateFolder,
                   StateInMemory) {
    const State folder;
    const auto store = folder.open();
    const auto others = folder.open();
    Chain chain("a");
    REQUIRE(store->commit(chain.creation("host")));
    Chain old_owner = chain;
    const auto seen = **others->run("a");
    CHECK(*others->claim(seen, "other", chain.claim()) == true);
    // The old owner has not noticed, and goes on.
    const auto lost = store->commit(old_owner.appending(2));
    REQUIRE(lost);
    CHECK(*lost == std::vector<std::string>{"a"});
    CHECK(store->records("a")->size() == 2);
    REQUIRE(others->commit(chain.appending(1, 2)));
    const auto row = **store->run("a");
    CHECK(row.owner == "other");
    CHECK(verify_chain(*store->records("a"), row.head, row.seq) == "");
}

TEST_CASE_TEMPLATE("of_two_claims_with_one_view_of_the_run_one_succeeds", State, StateFolder,
                   StateInMemory) {
    const State folder;
    const auto first = folder.open();
    const auto second = folder.open();
    Chain chain("a");
    REQUIRE(first->commit(chain.creation("dead")));
    const auto seen = **first->run("a");
    Chain other = chain;
    CHECK(*first->claim(seen, "one", chain.claim()) == true);
    CHECK(*second->claim(seen, "two", other.claim()) == false);
    CHECK((*second->run("a"))->owner == "one");
    CHECK(second->records("a")->size() == 2);
}

TEST_CASE_TEMPLATE("a_run_that_another_connection_wrote_is_claimed_at_its_newest_record", State,
                   StateFolder, StateInMemory) {
    const State folder;
    const auto first = folder.open();
    const auto second = folder.open();
    Chain chain("a");
    REQUIRE(first->commit(chain.creation("one")));
    CHECK(*second->claim(**second->run("a"), "two", chain.claim()) == true);
    REQUIRE(second->commit(chain.appending(2, 2)));
    // What the first connection remembers of the run is older than that.
    CHECK(*first->claim(**first->run("a"), "one", chain.claim()) == true);
    const auto row = **first->run("a");
    CHECK(first->records("a")->size() == 5);
    CHECK(verify_chain(*first->records("a"), row.head, row.seq) == "");
}

TEST_CASE_TEMPLATE("locks_are_taken_all_or_none_and_a_refusal_names_the_holder_and_since_when",
                   State, StateFolder, StateInMemory) {
    const State folder;
    const auto store = folder.open();
    Chain first("first");
    Chain second("second");
    Chain third("third");
    REQUIRE(store->commit(first.creation("host", {"b"})));
    const auto refused = store->commit(second.creation("host", {"a", "b"}));
    REQUIRE(!refused);
    CHECK(refused.error().code == "locked");
    CHECK(refused.error().message.find("The lock b is held by the run first, begun at 1970-") == 0);
    CHECK(!*store->run("second"));
    CHECK(store->locks()->size() == 1);
    CHECK(store->commit(third.creation("host", {"a"})));
}

TEST_CASE_TEMPLATE("an_id_is_used_once_and_the_refusal_says_since_when", State, StateFolder,
                   StateInMemory) {
    const State folder;
    const auto store = folder.open();
    Chain chain("a");
    REQUIRE(store->commit(chain.creation("host")));
    Chain again("a");
    const auto refused = store->commit(again.creation("other"));
    REQUIRE(!refused);
    CHECK(refused.error().code == "run_exists");
    CHECK(refused.error().message.find("begun at 1970-01-01T00:16:40Z") != std::string::npos);
    CHECK(store->records("a")->size() == 1);
}

TEST_CASE_TEMPLATE("ids_that_would_not_stay_one_word_of_a_path_are_refused", State, StateFolder,
                   StateInMemory) {
    const State folder;
    const auto store = folder.open();
    for (const std::string id : {"", "../x", "a/b", "a\nb", "-x", ".x", "a b"}) {
        CAPTURE(id);
        Chain chain(id);
        const auto refused = store->commit(chain.creation("host"));
        REQUIRE(!refused);
        CHECK(refused.error().code == "bad_argument");
    }
    Chain longest(std::string(200, 'x'));
    Chain longer(std::string(201, 'x'));
    CHECK(store->commit(longest.creation("host")));
    CHECK(!store->commit(longer.creation("host")));
}

TEST_CASE_TEMPLATE("a_command_is_handed_over_once_and_answered", State, StateFolder,
                   StateInMemory) {
    const State folder;
    const auto store = folder.open();
    Chain chain("a");
    REQUIRE(store->commit(chain.creation("host")));
    const InboxRow row = {.id = "one",
                          .run = "a",
                          .kind = "cancel",
                          .body = "{}",
                          .who = "ada",
                          .at = 5,
                          .taken = false,
                          .reply = ""};
    REQUIRE(store->send(row));
    REQUIRE(store->send(row));
    REQUIRE(store->inbox("a")->size() == 1);
    CHECK((*store->inbox("a"))[0].who == "ada");
    Batch batch = chain.appending(1);
    batch.replies.push_back({.id = "one", .text = "no"});
    REQUIRE(store->commit(batch));
    CHECK(store->inbox("a")->empty());
    CHECK((*store->inbox_row("one"))->reply == "no");
}

TEST_CASE("every_altered_byte_of_a_journal_is_named") {
    const StateFolder folder;
    const auto store = folder.open();
    Chain chain("a");
    REQUIRE(store->commit(chain.creation("host")));
    REQUIRE(store->commit(chain.appending(20)));
    const auto row = **store->run("a");
    const auto whole = *store->records("a");
    const unsigned seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937 random(seed);
    for (int i = 0; i < 200; ++i) {
        auto altered = whole;
        auto& record = altered[random() % altered.size()];
        std::string& bytes = random() % 4 == 0 ? record.hash : record.body;
        char& byte = bytes[random() % bytes.size()];
        byte = static_cast<char>(byte ^ (1 << random() % 8));
        CHECK(verify_chain(altered, row.head, row.seq) != "");
    }
    auto cut = whole;
    cut.pop_back();
    CHECK(verify_chain(cut, row.head, row.seq) != "");
    auto swapped = whole;
    std::swap(swapped[3], swapped[4]);
    CHECK(verify_chain(swapped, row.head, row.seq) != "");
    CHECK(verify_chain(whole, row.head, row.seq) == "");
}

TEST_CASE("many_connections_write_at_once_and_none_waits_for_ever") {
    const StateFolder folder;
    folder.open();
    std::vector<std::thread> threads;
    std::array<bool, 6> well{};
    for (std::size_t i = 0; i < well.size(); ++i)
        threads.emplace_back([&, i] {
            const auto store = folder.open();
            Chain chain("run" + std::to_string(i));
            bool good = store->commit(chain.creation("host")).ok();
            for (int n = 0; n < 40; ++n) good = good && store->commit(chain.appending(2)).ok();
            const auto row = **store->run("run" + std::to_string(i));
            const auto records = *store->records(row.id);
            well[i] =
                good && records.size() == 81 && verify_chain(records, row.head, row.seq).empty();
        });
    for (auto& thread : threads) thread.join();
    CHECK(std::count(well.begin(), well.end(), true) == 6);
}

TEST_CASE("a_long_log_goes_into_the_file_at_once_and_not_with_every_later_commit") {
    const StateFolder folder;
    const auto store = folder.open();
    Chain chain("r");
    REQUIRE(store->commit(chain.creation("here")).ok());
    const auto log_bytes = std::filesystem::file_size(folder.path() + "/state.db-wal");
    const auto read_database = [&] { return *read_file(folder.path() + "/state.db"); };
    const std::string first = read_database();
    for (int i = 0; i < 20; ++i) REQUIRE(store->commit(chain.appending(400)).ok());
    CHECK(read_database() != first);
    int changed = 0;
    for (int i = 0; i < 10; ++i) {
        const std::string before = read_database();
        REQUIRE(store->commit(chain.appending(1)).ok());
        if (read_database() != before) ++changed;
    }
    CHECK(changed <= 1);
    CHECK(std::filesystem::file_size(folder.path() + "/state.db-wal") == log_bytes);
}

TEST_CASE("a_log_that_has_its_length_from_the_beginning_is_read_to_its_last_commit") {
    const StateFolder folder;
    const auto store = folder.open();
    CHECK(std::filesystem::file_size(folder.path() + "/state.db-wal") > (1 << 20));
    Chain chain("r");
    REQUIRE(store->commit(chain.creation("here")).ok());
    REQUIRE(store->commit(chain.appending(30)).ok());
    // As a host that was killed leaves it: nobody has closed it.
    const StateFolder left;
    for (const char* name : {"/state.db", "/state.db-wal"})
        std::filesystem::copy_file(folder.path() + name, left.path() + name);
    const auto again = left.open();
    const auto run = again->run("r");
    REQUIRE(run.ok());
    REQUIRE(run->has_value());
    const auto records = again->records("r");
    REQUIRE(records.ok());
    CHECK(records->size() == 31);
    CHECK(verify_chain(*records, (*run)->head, (*run)->seq).empty());
}

TEST_CASE("a_host_is_dead_when_nobody_holds_its_lock") {
    const StateFolder folder;
    folder.open();
    CHECK(host_is_dead(folder.path(), "never-was"));
    const auto held = hold_host_lock(folder.path(), "host");
    REQUIRE(held);
    CHECK(!host_is_dead(folder.path(), "host"));
    ::close(*held);
    CHECK(host_is_dead(folder.path(), "host"));
}

// Records are read ahead of their asking, of one run among those of others.
TEST_CASE_TEMPLATE("records_are_found_by_their_places_in_any_order_between_those_of_others", State,
                   StateFolder, StateInMemory) {
    const State folder;
    const auto store = folder.open();
    Chain a("a");
    Chain b("b");
    REQUIRE(store->commit(a.creation("host")));
    REQUIRE(store->commit(b.creation("host")));
    for (int i = 0; i < 20; ++i) {
        REQUIRE(store->commit(a.appending(i < 10 ? 1 : 30)));
        REQUIRE(store->commit(b.appending(2)));
    }
    const auto check = [&](const std::string& run) {
        const auto all = *store->records(run);
        const auto places = *store->places(run);
        REQUIRE(all.size() == places.size());
        const auto row = **store->run(run);
        CHECK(verify_chain(all, row.head, row.seq) == "");
        const std::size_t step = 7;  // It has no divisor in common with any size here.
        for (std::size_t i = 0, at = 0; i < all.size(); ++i, at = (at + step) % all.size())
            CHECK(store->record(places[at])->hash == all[at].hash);
        for (std::size_t at = all.size(); at > 0; --at)
            CHECK(store->record(places[at - 1])->body == all[at - 1].body);
        CHECK_FALSE(store->record(places.back() + 1000).ok());
    };
    check("a");
    check("b");
    CHECK(store->records("a")->size() == 311);
}
