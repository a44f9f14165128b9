// A database driver under test, with shorthands and a storage target for its backups.
#pragma once

#include <fstream>
#include <functional>
#include <memory>

#include <doctest/doctest.h>

#include "bindings/database/database.h"
#include "interpreter/base/json.h"
#include "tests/bindings/storage/memory_objects.h"
#include "tests/bindings/storage/targets_rig.h"
#include "tests/services/age.h"

namespace perilune::test {

struct DatabaseRig {
    virtual ~DatabaseRig() = default;
    std::unique_ptr<TargetsRig> rig;
    std::string target = "database/under-test";
    std::shared_ptr<MemoryObjects> storage;   // The target "storage/backups".
    std::shared_ptr<TemporaryFolder> folder;  // Relative folders of migrations start here.
    std::shared_ptr<void> keeps;              // What must live as long as the driver.

    bool has(const std::string& operation) { return rig->has(target, operation); }
    Result<Value> observe(const std::string& operation, const Map& arguments = {}) {
        return rig->observe(target, operation, arguments);
    }
    Change change(const std::string& operation, const Map& arguments = {}) {
        return rig->change(target, operation, arguments);
    }
    Change execute(const std::string& sql, const List& parameters = {}) {
        Map arguments = {{"sql", sql}};
        if (!parameters.empty()) arguments["parameters"] = parameters;
        return change("execute", arguments);
    }
    // A query's rows as JSON, or its error's code.
    std::string query(const std::string& sql, const List& parameters = {}) {
        Map arguments = {{"sql", sql}};
        if (!parameters.empty()) arguments["parameters"] = parameters;
        const auto rows = observe("query", arguments);
        return rows.ok() ? to_json(*rows) : rows.error().code;
    }
    double count(const std::string& table) {
        const auto counts = observe("counts", {{"tables", List{table}}});
        return counts.ok() ? (*counts)[table].number() : -1;
    }
    std::string digest(const std::string& table) {
        const auto digests = observe("digests", {{"tables", List{table}}});
        return digests.ok() ? (*digests)[table].text() : digests.error().code;
    }
    Change backup(const std::string& key, const Map& more = {}) {
        Map arguments = more;
        arguments.insert({"to", "storage/backups"});
        arguments.insert({"key", key});
        return change("backup", arguments);
    }
    std::string id(const std::string& key) { return "storage/backups:" + key; }
    void write_migration(const std::string& name, const std::string& sql) {
        std::filesystem::create_directories(folder->path("migrations"));
        std::ofstream(folder->path("migrations/" + name)) << sql;
    }
    // A table with a few rows of every portable kind.
    void fill() {
        std::string sql = "create table items (id integer primary key, name text, size integer);";
        for (const std::string i : {"1", "2", "3", "4", "5"})
            sql += "insert into items values (" + i + ", 'item " + i + "', " + i + "0);";
        REQUIRE(execute(sql).ok());
    }
};

// A secret whose name is what it holds, as long as the rig opens secrets so.
inline Result<std::string> open_by_name(const Value& secret) {
    return secret.is_secret() ? secret.secret()->pieces.at(0).name : secret.text();
}

// Makes the driver with an empty database.
using MakeDatabase = std::function<std::unique_ptr<DatabaseRig>()>;

}  // namespace perilune::test
