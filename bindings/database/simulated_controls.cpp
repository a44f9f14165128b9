// What a test does to a simulated database from outside: other clients, failures, and backups that
// are old or damaged.
#include <algorithm>

#include "bindings/database/backup_stream.h"
#include "bindings/database/simulated_database.h"
#include "bindings/database/sqlite_transfer.h"
#include "interpreter/base/digest.h"
#include "interpreter/base/loop.h"

namespace perilune {

namespace {

// Takes a dump whole.
class TextSink final : public ByteSink {
public:
    Status write(std::string_view bytes) override {
        text.append(bytes);
        return Done{};
    }
    Result<Value> commit() override { return Value(); }
    void abandon() override {}
    std::string text;
};

Value put_of(const std::string& key, const std::string& body) {
    return Value().set("key", key).set("body", body);
}

ServerSession session_of(const Value& arguments, std::size_t number) {
    ServerSession session;
    session.id = std::to_string(number);
    session.user = arguments["user"].text();
    session.client = arguments["client"].text();
    session.sql = arguments["sql"].text();
    session.state = session.sql.empty() ? "idle" : "active";
    session.since_at_s = wall_now_s();
    return session;
}

}  // namespace

std::vector<std::string_view> SimulatedDatabase::controls() const {
    return {"execute",
            "replicate",
            "fail",
            "recover",
            "isolate",
            "damage",
            "lose",
            "backup",
            "connect",
            "pace",
            "history",
            "corrupt_backup",
            "truncate_backup",
            "age_backup",
            "materialize",
            "slow_query",
            "log"};
}

Result<Value> SimulatedDatabase::control(std::string_view name, const Value& arguments) {
    const auto known = controls();
    if (std::find(known.begin(), known.end(), name) == known.end())
        return unknown_control(name, known);
    Status done = Done{};
    if (name == "execute") return execute(arguments);
    if (name == "replicate") done = replicate(arguments);
    if (name == "fail" || name == "recover") server_->set_answers(name == "recover");
    if (name == "isolate" || name == "recover") server_->set_isolated(name == "isolate");
    if (name == "damage") server_->damage(arguments["table"].text());
    if (name == "lose") server_->drop();
    if (name == "log") note_log(*server_, arguments);
    if (name == "slow_query") done = note_slow_query(*server_, arguments);
    if (name == "materialize") done = materialize_view(arguments);
    if (name == "history") server_->keep_history_for(arguments["seconds"].number());
    if (name == "pace") {
        if (arguments.has("backup")) pace_->backup_s = arguments["backup"].number();
        if (arguments.has("restore")) pace_->restore_s = arguments["restore"].number();
    }
    if (name == "connect") server_->sessions.push_back(session_of(arguments, ++sessions_));
    if (name == "backup") done = back_up(arguments);
    if (name == "corrupt_backup") done = spoil_backup("corrupt", arguments);
    if (name == "truncate_backup") done = spoil_backup("truncate", arguments);
    if (name == "age_backup") done = age_backup(arguments);
    if (!done) return done.error();
    return Value();
}

// As another client does, who may reach a server that the host does not.
Result<Value> SimulatedDatabase::execute(const Value& arguments) {
    const auto opened = server_->connect(Access::write, OpenOptions{.target = settings_.target});
    if (!opened) return opened.error();
    const double before = (*opened)->changed_rows();
    const auto executed = (*opened)->execute(arguments["sql"].text());
    if (!executed) return executed.error();
    return Value().set("rows", (*opened)->changed_rows() - before);
}

Status SimulatedDatabase::materialize_view(const Value& arguments) {
    const auto opened = server_->connect(Access::write, OpenOptions{.target = settings_.target});
    if (!opened) return opened.error();
    return materialize(**opened, arguments["view"].text(), arguments["sql"].text());
}

Status SimulatedDatabase::replicate(const Value& arguments) {
    const std::string from = arguments["from"].text();
    const auto* primary = world_.find_as<SimulatedDatabase>(from);
    if (!primary || primary == this)
        return fail("no_such_target", settings_.target + " is to replicate \"" + from +
                                          "\", which is no other database of this world.");
    for (const SimulatedServer* above = primary->server().get(); above; above = above->primary())
        if (above == server_.get())
            return fail("bad_argument", from + " follows " + settings_.target + " already.");
    server_->follow(primary->server(), arguments["behind"].number());
    return Done{};
}

Result<SimulatedTarget*> SimulatedDatabase::storage() const {
    const std::string name = settings_.values["backups"].text();
    if (SimulatedTarget* found = world_.find(name)) return found;
    return fail("no_such_target", settings_.target + " has no storage target for its backups: " +
                                      "its setting `backups` names none of this world.");
}

// A backup that somebody else's schedule made, `age` seconds ago.
Status SimulatedDatabase::back_up(const Value& arguments) {
    const auto kept = storage();
    if (!kept) return kept.error();
    const DatabaseCommit newest = server_->now();
    const std::string& image = *newest.image;
    const auto opened = SqliteConnection::open_image(image, Access::read, OpenOptions{});
    if (!opened) return opened.error();
    BackupManifest manifest;
    manifest.engine = "sqlite";
    manifest.state = "complete";
    manifest.source = settings_.target;
    manifest.key = arguments["key"].text();
    manifest.compression = "zstd";
    manifest.at_s = wall_now_s() - arguments["age"].number();
    if (const auto described = describe_dump(**opened, manifest); !described) return described;
    TextSink sink;
    DumpWriter writer(sink, manifest, BackupKeys{},
                      StreamWatch{[] { return std::nullopt; }, [](const auto&) {}});
    Status written = writer.write(image);
    if (written) written = writer.finish();
    if (!written) return written;
    const auto stored = (*kept)->control("put", put_of(manifest.key, sink.text));
    if (!stored) return stored.error();
    const std::string beside = manifest_key(manifest.key);
    const auto noted = (*kept)->control("put", put_of(beside, write_manifest(manifest)));
    if (!noted) return noted.error();
    return Done{};
}

Status SimulatedDatabase::spoil_backup(std::string_view control, const Value& arguments) {
    const auto kept = storage();
    if (!kept) return kept.error();
    const auto spoilt = (*kept)->control(control, arguments);
    if (!spoilt) return spoilt.error();
    return Done{};
}

// Makes it show a moment `by` seconds earlier.
Status SimulatedDatabase::age_backup(const Value& arguments) {
    const auto kept = storage();
    if (!kept) return kept.error();
    const std::string beside = manifest_key(arguments["key"].text());
    const Value noted = (*kept)->look()["objects"][beside];
    auto manifest = read_manifest(noted["body"].text(), "sqlite");
    if (!manifest) return manifest.error();
    manifest->at_s -= arguments["by"].number();
    const auto put = (*kept)->control("put", put_of(beside, write_manifest(*manifest)));
    if (!put) return put.error();
    return Done{};
}

}  // namespace perilune
