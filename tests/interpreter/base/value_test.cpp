// What copies of a value share, and that no copy sees another's change.
#include <thread>

#include <doctest/doctest.h>

#include "interpreter/base/value.h"

namespace perilune {

namespace {

Value order() {
    Value made;
    made.set("lines", List{"tea", "cups"}).set("to", Value().set("city", "Bern"));
    return made;
}

}  // namespace

TEST_CASE("a_copy_shares_until_one_of_both_is_changed") {
    Value first = order();
    Value second = first;
    CHECK(&first.map() == &second.map());
    second.set("paid", true);
    CHECK(&first.map() != &second.map());
    CHECK_FALSE(first.has("paid"));
    // What was not changed is shared still.
    CHECK(&first["lines"].list() == &second["lines"].list());
    CHECK(second["lines"].list().size() == 2);
}

TEST_CASE("a_change_deep_within_a_copy_leaves_the_other_as_it_was") {
    const Value first = order();
    Value second = first;
    second.as_map()["to"].set("city", "Basel");
    second.as_map()["lines"].as_list().emplace_back("spoons");
    CHECK(first == order());
    CHECK(second["to"]["city"].text() == "Basel");
    CHECK(second["lines"].list().size() == 3);
}

TEST_CASE("a_copy_outlives_what_it_was_copied_from") {
    Value second;
    {
        const Value first = order();
        second = first;
    }
    CHECK(second == order());
    second = second["to"];  // From within itself.
    CHECK(second["city"].text() == "Bern");
}

TEST_CASE("what_was_moved_from_is_empty_and_can_be_used_again") {
    Value first = order();
    const Value second = std::move(first);
    CHECK(second == order());
    CHECK(first.map().empty());
    CHECK(first.list().empty());
    first.set("again", 1);
    CHECK(first["again"].integer() == 1);
    CHECK_FALSE(second.has("again"));
}

TEST_CASE("copies_in_several_threads_are_changed_each_for_itself") {
    const Value first = order();
    std::vector<std::thread> threads;
    std::vector<std::size_t> sizes(4);
    for (std::size_t number = 0; number < sizes.size(); ++number)
        threads.emplace_back([copy = first, number, &sizes]() mutable {
            for (std::size_t i = 0; i <= number; ++i) {
                Value mine = copy;
                mine.as_map()["lines"].as_list().emplace_back("more");
                copy = std::move(mine);
            }
            sizes[number] = copy["lines"].list().size();
        });
    for (auto& thread : threads) thread.join();
    CHECK(sizes == std::vector<std::size_t>{3, 4, 5, 6});
    CHECK(first == order());
}

}  // namespace perilune
