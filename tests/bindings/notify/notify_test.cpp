// The notify drivers console and file: the suite, and what each shows and keeps.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "bindings/notify/notify.h"
#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "tests/support/notify_conformance.h"
#include "tests/support/temporary_folder.h"

namespace perilune::test {

namespace {

// Lets this process make files of at most so many bytes while it lives.
class FileSizeLimit {
public:
    explicit FileSizeLimit(std::uintmax_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &old_);
        const rlimit limit = {.rlim_cur = bytes, .rlim_max = old_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &old_);
        std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

private:
    rlimit old_{};
    void (*handler_)(int);
};

std::vector<Value> lines_of(const std::string& path) {
    std::vector<Value> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);)
        if (auto read = from_json(line)) lines.push_back(std::move(*read));
    return lines;
}

struct FileChannel {
    FileChannel() : rig(notify_family, notify_file_kind, "notify/oncall") {
        rig.folder = folder.path();
        REQUIRE(rig.make(fields("path", "log/oncall.jsonl")).ok());
    }
    void append(const std::string& text) const { std::ofstream(path, std::ios::app) << text; }
    TemporaryFolder folder;
    std::string path = folder.path() + "/log/oncall.jsonl";
    DriverRig rig;
};

Value opening(const std::string& key) {
    return fields("key", key, "summary", "down", "severity", "critical");
}

}  // namespace

TEST_CASE("file_conforms_to_the_notify_family") {
    check_notify_conformance([] {
        const auto folder = std::make_shared<TemporaryFolder>();
        const auto rig =
            std::make_shared<DriverRig>(notify_family, notify_file_kind, "notify/oncall");
        const std::string path = folder->path() + "/oncall.jsonl";
        REQUIRE(rig->make(fields("path", path)).ok());
        return NotifySubject{.rig = rig,
                             .count = [path] { return lines_of(path).size(); },
                             .break_channel = [path] { std::filesystem::create_directory(path); },
                             .channel = folder};
    });
}

TEST_CASE("console_conforms_to_the_notify_family") {
    check_notify_conformance([] {
        const auto rig =
            std::make_shared<DriverRig>(notify_family, notify_console_kind, "notify/oncall");
        REQUIRE(rig->make(fields("prefix", "!")).ok());
        return NotifySubject{.rig = rig,
                             .count = [rig] { return rig->printed.size(); },
                             .break_channel =
                                 [rig] {
                                     rig->break_console();
                                     REQUIRE(rig->make(fields()).ok());
                                 },
                             .channel = nullptr};
    });
}

TEST_CASE("prints_one_line_without_control_bytes") {
    DriverRig rig(notify_family, notify_console_kind, "notify/oncall");
    REQUIRE(rig.make(fields()).ok());
    REQUIRE(rig.change("send", fields("text", "\x1b[2Jgone\nFAKE: done\x07 \xc2\x9bm é", "title",
                                      "Note", "severity", "warning"))
                .done());
    REQUIRE(rig.printed.size() == 1);
    CHECK(rig.printed[0] == "[notify/oncall] WARNING: Note – ?[2Jgone | FAKE: done? ?m é");
    REQUIRE(rig.change("open", opening("outage")).done());
    CHECK(rig.printed[1] == "[notify/oncall] CRITICAL outage opened: down");
}

TEST_CASE("appends_one_json_line_a_message") {
    FileChannel channel;
    REQUIRE(channel.rig
                .change("send",
                        fields("text", "line one\nline two", "links",
                               List{Value("https://status.example")}),
                        "intent-1")
                .done());
    REQUIRE(channel.rig.change("open", opening("outage"), "intent-2").done());
    const auto lines = lines_of(channel.path);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0]["kind"].text() == "sent");
    CHECK(lines[0]["text"].text() == "line one\nline two");
    CHECK(lines[0]["intent"].text() == "intent-1");
    CHECK(lines[0]["at"].number() > 1.7e9);
    CHECK_FALSE(lines[0].has("on_undelivered"));
    CHECK(lines[1]["kind"].text() == "opened");
    CHECK(lines[1]["severity"].text() == "critical");
    struct stat info {};
    REQUIRE(::stat(channel.path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0640);
}

TEST_CASE("writes_no_second_line_when_a_call_is_made_again") {
    FileChannel channel;
    const std::vector<std::pair<std::string, Value>> calls = {
        {"open", opening("outage")},
        {"update", fields("key", "outage", "text", "more")},
        {"send", fields("text", "hello")},
        {"acknowledge", fields("key", "outage")},
        {"set_component", fields("component", "api", "state", "degraded")},
        {"schedule_maintenance",
         fields("key", "move", "starts_at", 2000000000, "ends_at", 2000003600, "text", "moving")},
        {"end_maintenance", fields("key", "move")},
        {"resolve", fields("key", "outage", "text", "over")}};
    std::size_t wanted = 0;
    for (const auto& [operation, arguments] : calls) {
        CAPTURE(operation);
        const std::string key = "intent-" + operation;
        CHECK(channel.rig.look(operation, arguments, key).kind == Sighting::Kind::did_not);
        const Changed made = channel.rig.change(operation, arguments, key);
        REQUIRE(made.done());
        CHECK(made.outcome.value["changed"].boolean());
        REQUIRE(channel.rig.change(operation, arguments, key).done());
        CHECK(lines_of(channel.path).size() == ++wanted);
        CHECK(channel.rig.look(operation, arguments, key).kind == Sighting::Kind::happened);
    }
}

