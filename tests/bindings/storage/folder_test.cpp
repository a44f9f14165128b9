// The folder driver: the family's suite, and what only a folder has to hold to.
#include <fstream>
#include <set>

#include <sys/stat.h>

#include "tests/bindings/storage/storage_conformance.h"

namespace perilune::test {

namespace {

namespace fs = std::filesystem;

std::unique_ptr<StorageRig> make_folder(const Map& more = {}) {
    const auto folder = std::make_shared<TemporaryFolder>();
    auto made = std::make_unique<StorageRig>();
    made->rig = std::make_unique<TargetsRig>();
    made->other = std::make_shared<MemoryObjects>();
    made->keeps = folder;
    Map settings = more;
    settings.insert({"path", folder->path("root")});
    made->rig->add(made->target, storage_family, folder_kind, settings);
    made->rig->add("storage/other", storage_family, memory_driver(made->other));
    return made;
}

std::string root_of(const StorageRig& rig) {
    return std::static_pointer_cast<TemporaryFolder>(rig.keeps)->path("root");
}

std::string read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void write(const std::string& path, const std::string& bytes) {
    fs::create_directories(fs::path(path).parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

std::size_t files_below(const std::string& path) {
    std::size_t count = 0;
    if (!fs::exists(path)) return 0;
    for (const auto& entry : fs::recursive_directory_iterator(path))
        count += entry.is_regular_file();
    return count;
}

}  // namespace

TEST_CASE("passes_the_storage_conformance_suite") {
    run_storage_conformance([] { return make_folder(); });
}

TEST_CASE("passes_the_storage_conformance_suite_below_a_prefix") {
    run_storage_conformance([] { return make_folder({{"prefix", "team/backups/"}}); });
}

TEST_CASE("declares_exactly_the_operations_it_has") {
    const auto rig = make_folder();
    std::set<std::string> declared(folder_kind.operations.begin(), folder_kind.operations.end());
    std::set<std::string> had;
    for (const auto& [name, handler] : rig->rig->driver(rig->target).operations) had.insert(name);
    CHECK(declared == had);
    for (const auto& name : declared) {
        const Operation* row = storage_family.operation(name);
        REQUIRE(row);
        const Handler& handler = rig->rig->driver(rig->target).operations.at(name);
        CHECK(bool(handler.observe) == (row->effect == Effect::observe));
        CHECK(bool(handler.act) == (row->effect == Effect::change));
        CHECK_FALSE(row->doc.empty());
        for (const auto& parameter : row->used_parameters()) CHECK_FALSE(parameter.doc.empty());
    }
}

TEST_CASE("makes_the_folder_by_the_first_change_and_not_by_looking") {
    const auto rig = make_folder();
    CHECK(rig->observe("list")->list().empty());
    CHECK(rig->observe("versions", {{"prefix", ""}})->list().empty());
    CHECK_FALSE(fs::exists(root_of(*rig)));
    CHECK(rig->change("create_bucket").value()["changed"].boolean());
    CHECK(fs::exists(root_of(*rig)));
    CHECK(rig->change("create_bucket").already_so);
}

TEST_CASE("keeps_current_objects_as_plain_files") {
    const auto rig = make_folder();
    REQUIRE(rig->put("db/2026.dump", "content").ok());
    CHECK(read(root_of(*rig) + "/db/2026.dump") == "content");
    REQUIRE(rig->change("delete", {{"key", "db/2026.dump"}}).ok());
    CHECK_FALSE(fs::exists(root_of(*rig) + "/db"));
}

TEST_CASE("takes_a_file_dropped_in_by_hand_for_an_object_and_keeps_it_when_it_is_replaced") {
    const auto rig = make_folder();
    write(root_of(*rig) + "/by/hand", "mine");
    const auto head = rig->observe("head", {{"key", "by/hand"}});
    CHECK((*head)["digest"].text() == to_hex(sha256("mine")));
    CHECK((*head)["content_type"].text() == "application/octet-stream");
    const std::string version = (*head)["version"].text();
    const auto put = rig->put("by/hand", "ours");
    CHECK(put.value()["previous_version"].text() == version);
    CHECK(rig->rig->undo(put).ok());
    CHECK(read(root_of(*rig) + "/by/hand") == "mine");
}

TEST_CASE("sees_an_edit_by_hand_as_a_new_version_and_undo_refuses_to_pass_over_it") {
    const auto rig = make_folder();
    const auto put = rig->put("page", "ours");
    write(root_of(*rig) + "/page", "edited by hand");
    CHECK(rig->body("page") == "edited by hand");
    CHECK(rig->rig->undo(put).code() == "undo_conflict");
}

TEST_CASE("keeps_version_and_type_of_a_file_that_was_only_touched_or_copied_back") {
    const auto rig = make_folder();
    const auto put =
        rig->change("put", {{"key", "page"}, {"body", "x"}, {"content_type", "text/html"}});
    const std::string path = root_of(*rig) + "/page";
    fs::copy_file(path, path + ".new");
    fs::rename(path + ".new", path);
    const auto head = rig->observe("head", {{"key", "page"}});
    CHECK((*head)["content_type"].text() == "text/html");
    CHECK((*head)["version"] == put.value()["version"]);
}

TEST_CASE("refuses_keys_that_are_no_plain_relative_paths") {
    const auto rig = make_folder();
    for (const std::string& key :
         {std::string(""), std::string("/etc/passwd"), std::string("../x"), std::string("a/../b"),
          std::string("a//b"), std::string("a/"), std::string("."), std::string("a/./b"),
          std::string(".perilune/lock"), std::string("a/.Perilune/x"), std::string("a\0b", 3),
          std::string(300, 'x'), std::string("a/") + std::string(2000, 'b')}) {
        CAPTURE(key);
        CHECK(rig->put(key, "x").code() == "bad_key");
        CHECK(rig->observe("get", {{"key", key}}).error().code == "bad_key");
        CHECK(rig->change("delete", {{"key", key}}).code() == "bad_key");
    }
    CHECK(rig->observe("list", {{"prefix", "../"}}).error().code == "bad_key");
    CHECK_FALSE(fs::exists(root_of(*rig)));
}

TEST_CASE("goes_nowhere_through_symbolic_links") {
    const auto rig = make_folder();
    const auto folder = std::static_pointer_cast<TemporaryFolder>(rig->keeps);
    write(folder->path("outside/secret"), "secret");
    fs::create_directories(root_of(*rig));
    fs::create_directory_symlink(folder->path("outside"), root_of(*rig) + "/link");
    fs::create_symlink(folder->path("outside/secret"), root_of(*rig) + "/file");
    fs::create_symlink("link/../../outside/secret", root_of(*rig) + "/winding");
    for (const char* key : {"link/secret", "file", "winding", "link/new"}) {
        CAPTURE(key);
        CHECK(rig->body(key) != "secret");
        CHECK(rig->put(key, "overwritten").code() == "outside_folder");
        CHECK_FALSE(rig->change("delete", {{"key", key}}).ok());
    }
    CHECK(rig->keys({}).empty());
    CHECK(read(folder->path("outside/secret")) == "secret");
    CHECK_FALSE(fs::exists(folder->path("outside/new")));
}

TEST_CASE("goes_nowhere_through_a_link_in_place_of_its_hidden_folder") {
    const auto rig = make_folder();
    const auto folder = std::static_pointer_cast<TemporaryFolder>(rig->keeps);
    fs::create_directories(folder->path("outside"));
    fs::create_directories(root_of(*rig));
    fs::create_directory_symlink(folder->path("outside"), root_of(*rig) + "/.perilune");
    CHECK_FALSE(rig->put("key", "x").ok());
    CHECK(files_below(folder->path("outside")) == 0);
}

TEST_CASE("says_so_where_a_folder_is_in_the_way_of_an_object_and_the_other_way_round") {
    const auto rig = make_folder();
    REQUIRE(rig->put("a/b", "x").ok());
    CHECK(rig->put("a", "y").code() == "key_conflict");
    CHECK(rig->put("a/b/c", "z").code() == "key_conflict");
    CHECK(rig->body("a/b") == "x");
    CHECK(rig->observe("head", {{"key", "a"}})->is_nil());
}

TEST_CASE("removes_what_a_dead_host_left_half_written") {
    const auto rig = make_folder();
    REQUIRE(rig->put("key", "x").ok());
    write(root_of(*rig) + "/.perilune/incoming/half", "half");
    CHECK(rig->change("abort_uploads", {{"older_than", "1h"}}).already_so);
    CHECK(rig->change("abort_uploads", {{"older_than", 0}}).value()["uploads"].number() == 1);
    CHECK(files_below(root_of(*rig) + "/.perilune/incoming") == 0);
    CHECK(rig->body("key") == "x");
}

TEST_CASE("lets_old_versions_go_when_their_time_is_over") {
    const auto rig = make_folder();
    REQUIRE(rig->put("key", "1").ok());
    REQUIRE(rig->put("key", "2").ok());
    CHECK(rig->observe("versions", {{"key", "key"}})->list().size() == 2);
    const Map settings = {{"state", "on"}, {"keep_old_for", 1e-9}};
    CHECK(rig->change("set_versioning", settings).ok());
    REQUIRE(rig->put("key", "3").ok());
    // The first was replaced before, the second just now: both are over by then.
    CHECK(rig->observe("versions", {{"key", "key"}})->list().size() <= 2);
    REQUIRE(rig->put("key", "4").ok());
    const auto versions = rig->observe("versions", {{"key", "key"}});
    for (const auto& version : versions->list())
        CHECK(version["digest"].text() != to_hex(sha256("1")));
}

TEST_CASE("reports_a_damaged_record_by_its_name") {
    const auto rig = make_folder();
    REQUIRE(rig->put("key", "x").ok());
    for (const auto& entry :
         fs::recursive_directory_iterator(root_of(*rig) + "/.perilune/versions"))
        if (entry.path().extension() == ".json") std::ofstream(entry.path()) << "{";
    const auto head = rig->observe("head", {{"key", "key"}});
    CHECK(head.error().code == "damaged");
    CHECK(head.error().message.find(".json") != std::string::npos);
}

}  // namespace perilune::test
