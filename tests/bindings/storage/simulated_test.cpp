// The simulated bucket: the family's suite, and what a test can do to it from outside.
#include "tests/bindings/storage/simulated_rig.h"
#include "tests/bindings/storage/storage_conformance.h"

namespace perilune::test {

namespace {

struct SimulatedBucketRig : StorageRig {
    std::shared_ptr<ClockedWorld> clocked = std::make_shared<ClockedWorld>();

    SimulatedWorld& world() { return clocked->world; }
    Value look() { return world().find(target)->look(); }
    Value object(const std::string& key) { return look()["objects"][key]; }
    Result<Value> control(const std::string& name, const Map& arguments = {}) {
        return world().find(target)->control(name, Value(arguments));
    }
    ObjectPort& port() { return *rig->driver(target).objects; }
    Result<std::unique_ptr<ByteSink>> begin(const std::string& key) {
        return port().write_object(key);
    }
};

std::unique_ptr<SimulatedBucketRig> make_bucket(const Map& settings = {}) {
    auto made = std::make_unique<SimulatedBucketRig>();
    made->rig = make_simulated_rig(made->clocked);
    made->rig->services().keep_secret = [](const std::string&, const std::string& value) {
        return Value(value);
    };
    made->other = std::make_shared<MemoryObjects>();
    made->moment_s = 0.01;
    add_simulated(*made->rig, made->world(), made->target, storage_family, simulated_storage,
                  settings);
    made->rig->add("storage/other", storage_family, memory_driver(made->other));
    return made;
}

}  // namespace

TEST_CASE("a_simulated_bucket_passes_the_storage_conformance_suite") {
    run_storage_conformance([] { return make_bucket(); });
}

TEST_CASE("shows_objects_with_what_is_true_of_their_bytes") {
    const auto rig = make_bucket();
    REQUIRE(rig->put("page", "one").ok());
    REQUIRE(rig->put("page", "two").ok());
    CHECK(rig->object("page")["body"].text() == "two");
    CHECK(rig->object("page")["versions"].number() == 2);
    CHECK(rig->object("page")["digest"].text() == to_hex(sha256("two")));
    CHECK(rig->object("page")["modified_at"].number() ==
          doctest::Approx(rig->clocked->clock.wall_s));
    REQUIRE(rig->put("raw", std::string("\xff\x00", 2)).ok());
    CHECK_FALSE(rig->object("raw").has("body"));
    REQUIRE(rig->change("delete", {{"key", "page"}}).ok());
    CHECK(rig->object("page").is_nil());
}

TEST_CASE("damage_changes_the_bytes_and_not_what_is_stated_of_them") {
    const auto rig = make_bucket();
    REQUIRE(rig->put("backup", "0123456789").ok());
    const std::string noted = to_hex(sha256("0123456789"));
    REQUIRE(rig->control("corrupt", {{"key", "backup"}}).ok());
    CHECK((*rig->observe("head", {{"key", "backup"}}))["digest"].text() == noted);
    CHECK(rig->observe("digest", {{"key", "backup"}})->text() != noted);
    CHECK((*rig->observe("head", {{"key", "backup"}}))["size_bytes"].number() == 10);
    const auto verified = rig->observe("verify", {{"manifest", Map{{"backup", noted}}}});
    CHECK(verified.error().code == "check_failed");
    REQUIRE(rig->control("truncate", {{"key", "backup"}, {"size_bytes", 4}}).ok());
    CHECK((*rig->observe("head", {{"key", "backup"}}))["size_bytes"].number() == 4);
    // What is put again is whole again, though its digest is the one that was stated.
    CHECK(rig->control("put", {{"key", "backup"}, {"body", "0123456789"}}).ok());
    CHECK(rig->observe("digest", {{"key", "backup"}})->text() == noted);
    CHECK(rig->control("corrupt", {{"key", "none"}}).error().code == "not_found");
    CHECK(rig->control("corupt").error().message.find("corrupt") != std::string::npos);
}

TEST_CASE("somebody_else_puts_and_deletes_and_undo_sees_it") {
    const auto rig = make_bucket();
    const auto put = rig->put("page", "ours");
    REQUIRE(rig->control("put", {{"key", "page"}, {"body", "theirs"}}).ok());
    CHECK(rig->body("page") == "theirs");
    CHECK(rig->rig->undo(put).code() == "undo_conflict");
    REQUIRE(rig->control("delete", {{"key", "page"}}).ok());
    CHECK(rig->body("page") == "absent");
    CHECK(rig->observe("versions", {{"key", "page"}})->list().size() == 3);
}

TEST_CASE("lists_show_an_object_only_a_while_after_its_put") {
    const auto rig = make_bucket();
    REQUIRE(rig->put("old", "x").ok());
    REQUIRE(rig->control("lists_after", {{"seconds", 30}}).ok());
    pass(*rig->rig, 31);
    REQUIRE(rig->put("new", "y").ok());
    REQUIRE(rig->change("delete", {{"key", "old"}}).ok());
    CHECK(rig->keys({}) == "old");
    // Only the listing is late: reading is not.
    CHECK(rig->body("new") == "y");
    CHECK(rig->body("old") == "absent");
    pass(*rig->rig, 29);
    CHECK(rig->keys({}) == "old");
    pass(*rig->rig, 2);
    CHECK(rig->keys({}) == "new");
}

TEST_CASE("a_late_list_shows_the_content_of_that_time") {
    const auto rig = make_bucket();
    REQUIRE(rig->put("page", "1").ok());
    pass(*rig->rig, 100);
    REQUIRE(rig->control("lists_after", {{"seconds", 10}}).ok());
    REQUIRE(rig->put("page", "22").ok());
    REQUIRE(rig->put("page", "333").ok());
    const auto listed = rig->observe("list");
    REQUIRE(listed->list().size() == 1);
    CHECK(listed->list()[0]["size_bytes"].number() == 1);
    pass(*rig->rig, 11);
    CHECK(rig->observe("list")->list()[0]["size_bytes"].number() == 3);
}

TEST_CASE("a_cut_or_forgotten_stream_never_becomes_an_object") {
    const auto rig = make_bucket();
    REQUIRE(rig->control("cut_upload", {{"after_bytes", 5}}).ok());
    auto cut = rig->begin("torn");
    REQUIRE(cut.ok());
    CHECK((*cut)->write("1234").ok());
    const auto lost = (*cut)->write("5678");
    CHECK(lost.error().code == "connection_lost");
    CHECK(lost.error().retry == Retry::unknown);
    CHECK_FALSE((*cut)->commit().ok());
    (*cut)->abandon();
    {
        const auto forgotten = rig->begin("forgotten");
        REQUIRE((*forgotten)->write("half").ok());
    }
    CHECK(rig->look()["objects"].map().empty());
    CHECK(rig->keys({}).empty());
    REQUIRE(rig->look()["uploads"].list().size() == 2);
    CHECK(rig->look()["uploads"].list()[0]["size_bytes"].number() == 5);
    CHECK(rig->change("abort_uploads", {{"older_than", "1h"}}).already_so);
    pass(*rig->rig, 3601);
    CHECK(rig->change("abort_uploads", {{"older_than", "1h"}}).value()["uploads"].number() == 2);
    CHECK(rig->look()["uploads"].list().empty());
    // The next one is not cut.
    auto whole = rig->begin("whole");
    CHECK((*whole)->write("123456789").ok());
    CHECK((*whole)->commit().ok());
    CHECK(rig->body("whole") == "123456789");
}

TEST_CASE("a_bucket_that_does_not_answer_is_told_from_one_without_the_object") {
    const auto rig = make_bucket();
    REQUIRE(rig->put("page", "x").ok());
    auto upload = rig->begin("stream");
    REQUIRE(rig->control("fail").ok());
    CHECK_FALSE(rig->look()["reachable"].boolean());
    const auto head = rig->observe("head", {{"key", "page"}});
    CHECK(head.error().code == "connection_refused");
    CHECK(head.error().retry == Retry::safe);
    CHECK(rig->put("other", "y").code() == "connection_refused");
    CHECK_FALSE((*upload)->write("z").ok());
    CHECK_FALSE(rig->port().list_objects("").ok());
    CHECK(rig->object("other").is_nil());
    REQUIRE(rig->control("recover").ok());
    CHECK(rig->body("page") == "x");
    CHECK(rig->put("other", "y").ok());
}

TEST_CASE("a_put_whose_answer_was_lost_has_happened_and_can_be_made_again") {
    const auto rig = make_bucket();
    rig->world().add_fault(
        {.kind = SimulatedFault::Kind::after, .target = rig->target, .operation = "put"});
    auto put = rig->put("lock", "mine", "absent");
    CHECK(put.code() == "connection_lost");
    CHECK(rig->object("lock")["body"].text() == "mine");
    rig->rig->act(put);
    REQUIRE(put.ok());
    CHECK(put.value()["changed"].boolean());
    CHECK(rig->object("lock")["versions"].number() == 1);
    CHECK(rig->rig->undo(put).ok());
    CHECK(rig->body("lock") == "absent");
}

TEST_CASE("what_a_host_left_is_there_for_the_next_one") {
    const auto rig = make_bucket();
    REQUIRE(rig->put("page", "x").ok());
    rig->rig->add(rig->target, storage_family,
                  *rig->world().driver_of(rig->target, rig->rig->services()));
    CHECK(rig->body("page") == "x");
}

TEST_CASE("an_aged_object_is_pruned_first") {
    const auto rig = make_bucket();
    for (const char* key : {"1", "2", "3"}) REQUIRE(rig->put(key, key).ok());
    REQUIRE(rig->control("age", {{"key", "3"}, {"by", 86400}}).ok());
    const auto pruned = rig->change(
        "prune",
        {{"prefix", ""}, {"keep", Map{{"last", 2}}}, {"keep_at_least", 2}, {"delete_at_most", 1}});
    CHECK(pruned.value()["removed"] == Value(List{"3"}));
}

TEST_CASE("old_versions_go_when_their_time_is_over") {
    const auto rig = make_bucket();
    REQUIRE(rig->change("set_versioning", {{"state", "on"}, {"keep_old_for", "1h"}}).ok());
    for (const char* body : {"1", "2"}) REQUIRE(rig->put("page", body).ok());
    pass(*rig->rig, 3700);
    REQUIRE(rig->put("page", "3").ok());
    // The second was replaced just now, the first an hour ago.
    CHECK(rig->observe("versions", {{"key", "page"}})->list().size() == 2);
}

}  // namespace perilune::test
