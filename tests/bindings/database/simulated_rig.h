// Simulated databases for tests: several servers of one world, and a bucket for their backups.
#pragma once

#include "bindings/storage/storage.h"
#include "tests/bindings/database/database_rig.h"
#include "tests/bindings/storage/simulated_rig.h"

namespace perilune::test {

struct SimulatedDatabaseRig : DatabaseRig {
    std::shared_ptr<ClockedWorld> clocked = std::make_shared<ClockedWorld>();

    SimulatedWorld& world() { return clocked->world; }
    Value look(const std::string& name = "under-test") {
        return world().find("database/" + name)->look();
    }
    Result<Value> control(const std::string& name, const Map& arguments = {}) {
        return control_of("under-test", name, arguments);
    }
    Result<Value> control_of(const std::string& database, const std::string& name,
                             const Map& arguments = {}) {
        return world().find("database/" + database)->control(name, Value(arguments));
    }
    double rows(const std::string& table, const std::string& name = "under-test") {
        const Value found = look(name)["rows"][table];
        return found.is_nil() ? -1 : found.number();
    }
    void add(const std::string& name, const Map& more = {}) {
        Map settings = more;
        settings.insert({"backups", "storage/backups"});
        settings.insert({"decrypt_with", make_secret(shared_age_key().identity)});
        rig->services().open_secret = open_by_name;
        const Settings given{
            .target = "database/" + name, .values = Value(settings), .folder = folder->path()};
        world().add(given.target, simulated_database.make(given, world()));
        rig->add(given.target, database_family, *world().driver_of(given.target, rig->services()));
    }
    // A simulated bucket in place of the rig's own storage.
    void add_bucket() {
        add_simulated(*rig, world(), "storage/backups", storage_family, simulated_storage);
    }
    Change change_of(const std::string& database, const std::string& operation,
                     const Map& arguments = {}) {
        return rig->change("database/" + database, operation, arguments);
    }
    Result<Value> observe_of(const std::string& database, const std::string& operation,
                             const Map& arguments = {}) {
        return rig->observe("database/" + database, operation, arguments);
    }
    void add_fault(SimulatedFault::Kind kind, const std::string& operation,
                   const std::string& name = "under-test") {
        world().add_fault({.kind = kind, .target = "database/" + name, .operation = operation});
    }
    void pass(double seconds) { perilune::test::pass(*rig, seconds); }
};

inline std::unique_ptr<SimulatedDatabaseRig> make_simulated_database(const Map& settings = {}) {
    static const Family storage = {.name = "storage", .doc = "", .operations = {}, .records = {}};
    auto made = std::make_unique<SimulatedDatabaseRig>();
    made->folder = std::make_shared<TemporaryFolder>();
    made->storage = std::make_shared<MemoryObjects>();
    made->rig = make_simulated_rig(made->clocked, made->folder->path());
    made->rig->add("storage/backups", storage, memory_driver(made->storage));
    made->add("under-test", settings);
    return made;
}

}  // namespace perilune::test
