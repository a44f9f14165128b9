// SQL in pieces, without a server: statements, their first words, and the places of parameters.
#include "bindings/database/postgres_sql.h"

#include <doctest/doctest.h>

namespace perilune::test {

namespace {

// The statements, with bars between them.
std::string pieces(std::string_view sql) {
    std::string joined;
    for (const auto& statement : split_sql(sql))
        joined += (joined.empty() ? "" : "|") + statement.text;
    return joined;
}

std::string bound(std::string_view sql, const Value& parameters) {
    const auto one = bind_sql(sql, parameters);
    if (!one) return one.error().code;
    std::string shown = one->text;
    for (const auto& parameter : one->parameters) shown += " <" + parameter.value_or("null") + ">";
    return shown;
}

std::string control(std::string_view sql) {
    const auto judged = require_one_statement(sql);
    return judged.ok() ? "" : judged.error().code;
}

}  // namespace

TEST_CASE("splits_sql_at_semicolons_that_end_statements") {
    CHECK(pieces("select 1; select 2") == "select 1| select 2");
    CHECK(pieces("select ';'; select \";\";") == "select ';'| select \";\"");
    CHECK(pieces("select 'it''s; one'; x") == "select 'it''s; one'| x");
    CHECK(pieces("select E'\\';'; x") == "select E'\\';'| x");
    CHECK(pieces("select '\\'; x") == "select '\\'| x");
    CHECK(pieces("select note'\\'; x") == "select note'\\'| x");
    CHECK(pieces("select $$a;b$$; x") == "select $$a;b$$| x");
    CHECK(pieces("select $tag$a;$$;$tag$; x") == "select $tag$a;$$;$tag$| x");
    CHECK(pieces("select a$b$c; x") == "select a$b$c| x");
    CHECK(pieces("-- one; two\nselect 1 /* a; /* b; */ c; */; x") ==
          "-- one; two\nselect 1 /* a; /* b; */ c; */| x");
    CHECK(pieces("; ;; /* nothing */ -- at all") == "");
    CHECK(pieces("create rule r as on insert to t do (select 1; select 2); x") ==
          "create rule r as on insert to t do (select 1; select 2)| x");
    CHECK(split_sql("create or replace function f() returns int begin atomic select 1; select case "
                    "when true then 2 end; end; select 3")
              .size() == 2);
    CHECK(split_sql("begin; delete from t; end").size() == 3);
    CHECK(pieces("select 'never closed; x") == "select 'never closed; x");
    const auto statement = split_sql("/* a */ CREATE  Unique INDEX \"X\" ON t(a)")[0];
    CHECK(statement.starts ==
          std::vector<std::string>{"create", "unique", "index", "\"X\"", "on", "t", "(", "a", ")"});
}

TEST_CASE("refuses_sql_that_begins_or_ends_transactions") {
    for (const char* sql :
         {"commit", "COMMIT", "/* */ begin", "-- x\nrollback to s", "start transaction", "end",
          "abort", "savepoint s", "release s", "prepare transaction 'x'"})
        CHECK(control(sql) == "not_allowed");
    for (const char* sql : {"select 1", "prepare p as select 1", "beginning", "\"commit\""})
        CHECK(control(sql) == "");
    CHECK(control("select 1; commit") == "bad_argument");
    CHECK(control("") == "bad_argument");
}

TEST_CASE("puts_parameters_in_their_places") {
    CHECK(bound("select $2, $1", List{1, "two"}) == "select $2, $1 <1> <two>");
    CHECK(bound("select ?, '?', ?", List{true, 2.5}) == "select $1, '?', $2 <true> <2.5>");
    // With nothing to put there they are operators of PostgreSQL's.
    CHECK(bound("select a ? 'b'", Value()) == "select a ? 'b'");
    CHECK(bound("select a ?| b and id = ?", List{1}) == "select a ?| b and id = $1 <1>");
    CHECK(bound("select a ? 'b' and id = $1", List{1}) == "select a ? 'b' and id = $1 <1>");
    CHECK(bound("select :a, :b, :a", Map{{"a", 1}, {"b", "x"}}) == "select $1, $2, $1 <1> <x>");
    CHECK(bound("select x::text, ':a', a[1:2], :a", Map{{"a", 1}}) ==
          "select x::text, ':a', a[1:2], $1 <1>");
    CHECK(bound("select :a", Map{{"b", 1}}) == "bad_argument");
    CHECK(bound("select :a", Map{{"a", 1}, {"b", 1}}) == "bad_argument");
    CHECK(bound("select $1", List{}) == "bad_argument");
    CHECK(bound("select 1", List{1}) == "bad_argument");
    CHECK(bound("select $99999999999999999999999", List{1}) == "bad_argument");
    CHECK(bound("select $1", List{List{1}}) == "bad_argument");
    CHECK(bound("select $1", List{std::string("\0\xff", 2)}) == "select $1 <\\x00ff>");
}

}  // namespace perilune::test
