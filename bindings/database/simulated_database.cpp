#include "bindings/database/simulated_database.h"

#include "bindings/database/backup_manifest.h"
#include "bindings/database/database.h"
#include "bindings/database/sqlite_tables.h"

namespace perilune {

namespace {

constexpr int rows_shown_max = 100;
// What the server itself is asked for; the other changes need no server that answers.
constexpr std::string_view asks_the_server[] = {
    "execute", "execute_batches", "migrate",  "revert_migrations", "backup",       "snapshot",
    "restore", "clone",           "drop",     "promote",           "rejoin",       "analyze",
    "reindex", "create_index",    "set_pool", "end_sessions",      "set_password", "refresh_views"};

std::unique_ptr<SimulatedTarget> make_database(const Settings& settings, SimulatedWorld& world) {
    return std::make_unique<SimulatedDatabase>(settings, world);
}

std::shared_ptr<SqliteTarget> make_target(const Settings& settings, Services& services,
                                          SimulatedServer& server) {
    auto target = std::make_shared<SqliteTarget>();
    target->target = settings.target;
    target->path = "memory";
    target->folder = settings.folder;
    target->decrypt_with = settings.values["decrypt_with"];
    target->disposable = settings.values["disposable"].boolean();
    target->foreign_keys = settings.values["foreign_keys"].text() != "off";
    target->backups = settings.values["backups"].text();
    target->backups_of = settings.values["backups_of"].text();
    if (target->backups_of.empty()) target->backups_of = settings.target;
    target->services = &services;
    target->memory = &server;
    return target;
}

bool is_ours(const std::string& table) { return table == migrations_table; }

List read_rows(SqliteConnection& connection, const std::string& table) {
    List rows;
    const auto read = connection.each(
        "select * from " + quote_name(table) + " limit " + std::to_string(rows_shown_max), {},
        [&](const SqliteRow& row) {
            Value fields(Map{});
            for (int column = 0; column < row.columns(); ++column)
                fields.set(row.name(column), row.value(column));
            rows.push_back(std::move(fields));
            return Status(Done{});
        });
    if (!read) rows.emplace_back(read.error().message);
    return rows;
}

}  // namespace

SimulatedDatabase::SimulatedDatabase(const Settings& settings, SimulatedWorld& world)
    : settings_(settings),
      world_(world),
      server_(std::make_shared<SimulatedServer>(settings.target)) {}

Driver SimulatedDatabase::make_driver(Services& services) {
    const auto host = std::make_shared<SimulatedHost>();
    host->target = make_target(settings_, services, *server_);
    host->target->files = world_.files;
    host->server = server_;
    host->pace = pace_;
    host->server_of = [this](const std::string& target) -> std::shared_ptr<SimulatedServer> {
        const auto* found = world_.find_as<SimulatedDatabase>(target);
        return found ? found->server() : nullptr;
    };
    Driver driver;
    add_sqlite_reads(driver.operations, host->target);
    add_sqlite_checks(driver.operations, host->target);
    add_sqlite_waits(driver.operations, host->target);
    add_sqlite_execute(driver.operations, host->target);
    add_sqlite_upkeep(driver.operations, host->target);
    add_sqlite_migrations(driver.operations, host->target);
    add_sqlite_backup_list(driver.operations, host->target);
    add_simulated_replica(driver.operations, host);
    add_simulated_fence(driver.operations, host);
    add_simulated_backup(driver.operations, host);
    add_simulated_restore(driver.operations, host);
    add_simulated_upkeep(driver.operations, host);
    add_simulated_views(driver.operations, host);
    add_simulated_records(driver.operations, host);
    for (const auto& name : asks_the_server) {
        Handler& handler = driver.operations.find(name)->second;
        handler =
            refuse_where(std::move(handler), [server = server_] { return server->refusal(); });
    }
    driver.state = host;
    return driver;
}

Value SimulatedDatabase::look() {
    const SimulatedServer& server = *server_;
    Value shown;
    shown.set("role", server.role() == ServerRole::primary ? "primary" : "replica");
    if (settings_.values["disposable"].boolean()) shown.set("disposable", true);
    shown.set("writable", server.writable()).set("reachable", !server.refusal().has_value());
    shown.set("fenced", server.fenced()).set("timeline", server.timeline());
    shown.set("commits", server.commits()).set("absent", server.absent());
    if (server.primary()) {
        shown.set("primary", server.primary()->target()).set("behind_s", server.behind_s());
        shown.set("behind_bytes", server.behind_bytes()).set("connected", server.connected());
    }
    shown.set("pool", server.pool).set("size", server.size);
    shown.set("sessions", static_cast<double>(server.sessions.size()));
    shown.set("slow_queries", server.slow_queries);
    look_at_rows();
    const bool absent = server.absent();
    shown.set("rows", absent ? Value(Map{}) : rows_).set("tables", absent ? Value(Map{}) : tables_);
    List copies;
    for (const auto& entry : server.copies()) copies.push_back(entry.to_value());
    shown.set("copies", std::move(copies));
    List backups;
    if (const auto kept = storage()) {
        const Value objects = (*kept)->look()["objects"];
        for (const auto& [key, object] : objects.map()) {
            const auto manifest = read_manifest(object["body"].text(), "sqlite");
            if (key_of_manifest(key).empty() || !manifest) continue;
            if (manifest->source != settings_.target) continue;
            Value backup;
            backup.set("key", manifest->key).set("at", manifest->at_s);
            backups.push_back(backup.set("state", manifest->state));
        }
    }
    return shown.set("backups", std::move(backups));
}

// The data as it lies there, whoever may reach it. The world is looked at after each effect, and
// most leave a database as it was.
void SimulatedDatabase::look_at_rows() {
    const DatabaseCommit newest = server_->now();
    if (newest.image == looked_at_) return;
    Value counts(Map{});
    Value tables(Map{});
    const auto opened = SqliteConnection::open_image(*newest.image, Access::read, OpenOptions{});
    const auto names = opened ? tables_of(**opened) : Result<std::vector<std::string>>(Error{});
    if (names) {
        for (const auto& name : *names) {
            if (is_ours(name)) continue;
            const auto count = count_rows(**opened, {name});
            if (count) counts.set(name, (*count)[name]);
            tables.set(name, read_rows(**opened, name));
        }
    }
    rows_ = std::move(counts);
    tables_ = std::move(tables);
    looked_at_ = newest.image;
}

constinit const SimulatedKind simulated_database = {.family = "database", .make = make_database};

}  // namespace perilune
