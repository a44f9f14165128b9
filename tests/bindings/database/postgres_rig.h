// A PostgreSQL target for tests, on one server that all tests of the program share.
#pragma once

#include "tests/bindings/database/database_rig.h"
#include "tests/services/postgres.h"

namespace perilune::test {

// Started at its first use, and ended with the program.
inline const PostgresServer& shared_server() {
    static const PostgresServer server;
    return server;
}

// A url as "database/under-test", with a storage target for its backups.
inline std::unique_ptr<DatabaseRig> open_postgres(const std::string& url, const Map& more = {}) {
    auto made = std::make_unique<DatabaseRig>();
    made->folder = std::make_shared<TemporaryFolder>();
    made->storage = std::make_shared<MemoryObjects>();
    made->rig = std::make_unique<TargetsRig>(made->folder->path());
    made->rig->services().open_secret = open_by_name;
    made->rig->services().state_folder = made->folder->path();
    Map settings = more;
    settings.insert({"url", make_secret(url)});
    settings.insert({"backups", "storage/backups"});
    settings.insert({"decrypt_with", make_secret(shared_age_key().identity)});
    made->rig->add(made->target, database_family, postgres_kind, settings);
    static const Family storage{.name = "storage", .doc = "", .operations = {}, .records = {}};
    made->rig->add("storage/backups", storage, memory_driver(made->storage));
    return made;
}

// An empty database of its own.
struct PostgresUnderTest {
    std::string name = shared_server().make_database();
    std::unique_ptr<DatabaseRig> rig;

    explicit PostgresUnderTest(const Map& more = {})
        : rig(open_postgres(shared_server().url(name), more)) {}
    DatabaseRig* operator->() const { return rig.get(); }
    // What another client sees.
    std::string psql(const std::string& sql) const { return shared_server().psql(name, sql); }
};

}  // namespace perilune::test
