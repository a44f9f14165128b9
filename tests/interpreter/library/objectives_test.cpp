// Objectives as runbooks write them.
#include <doctest/doctest.h>

#include "interpreter/library/objectives.h"
#include "tests/interpreter/library/temporary_library.h"

using namespace perilune;

namespace {

Value declared(std::initializer_list<std::pair<const std::string, Value>> fields) {
    return Value(Map(fields));
}

}  // namespace

TEST_CASE("reads_single_and_named_objectives_in_seconds") {
    const auto read = read_objectives(
        declared({{"rto", "30m"},
                  {"rpo", declared({{"database", "15m"}, {"uploads", "1h"}, {"state", 300}})},
                  {"undo", 90}}));
    REQUIRE(read.ok());
    CHECK(read->rto == NamedDurations{{"", 1800}});
    CHECK(read->rpo == NamedDurations{{"database", 900}, {"state", 300}, {"uploads", 3600}});
    CHECK(read->undo == NamedDurations{{"", 90}});
    CHECK(strictest_s(read->rpo) == 300);
    CHECK(show(*read) == "RTO 30 min, RPO database 15 min, state 5 min and uploads 1 h, undo 90 s");
}

TEST_CASE("has_no_objectives_where_none_are_declared") {
    const auto read = read_objectives({});
    REQUIRE(read.ok());
    CHECK(show(*read) == "");
    CHECK_FALSE(strictest_s(read->rto));
    CHECK(read_objectives(Value(List{})).ok());
}

TEST_CASE("refuses_wrong_objectives_all_at_once") {
    const auto read = read_objectives(
        declared({{"rto", "soon"}, {"rpo", declared({{"database", "400d"}})}, {"udno", "5m"}}));
    REQUIRE_FALSE(read.ok());
    CHECK(read.error().code == "bad_declaration");
    CHECK(read.error().message ==
          "objectives.rpo.database must be at most a year, but it is 400 d. Correct it.\n"
          "objectives.rto: \"soon\" is no duration; write \"200ms\", \"30s\", \"5m\", \"4h\", "
          "\"90d\" or \"1h30m\".\n"
          "objectives has no \"udno\". Did you mean \"undo\"? It may have \"rto\", \"rpo\" or "
          "\"undo\".");
    CHECK(holds(refusal(read_objectives(declared({{"rto", declared({})}}))),
                "objectives.rto is an empty table."));
    CHECK(holds(refusal(read_objectives("30m")), "objectives must be a table"));
    CHECK(holds(refusal(read_objectives(declared({{"rto", -5}}))), "objectives.rto must be"));
    CHECK(holds(refusal(read_objectives(declared({{"rto", 0}}))),
                "objectives.rto must be longer than nothing and at most a year"));
}

TEST_CASE("takes_an_rpo_of_nothing_for_what_may_lose_nothing") {
    const auto read =
        read_objectives(declared({{"rpo", declared({{"ledger", "0s"}, {"files", "1h"}})}}));
    REQUIRE(read.ok());
    CHECK(strictest_s(read->rpo) == 0);
    CHECK(show(*read) == "RPO files 1 h and ledger 0 ms");
}
