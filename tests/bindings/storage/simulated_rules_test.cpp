// The rules of a simulated bucket: what its objects come to as time passes.
#include "tests/bindings/storage/simulated_rig.h"
#include "tests/bindings/storage/storage_conformance_rules.h"

namespace perilune::test {

namespace {

constexpr double day_s = 86400;

struct TwoBuckets : StorageRig {
    std::shared_ptr<ClockedWorld> clocked = std::make_shared<ClockedWorld>();

    Value look(const std::string& name) { return clocked->world.find("storage/" + name)->look(); }
    Value objects() { return look("under-test")["objects"]; }
    void control(const std::string& name, const std::string& control, const Map& given = {}) {
        CHECK(clocked->world.find("storage/" + name)->control(control, Value(given)).ok());
    }
    void let_pass(double seconds) { clocked->clock.advance_to(clocked->clock.boot_s + seconds); }
    Value status() { return *observe("replication_status"); }
    Change replicate(const std::string& state) {
        return change("set_replication",
                      {{"to", "storage/there"}, {"prefix", "a/"}, {"state", state}});
    }
};

std::unique_ptr<TwoBuckets> make_buckets() {
    auto made = std::make_unique<TwoBuckets>();
    made->rig = make_simulated_rig(made->clocked);
    made->rig->services().keep_secret = [](const std::string&, const std::string& value) {
        return Value(value);
    };
    for (const char* target : {"storage/under-test", "storage/there"})
        add_simulated(*made->rig, made->clocked->world, target, storage_family, simulated_storage);
    return made;
}

}  // namespace

TEST_CASE("a_simulated_bucket_passes_the_conformance_suite_of_rules") {
    const auto rig = make_buckets();
    for (const auto& row : storage_family.operations)
        CHECK_MESSAGE(rig->has(std::string(row.name)), std::string(row.name));
    check_storage_rules(*rig);
}

TEST_CASE("objects_expire_when_their_time_is_over_and_those_of_other_prefixes_do_not") {
    const auto rig = make_buckets();
    const Value rule = Map{{"prefix", "logs/"}, {"after", "30d"}, {"action", "expire"}};
    REQUIRE(rig->put("logs/1", "x").ok());
    REQUIRE(rig->put("kept", "x").ok());
    REQUIRE(rig->change("set_lifecycle", {{"rules", List{rule}}}).ok());
    rig->let_pass(29 * day_s);
    REQUIRE(rig->put("logs/2", "x").ok());
    CHECK(rig->keys({}) == "kept logs/1 logs/2");
    rig->let_pass(day_s);
    CHECK(rig->keys({}) == "kept logs/2");
    CHECK(rig->body("logs/1") == "absent");
    CHECK(rig->look("under-test")["lifecycle"].list().size() == 1);
    // What expired is a version from now on.
    CHECK(rig->observe("versions", {{"key", "logs/1"}})->list().size() == 2);
}

TEST_CASE("old_versions_and_unfinished_uploads_are_cleared_away_by_their_rules") {
    const auto rig = make_buckets();
    const Value old = Map{{"prefix", ""}, {"after", "2d"}, {"action", "expire_old"}};
    const Value open = Map{{"prefix", ""}, {"after", "1d"}, {"action", "abort_uploads"}};
    REQUIRE(rig->change("set_lifecycle", {{"rules", List{old, open}}}).ok());
    REQUIRE(rig->put("page", "1").ok());
    REQUIRE(rig->put("page", "2").ok());
    auto upload = rig->rig->driver(rig->target).objects->write_object("stream");
    REQUIRE((*upload)->write("z").ok());
    CHECK(rig->look("under-test")["uploads"].list().size() == 1);
    rig->let_pass(day_s);
    CHECK(rig->look("under-test")["uploads"].list().empty());
    CHECK(rig->objects()["page"]["versions"].number() == 2);
    rig->let_pass(day_s + 1);
    CHECK(rig->objects()["page"]["versions"].number() == 1);
    CHECK(rig->body("page") == "2");
}

TEST_CASE("new_objects_of_the_prefix_are_replicated_a_while_later") {
    const auto rig = make_buckets();
    REQUIRE(rig->put("a/before", "x").ok());
    const auto set = rig->replicate("on");
    REQUIRE_MESSAGE(set.ok(), set.message());
    CHECK(rig->replicate("on").already_so);
    REQUIRE(rig->put("a/1", "one").ok());
    REQUIRE(rig->put("b/1", "x").ok());
    CHECK(rig->status()["pending"].number() == 1);
    CHECK(rig->status()["oldest_pending_at"].number() == doctest::Approx(wall_now_s()));
    rig->let_pass(15);
    CHECK(rig->look("there")["objects"].map().size() == 1);
    CHECK(rig->look("there")["objects"]["a/1"]["body"].text() == "one");
    CHECK(rig->status()["pending"].number() == 0);
    CHECK((*rig->observe("settings"))["replication"].list()[0]["to"].text() == "storage/there");
    CHECK(rig->rig->undo(set).ok());
    REQUIRE(rig->put("a/2", "two").ok());
    CHECK(rig->status()["pending"].number() == 0);
    CHECK_FALSE((*rig->observe("settings")).has("replication"));
}

TEST_CASE("replication_waits_for_a_bucket_that_does_not_answer") {
    const auto rig = make_buckets();
    REQUIRE(rig->replicate("on").ok());
    rig->control("under-test", "replicates_after", {{"seconds", 60}});
    REQUIRE(rig->put("a/1", "one").ok());
    rig->control("there", "fail");
    rig->let_pass(61);
    CHECK(rig->status()["pending"].number() == 1);
    CHECK(rig->status()["failed"].number() == 0);
    rig->control("there", "recover");
    CHECK(rig->status()["pending"].number() == 0);
    const auto itself = rig->change("set_replication", {{"to", rig->target}, {"state", "on"}});
    CHECK(itself.code() == "bad_argument");
}

TEST_CASE("what_was_replicated_is_not_replicated_back") {
    const auto rig = make_buckets();
    REQUIRE(rig->replicate("on").ok());
    REQUIRE(rig->rig
                ->change("storage/there", "set_replication",
                         {{"to", rig->target}, {"prefix", "a/"}, {"state", "on"}})
                .ok());
    REQUIRE(rig->put("a/1", "one").ok());
    rig->let_pass(20);
    CHECK(rig->look("there")["objects"].map().size() == 1);
    CHECK(rig->rig->observe("storage/there", "replication_status")->map().at("pending") ==
          Value(0));
}

TEST_CASE("a_url_is_shown_without_its_secret") {
    const auto rig = make_buckets();
    const auto url =
        rig->observe("presign", {{"key", "a/1"}, {"method", "PUT"}, {"valid_for", "1h"}});
    REQUIRE(url.ok());
    CHECK(url->text().starts_with("https://under-test.storage.invalid/a/1?method=PUT"));
    const Value shown = rig->look("under-test")["presigned"].list()[0];
    CHECK(shown["key"].text() == "a/1");
    CHECK(shown["ends_at"].number() == doctest::Approx(wall_now_s() + 3600));
}

}  // namespace perilune::test
