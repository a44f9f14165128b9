// The cache family's table: complete, documented, and strict with what would delete too much.
#include <string>

#include <doctest/doctest.h>

#include "bindings/cache/cache.h"

using namespace perilune;

namespace {

Result<Map> checked(std::string_view operation, Value arguments) {
    return check_arguments(cache_family, *cache_family.operation(operation), arguments.as_map());
}

Value with(const char* field, Value value) { return Value().set(field, std::move(value)); }

}  // namespace

TEST_CASE("every_cache_operation_is_documented_to_its_last_parameter") {
    CHECK(cache_family.operations.size() == 12);
    for (const auto& operation : cache_family.operations) {
        CHECK_MESSAGE(!operation.doc.empty(), operation.name);
        CHECK_MESSAGE(!operation.result.empty(), operation.name);
        const bool change = operation.effect == Effect::change;
        CHECK_MESSAGE(change == (operation.recovery != Recovery::none), operation.name);
        CHECK_MESSAGE(change != operation.undo.empty(), operation.name);
        for (const auto& parameter : operation.used_parameters())
            CHECK_MESSAGE(!parameter.doc.empty(), operation.name << " " << parameter.name);
    }
}

TEST_CASE("fills_in_the_defaults_of_a_deletion_in_batches") {
    const auto made = checked("delete_matching", with("pattern", "s:*").set("delete_at_most", 9));
    REQUIRE_MESSAGE(made.ok(), made.error().message);
    CHECK(made->at("batch_keys").number() == 500);
    CHECK(made->at("pause").number() == 0.01);
}

TEST_CASE("refuses_deletions_that_say_too_little") {
    CHECK_FALSE(checked("delete_matching", with("pattern", "s:*")).ok());
    CHECK_FALSE(checked("delete_matching", with("pattern", "").set("delete_at_most", 9)).ok());
    CHECK_FALSE(checked("delete_matching", with("pattern", "s").set("delete_at_most", -1)).ok());
    CHECK_FALSE(checked("delete", with("keys", List{})).ok());
    CHECK_FALSE(checked("delete", with("keys", List{""})).ok());
    CHECK(checked("delete", with("keys", List{"a"})).ok());
}

TEST_CASE("purges_exactly_one_kind_of_thing") {
    CHECK(checked("purge", with("everything", "yes")).ok());
    CHECK(checked("purge", with("urls", List{"https://example.com/a"})).ok());
    CHECK_FALSE(checked("purge", Map{}).ok());
    CHECK_FALSE(checked("purge", with("everything", "no")).ok());
    CHECK_FALSE(checked("purge", with("tags", List{"a"}).set("everything", "yes")).ok());
    CHECK_FALSE(checked("purge", with("tags", List{})).ok());
}
