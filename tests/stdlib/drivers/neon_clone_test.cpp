// A disposable branch of Neon: made of a moment of another, read by SQL, and removed again.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "bindings/database/database.h"
#include "interpreter/base/json.h"
#include "tests/interpreter/driver/lua_rig.h"
#include "tests/support/record_conformance.h"

namespace perilune::test {

namespace {

struct Copy {
    // `changes` replaces settings; "" leaves one out.
    explicit Copy(const Value& changes = Value(Map{})) {
        rig.secrets["KEY"] = Double::token;
        Value settings =
            fields("project", "shop", "branch", "copy", "parent", "br-main", "parent_target",
                   "database/main", "database", "neondb", "role", "owner", "disposable", true);
        settings.set("url", double_.url()).set("sql_url", double_.url());
        settings.set("token", make_secret("KEY"));
        for (const auto& [name, value] : changes.map()) {
            settings.as_map().erase(name);
            if (value != Value("")) settings.set(name, value);
        }
        const auto made = rig.make(settings);
        REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().message));
    }
    Value asked(double at) const { return fields("from", "database/main", "at", at); }
    Value asked() const { return asked(then); }
    List copies() const {
        List found;
        const Value state = double_.state();
        for (const auto& one : state["branches"].list())
            if (one["name"].text() == "copy") found.push_back(one);
        return found;
    }
    // A clone, with so many rows in its tables.
    Changed clone(const Value& rows = Value(Map{})) {
        Changed made = rig.change("clone", asked());
        REQUIRE_MESSAGE(made.done(), made.error().message);
        Value by_branch{Map{}};
        double_.set_state(fields("rows", by_branch.set(copies().at(0)["id"].text(), rows)));
        return made;
    }
    std::string refusal(const std::string& operation, const Value& arguments) {
        const Changed refused = rig.change(operation, arguments);
        CHECK_FALSE(refused.done());
        CHECK(double_.changes() == 0);
        return refused.error().code;
    }

    double then = std::floor(wall_now_s()) - 600;
    Double double_{"neon"};
    DriverRig rig{database_family, builtin_kind("database", "neon"), "database/copy"};
};

}  // namespace

TEST_CASE("neon_s_clones_are_made_once_though_answers_are_lost") {
    if (!has_doubles()) return;
    check_change_conformance([] {
        const auto copy = std::make_shared<Copy>();
        return ChangeSubject{.rig = {copy, &copy->rig},
                             .faults = &copy->double_,
                             .operation = "clone",
                             .arguments = copy->asked(),
                             .method = "POST",
                             .path = "/branches$",
                             .refusal = fields("code", "", "message", "Not like this"),
                             .made = [copy] { return static_cast<int>(copy->copies().size()); },
                             .place = copy};
    });
}

TEST_CASE("a_clone_shows_its_moment_is_read_by_sql_and_gone_when_it_is_undone") {
    if (!has_doubles()) return;
    Copy copy;
    CHECK_FALSE((*copy.rig.observe("status", fields()))["reachable"].boolean());
    const Changed made = copy.clone(fields("orders", 60));
    CHECK(made.before.plan.find("br-main as it was at ") == 0);
    CHECK(made.outcome.value["data_until_at"].number() == copy.then);
    CHECK(made.outcome.value["moved_endpoint"].boolean());
    CHECK(copy.copies().at(0)["parent_id"].text() == "br-main");
    const auto ready = copy.rig.observe("wait_ready", fields("within", "10s"));
    REQUIRE_MESSAGE(ready.ok(), (ready.ok() ? "" : ready.error().message));
    CHECK((*ready)["writable"].boolean());
    const auto counts = copy.rig.observe("counts", fields("tables", List{"orders"}));
    REQUIRE_MESSAGE(counts.ok(), (counts.ok() ? "" : counts.error().message));
    CHECK((*counts)["orders"].number() == 60);
    // The password was hidden in all its places, three of clone's answer and one of counts', and is
    // in nothing that the run keeps.
    CHECK(std::ranges::count_if(copy.rig.secrets, [](const auto& secret) {
              return secret.second.find("password-of") != std::string::npos;
          }) == 4);
    CHECK(to_json(Value(copy.rig.parts)).find("password-of") == std::string::npos);
    CHECK(to_json(made.outcome.value).find("password-of") == std::string::npos);
    const Changed undone = copy.rig.undo("clone", copy.asked(), made);
    REQUIRE_MESSAGE(undone.done(), undone.error().message);
    CHECK(undone.before.state == made.outcome.after);
    CHECK(copy.copies().empty());
    CHECK(copy.rig.observe("counts", fields("tables", List{"orders"})).error().code == "not_found");
}

