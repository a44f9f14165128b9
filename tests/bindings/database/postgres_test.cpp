// The PostgreSQL driver: the family's suite, and that it says what it has.
#include <set>

#include "tests/bindings/database/database_conformance.h"
#include "tests/bindings/database/postgres_rig.h"

namespace perilune::test {

TEST_CASE("passes_the_database_conformance_suite_on_postgres") {
    if (!has_postgres()) return;
    run_database_conformance([] {
        const std::string name = shared_server().make_database();
        shared_server().psql(name, "create extension amcheck");
        return open_postgres(shared_server().url(name));
    });
}

TEST_CASE("declares_exactly_the_operations_that_postgres_has") {
    const auto rig = open_postgres("postgresql://a:b@127.0.0.1/app");
    const std::set<std::string> declared(postgres_kind.operations.begin(),
                                         postgres_kind.operations.end());
    std::set<std::string> had;
    for (const auto& [name, handler] : rig->rig->driver(rig->target).operations) {
        had.insert(name);
        const Operation* row = database_family.operation(name);
        REQUIRE(row);
        CAPTURE(name);
        CHECK(bool(handler.observe) == (row->effect == Effect::observe));
        CHECK(bool(handler.act) == (row->effect == Effect::change));
        CHECK(bool(handler.before) == (row->effect == Effect::change));
        CHECK(bool(handler.look) == (row->recovery == Recovery::look));
        CHECK(bool(handler.restore) == row->undo.starts_with("by "));
    }
    CHECK(declared == had);
}

}  // namespace perilune::test
