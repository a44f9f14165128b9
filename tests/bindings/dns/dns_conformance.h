// What every driver of the dns family must do, whatever provider stands behind it.
//
// `rig` drives a zone that the suite may change: it uses names that begin with "conformance" and
// expects none of them to be there. Execute it inside a TEST_CASE; each part is a SUBCASE.
#pragma once

#include <doctest/doctest.h>

#include "tests/support/call_rig.h"

namespace perilune::test {

inline Value record(const std::string& name, const std::string& type,
                    const std::vector<std::string>& values, double ttl_s,
                    std::string_view ttl_field = "ttl_s") {
    List list;
    for (const auto& value : values) list.emplace_back(value);
    Value made;
    made.set("name", name).set("type", type).set("values", std::move(list));
    return made.set(ttl_field, ttl_s);
}

inline Value key(const std::string& name, const std::string& type) {
    Value made;
    return made.set("name", name).set("type", type);
}

// Calls what must succeed.
inline Value must(CallRig& rig, const std::string& operation, Value arguments = Map{}) {
    auto result = rig.call(operation, std::move(arguments));
    REQUIRE_MESSAGE(result.ok(), operation << ": " << result.error().message);
    return *result;
}

// Calls what must fail, with this code.
inline void must_fail(CallRig& rig, const std::string& operation, Value arguments,
                      const std::string& code) {
    const auto result = rig.call(operation, std::move(arguments));
    REQUIRE_FALSE(result.ok());
    CHECK_MESSAGE(result.error().code == code, result.error().message);
    CHECK_FALSE(result.error().message.empty());
}

inline void check_dns_sets(CallRig& rig) {
    const std::string name = "conformance";
    SUBCASE("creates_replaces_and_deletes_a_set") {
        CHECK(must(rig, "get", key(name, "A")).is_nil());
        const Value wanted = record(name, "A", {"192.0.2.2", "192.0.2.1"}, 60, "ttl");
        const Value made = must(rig, "upsert", wanted);
        CHECK(made["changed"].boolean());
        CHECK(made["before"].is_nil());
        CHECK(made["after"] == record(name, "A", {"192.0.2.1", "192.0.2.2"}, 60));
        CHECK(must(rig, "get", key(name, "A")) == made["after"]);
        const Value replaced = must(rig, "upsert", record(name, "A", {"192.0.2.3"}, 90, "ttl"));
        CHECK(replaced["before"] == made["after"]);
        CHECK(must(rig, "list", key(name, "A")) == Value(List{replaced["after"]}));
        const Value gone = must(rig, "delete", key(name, "A"));
        CHECK(gone["before"] == replaced["after"]);
        CHECK(gone["after"].is_nil());
        CHECK(must(rig, "list", key(name, "A")).list().empty());
    }
    SUBCASE("says_so_where_nothing_has_to_change") {
        must(rig, "upsert", record(name, "TXT", {"hello"}, 60, "ttl"));
        const Value again =
            must(rig, "upsert", record("CONFORMANCE", "txt", {"\"hello\""}, 60, "ttl"));
        CHECK_FALSE(again["changed"].boolean());
        CHECK(again["before"] == again["after"]);
        CHECK_FALSE(must(rig, "delete", key(name, "MX"))["changed"].boolean());
    }
    SUBCASE("a_repeated_act_gives_the_same_result") {
        const Value made = must(rig, "upsert", record(name, "A", {"192.0.2.1"}, 60, "ttl"));
        const auto again = rig.act_again();
        REQUIRE(again.ok());
        CHECK(*again == made);
        CHECK(must(rig, "list", key(name, "A")).list().size() == 1);
    }
    SUBCASE("keeps_text_of_every_kind") {
        const std::vector<std::string> texts = {"a \"quote\" and a \\ backslash; (more)",
                                                std::string(600, 'k')};
        must(rig, "upsert", record(name, "TXT", texts, 60, "ttl"));
        CHECK(must(rig, "get", key(name, "TXT")) == record(name, "TXT", texts, 60));
    }
    SUBCASE("keeps_mail_and_service_records_apart") {
        must(rig, "upsert",
             record(name, "MX", {"20 b.example.net.", "10 A.example.net"}, 60, "ttl"));
        must(rig, "upsert",
             record("_http._tcp.conformance", "SRV", {"1 2 80 a.example.net"}, 60, "ttl"));
        CHECK(must(rig, "get", key(name, "MX")) ==
              record(name, "MX", {"10 a.example.net", "20 b.example.net"}, 60));
        CHECK(must(rig, "get", key("_http._tcp.conformance", "SRV"))["values"].list()[0].text() ==
              "1 2 80 a.example.net");
    }
}

inline void check_dns_undo(CallRig& rig) {
    const std::string name = "conformance-undo";
    SUBCASE("undo_of_a_creation_deletes") {
        must(rig, "upsert", record(name, "A", {"192.0.2.1"}, 60, "ttl"));
        REQUIRE(rig.undo().ok());
        CHECK(must(rig, "get", key(name, "A")).is_nil());
    }
    SUBCASE("undo_of_a_replacement_gives_back_values_and_ttl") {
        const Value old =
            must(rig, "upsert", record(name, "A", {"192.0.2.1", "192.0.2.2"}, 61, "ttl"));
        must(rig, "upsert", record(name, "A", {"192.0.2.9"}, 300, "ttl"));
        REQUIRE(rig.undo().ok());
        CHECK(must(rig, "get", key(name, "A")) == old["after"]);
    }
    SUBCASE("undo_of_a_deletion_gives_the_set_back") {
        const Value old = must(rig, "upsert", record(name, "TXT", {"keep me"}, 61, "ttl"));
        must(rig, "delete", key(name, "TXT"));
        REQUIRE(rig.undo().ok());
        CHECK(must(rig, "get", key(name, "TXT")) == old["after"]);
    }
    SUBCASE("undo_stops_where_somebody_changed_the_set_since") {
        must(rig, "upsert", record(name, "A", {"192.0.2.1"}, 60, "ttl"));
        const auto mine = rig.last();
        must(rig, "upsert", record(name, "A", {"192.0.2.66"}, 60, "ttl"));
        rig.last() = mine;
        const auto undone = rig.undo();
        REQUIRE_FALSE(undone.ok());
        CHECK(undone.error().code == "conflict");
    }
    SUBCASE("a_change_that_changed_nothing_has_no_undo") {
        must(rig, "upsert", record(name, "A", {"192.0.2.1"}, 60, "ttl"));
        must(rig, "upsert", record(name, "A", {"192.0.2.1"}, 60, "ttl"));
        const auto undone = rig.undo();
        REQUIRE_FALSE(undone.ok());
        CHECK(undone.error().code == "nothing_to_undo");
    }
}

inline void check_dns_batches(CallRig& rig) {
    const std::string name = "conformance-batch";
    must(rig, "upsert", record(name, "A", {"192.0.2.1"}, 60, "ttl"));
    const Value address = must(rig, "get", key(name, "A"));
    const Value alias = record(name, "CNAME", {"web.example.net"}, 60);
    Value swap;
    swap.set("upserts", List{alias}).set("deletes", List{key(name, "A")});

    SUBCASE("a_cname_beside_other_data_is_refused_and_changes_nothing") {
        must_fail(rig, "upsert", record(name, "CNAME", {"web.example.net"}, 60, "ttl"),
                  "cname_conflict");
        CHECK(must(rig, "get", key(name, "A")) == address);
    }
    SUBCASE("a_batch_swaps_an_address_for_a_cname_and_back") {
        const Value done = must(rig, "batch", swap);
        CHECK(done["changed"].boolean());
        CHECK(done["atomic"].boolean());
        REQUIRE(done["changes"].list().size() == 2);
        CHECK(done["changes"].list()[0]["before"] == address);
        CHECK(done["changes"].list()[1]["after"] == alias);
        CHECK(must(rig, "get", key(name, "A")).is_nil());
        must_fail(rig, "upsert", record(name, "TXT", {"beside"}, 60, "ttl"), "cname_conflict");
        must(rig, "batch", [&] {
            Value back;
            return back.set("upserts", List{address}).set("deletes", List{key(name, "CNAME")});
        }());
        REQUIRE(rig.undo().ok());
        CHECK(must(rig, "get", key(name, "CNAME")) == alias);
    }
    SUBCASE("a_batch_that_is_refused_leaves_nothing") {
        Value bad;
        bad.set("upserts", List{record("conformance-other", "A", {"192.0.2.5"}, 60), alias});
        must_fail(rig, "batch", bad, "cname_conflict");
        CHECK(must(rig, "get", key("conformance-other", "A")).is_nil());
    }
    SUBCASE("set_ttl_changes_only_the_ttl_and_is_undone") {
        if (rig.has("set_ttl")) {
            Value wanted;
            wanted.set("records", List{key(name, "A")}).set("ttl", "30s");
            const Value done = must(rig, "set_ttl", wanted);
            CHECK(done.list()[0]["after"] == record(name, "A", {"192.0.2.1"}, 30));
            REQUIRE(rig.undo().ok());
            CHECK(must(rig, "get", key(name, "A")) == address);
            must_fail(rig, "set_ttl",
                      Value(wanted).set("records", List{key("conformance-none", "A")}),
                      "not_found");
        }
    }
}

inline void check_dns_answers(CallRig& rig) {
    must(rig, "upsert", record("conformance-host", "A", {"192.0.2.1"}, 60, "ttl"));
    Value asked;
    asked.set("name", "conformance-host").set("to", "192.0.2.1").set("servers", "authoritative");
    SUBCASE("a_change_is_answered_when_it_returns") {
        CHECK(must(rig, "resolves", asked).boolean());
        CHECK_FALSE(must(rig, "resolves", Value(asked).set("to", "192.0.2.2")).boolean());
        const Value answers = must(rig, "lookup", key("conformance-host", "A"));
        REQUIRE_FALSE(answers.list().empty());
        for (const auto& answer : answers.list()) {
            CHECK_FALSE(answer["server"].text().empty());
            CHECK(answer["values"] == Value(List{"192.0.2.1"}));
            CHECK(answer["ttl_s"].number() == 60);
        }
    }
    SUBCASE("a_name_that_is_not_there_has_no_values") {
        const Value answers = must(rig, "lookup", key("conformance-none", "A"));
        REQUIRE_FALSE(answers.list().empty());
        CHECK(answers.list()[0]["values"].is_list());
        CHECK(answers.list()[0]["values"].list().empty());
    }
}

inline void check_dns_conformance(CallRig& rig) {
    SUBCASE("sets") { check_dns_sets(rig); }
    SUBCASE("undo") { check_dns_undo(rig); }
    SUBCASE("batches") { check_dns_batches(rig); }
    SUBCASE("answers") { check_dns_answers(rig); }
}

}  // namespace perilune::test