TEST_CASE("a_clone_that_is_asked_for_again_is_the_one_that_was_made") {
    if (!has_doubles()) return;
    Copy copy;
    // Others that are found by the name, before it and on earlier pages.
    List branches = copy.double_.state()["branches"].list();
    for (const auto* name : {"copy-1", "copy-2", "old copy", "copy of it"})
        branches.push_back(Value(branches[0]).set("name", name).set("id", "br-other"));
    copy.double_.set_state(fields("branches", branches));
    copy.double_.fault({.method = "POST", .path = "/branches$"});
    const Changed lost = copy.rig.change("clone", copy.asked(), "k");
    REQUIRE(lost.kind() == "unknown");
    const Outcome again = copy.rig.act_again("clone", copy.asked(), "k", lost.before.state);
    CHECK(again.kind == Outcome::Kind::done);
    CHECK(copy.copies().size() == 1);
    CHECK(copy.double_.count("POST", "/branches$") == 1);
    // What another made of another moment under this name is not taken for it.
    const Sighting seen =
        copy.rig.look("clone", copy.asked(copy.then - 60), "other", lost.before.state);
    CHECK(seen.kind == Sighting::Kind::cannot_tell);
    const Changed second = copy.rig.change("clone", copy.asked());
    CHECK(copy.copies().size() == 1);
    CHECK(second.error().code == "already_exists");
    CHECK(second.error().message.find("Drop it first") != std::string::npos);
}

TEST_CASE("a_branch_is_dropped_once_though_the_answer_is_lost") {
    if (!has_doubles()) return;
    Copy copy;
    copy.clone();
    copy.double_.fault({.kind = Fault::Kind::drop, .method = "DELETE"});
    const Changed dropped = copy.rig.change("drop", fields());
    CHECK(dropped.kind() == "unknown");
    CHECK(copy.copies().size() == 1);
    copy.double_.fault({.method = "DELETE"});
    const Changed lost = copy.rig.change("drop", fields(), "k");
    CHECK(lost.kind() == "unknown");
    CHECK(copy.copies().empty());
    const Outcome again = copy.rig.act_again("drop", fields(), "k", lost.before.state);
    REQUIRE(again.kind == Outcome::Kind::done);
    CHECK(again.value["changed"].boolean());
    CHECK(copy.double_.changes() == 2);
    CHECK(copy.rig.change("drop", fields()).before.already_so);
}

TEST_CASE("a_clone_whose_making_fails_is_told_by_neon_s_own_words") {
    if (!has_doubles()) return;
    Copy copy;
    copy.double_.set_state(fields("end", "failed"));
    const Changed failed = copy.rig.change("clone", copy.asked());
    CHECK(failed.kind() == "failed");
    CHECK(failed.error().code == "provider_failed");
    CHECK(failed.error().message.find("the pageserver is gone") != std::string::npos);
    REQUIRE(copy.rig.change("drop", fields()).kind() == "failed");
    copy.double_.set_state(fields("end", "finished"));
    CHECK(
        copy.rig.change("clone", copy.asked(1000)).error().message.find("older than the parent") !=
        std::string::npos);
}

TEST_CASE("what_cannot_be_cloned_or_dropped_is_refused_before_anything_changes") {
    if (!has_doubles()) return;
    Copy kept(fields("disposable", ""));
    CHECK(kept.refusal("clone", kept.asked()) == "not_allowed");
    CHECK(kept.refusal("drop", fields()) == "not_allowed");
    Copy rootless(fields("parent", ""));
    CHECK(rootless.refusal("clone", rootless.asked()) == "not_supported");
    Copy known(fields("branch", "br-main"));
    CHECK(known.refusal("clone", known.asked()) == "not_supported");
    Copy copy;
    CHECK(copy.refusal("clone", fields("from", "database/other", "at", copy.then)) ==
          "bad_argument");
    CHECK(copy.refusal("clone", fields("from", "database/main", "backup", "snap-1")) ==
          "not_supported");
}