TEST_CASE("knows_an_acknowledgement_that_a_person_appended") {
    FileChannel channel;
    REQUIRE(channel.rig.change("open", opening("outage")).done());
    std::thread person(
        [&] { channel.append("{\"kind\":\"acknowledged\",\"key\":\"outage\",\"by\":\"sam\"}\n"); });
    const auto taken =
        channel.rig.observe("wait_acknowledged", fields("key", "outage", "within", "20s"));
    person.join();
    REQUIRE(taken.ok());
    CHECK((*taken)["acknowledged_by"].text() == "sam");
    CHECK_FALSE(taken->has("acknowledged_at"));
}

TEST_CASE("reads_on_past_a_torn_line_and_a_slip") {
    FileChannel channel;
    REQUIRE(channel.rig.change("open", opening("outage")).done());
    channel.append("not json at all\n[1,2]\n{\"kind\":\"resolved\",\"key\":\"out");
    CHECK((*channel.rig.observe("status", fields("key", "outage")))["state"].text() == "open");
    REQUIRE(channel.rig.change("update", fields("key", "outage", "text", "still")).done());
    const auto lines = lines_of(channel.path);
    REQUIRE_FALSE(lines.empty());
    CHECK(lines.back()["kind"].text() == "updated");
}

TEST_CASE("opens_an_incident_anew_after_it_was_resolved") {
    FileChannel channel;
    REQUIRE(channel.rig.change("open", opening("outage"), "first").done());
    REQUIRE(channel.rig.change("resolve", fields("key", "outage", "text", "over")).done());
    const Changed again = channel.rig.change("open", opening("outage"), "second");
    CHECK(again.outcome.value["changed"].boolean());
    CHECK(again.outcome.value["id"].text() == "second");
    CHECK((*channel.rig.observe("status", fields("key", "outage")))["state"].text() == "open");
}

TEST_CASE("takes_a_maintenance_back") {
    FileChannel channel;
    const Value wish =
        fields("key", "move", "starts_at", 2000000000, "ends_at", 2000003600, "text", "moving");
    const Changed made = channel.rig.change("schedule_maintenance", wish);
    REQUIRE(made.done());
    const Changed again = channel.rig.change("schedule_maintenance", wish);
    CHECK_FALSE(again.acted);
    CHECK(again.before.state == made.outcome.after);
    const Changed undone = channel.rig.undo("schedule_maintenance", wish, made);
    CHECK(undone.outcome.value["changed"].boolean());
    CHECK(lines_of(channel.path).back()["kind"].text() == "maintenance_ended");
    const Changed ended = channel.rig.change("end_maintenance", fields("key", "move"));
    CHECK_FALSE(ended.outcome.value["changed"].boolean());
    const Value backwards =
        fields("key", "move", "starts_at", 2000003600, "ends_at", 2000000000, "text", "moving");
    CHECK(channel.rig.change("schedule_maintenance", backwards).kind() == "refused bad_argument");
}

TEST_CASE("opens_one_incident_where_two_runs_open_it_at_once") {
    TemporaryFolder folder;
    const std::string path = folder.path() + "/oncall.jsonl";
    std::vector<std::thread> runs;
    for (int run = 0; run < 4; ++run)
        runs.emplace_back([&, run] {
            DriverRig rig(notify_family, notify_file_kind, "notify/oncall");
            if (!rig.make(fields("path", path)).ok()) return;
            for (int i = 0; i < 10; ++i) {
                const std::string intent = std::to_string(run) + "-" + std::to_string(i);
                rig.change("open", opening("outage-" + std::to_string(i)), intent);
                rig.change("send", fields("text", std::string(5000, 'x')), intent + "-send");
            }
        });
    for (auto& run : runs) run.join();
    std::size_t opened = 0;
    for (const auto& line : lines_of(path)) opened += line["kind"].text() == "opened";
    CHECK(opened == 10);
    CHECK(lines_of(path).size() == 50);
}

TEST_CASE("leaves_no_piece_of_a_line_where_the_disk_is_full") {
    // The limit on a file's size stands for a full disk: a write stops in the middle.
    FileChannel channel;
    REQUIRE(channel.rig.change("open", opening("outage")).done());
    const auto size_before = std::filesystem::file_size(channel.path);
    Changed failed;
    {
        const FileSizeLimit limit(size_before + 100);
        failed = channel.rig.change("send", fields("text", std::string(5000, 'x')), "full");
    }
    CHECK_FALSE(failed.outcome.value["delivered"].boolean());
    CHECK(failed.outcome.value["error"]["code"].text() == "file_failed");
    CHECK(std::filesystem::file_size(channel.path) == size_before);
}

}  // namespace perilune::test