TEST_CASE("neon_answers_sql_that_reads_in_one_transaction") {
    if (!has_doubles()) return;
    Copy copy;
    copy.clone(fields("orders", 60, "transfers", 0));
    const std::string truth = "select max(n) < 7 as ok from orders";
    Value answers{Map{}};
    // Of several columns the first is what counts.
    answers.set(truth, List{fields("ok", true, "a", false, "z", false)});
    answers.set("select false", List{fields("no", false)});
    const Value columns = fields(truth, List{"ok", "a", "z"});
    copy.double_.set_state(fields("answers", answers, "columns", columns));
    const auto verify = [&](const Value& counts, const std::string& sql) {
        return copy.rig.observe("verify",
                                fields("counts", counts, "queries", fields("as it should", sql)));
    };
    const auto well = verify(fields("orders", fields("min", 1)), truth);
    REQUIRE_MESSAGE(well.ok(), (well.ok() ? "" : well.error().message));
    REQUIRE(well->list().size() == 2);
    CHECK(well->list()[0]["expected"].text() == "1 to any");
    CHECK(well->list()[1]["passed"].boolean());
    CHECK(copy.double_.count("POST", "/sql$") == 1);
    CHECK(copy.double_.state()["sql"].list().size() == 2);
    const auto wrong = verify(fields("transfers", fields("min", 1, "max", 9)), "select false");
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().code == "check_failed");
    CHECK(wrong.error().retry == Retry::safe);
    CHECK(
        wrong.error().message ==
        "database/copy: rows of transfers: expected 1 to 9, found 0; as it should: expected true, "
        "found false.");
    CHECK(wrong.error().detail.list().size() == 2);
    const auto many = verify(fields("orders", fields("max", 9)), truth);
    REQUIRE_FALSE(many.ok());
    CHECK(many.error().message == "database/copy: rows of orders: expected any to 9, found 60.");
}

TEST_CASE("sql_that_neon_cannot_answer_is_told") {
    if (!has_doubles()) return;
    Copy copy;
    copy.clone(fields("orders", 60));
    const auto error = [&](const std::string& operation, const Value& arguments) {
        const auto read = copy.rig.observe(operation, arguments);
        REQUIRE_FALSE(read.ok());
        return read.error();
    };
    const std::string hidden = "with gone as (delete from orders returning 1) select 1";
    const Error written = error("query", fields("sql", hidden));
    CHECK(written.code == "sql_failed");
    CHECK(written.message.find("read-only transaction") != std::string::npos);
    for (const auto* sql : {"delete from orders", " commit", "SET transaction read write", ""})
        CHECK(error("verify", fields("queries", fields("a", sql))).code == "not_allowed");
    const Error missing = error("counts", fields("tables", List{"none"}));
    CHECK(missing.code == "not_found");
    CHECK(missing.message.find("\"none\" does not exist") != std::string::npos);
    CHECK(error("counts", fields("tables", List{"a; drop table b"})).code == "bad_argument");
    CHECK(error("verify", fields("digests", fields("orders", "x"))).code == "not_supported");
    const Value two = fields("sql", "select a", "rows_max", 1, "parameters", List{1, 2});
    CHECK(error("query", two).code == "too_many_rows");
    copy.double_.set_state(fields("columns", fields("select a", List{"p", "p"})));
    CHECK(error("query", fields("sql", "select a")).code == "bad_argument");
    copy.rig.secrets["KEY"] = "canary-of-the-secret";
    const Error refused = error("query", fields("sql", "select 1"));
    CHECK(refused.code == "credentials_refused");
    CHECK(to_json(refused.to_value()).find("canary") == std::string::npos);
    Copy plain(fields("sql_url", "", "role", ""));
    const auto none = plain.rig.observe("query", fields("sql", "select 1"));
    CHECK(none.error().code == "not_supported");
    CHECK(none.error().message.find("sql_url, database and role") != std::string::npos);
}

}  // namespace perilune::test
