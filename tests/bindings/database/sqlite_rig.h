// A SQLite target for tests, and the stock sqlite3 program as the other client.
#pragma once

#include <array>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bindings/database/database_rig.h"

namespace perilune::test {

inline std::string read_bytes(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

inline void write_bytes(const std::string& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
}

// Executes SQL with the stock program; gives what it printed, errors included.
inline std::string stock(const std::string& path, const std::string& sql) {
    const std::string command = "sqlite3 '" + path + "' \"" + sql + "\" 2>&1";
    std::FILE* pipe = ::popen(command.c_str(), "re");
    std::string output;
    std::array<char, 4096> piece{};
    while (std::fgets(piece.data(), piece.size(), pipe)) output += piece.data();
    ::pclose(pipe);
    return output;
}

// The stock program with the database open: as an application that runs.
class StockClient {
public:
    explicit StockClient(const std::string& path) {
        int to[2];
        int from[2];
        if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0)
            throw std::runtime_error("pipe2 failed");
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(to[0], 0);
            ::dup2(from[1], 1);
            ::dup2(from[1], 2);
            ::execlp("sqlite3", "sqlite3", "-batch", path.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(to[0]);
        ::close(from[1]);
        input_ = to[1];
        output_ = ::fdopen(from[0], "r");
        send("select 1;");
    }
    ~StockClient() { end(); }
    StockClient(const StockClient&) = delete;
    StockClient& operator=(const StockClient&) = delete;

    // Executes SQL and gives what was printed until it was done.
    std::string send(const std::string& sql) {
        const std::string asked = sql + "\nselect '== done ==';\n";
        if (::write(input_, asked.data(), asked.size()) < 0) return "gone";
        std::string output;
        std::array<char, 4096> piece{};
        while (std::fgets(piece.data(), piece.size(), output_)) {
            if (std::string(piece.data()) == "== done ==\n") return output;
            output += piece.data();
        }
        return output;
    }
    void end() {
        if (pid_ <= 0) return;
        ::close(input_);
        std::fclose(output_);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

private:
    pid_t pid_ = 0;
    int input_ = -1;
    std::FILE* output_ = nullptr;
};

// Opens the database of a folder as "database/under-test".
inline std::unique_ptr<DatabaseRig> open_sqlite(const std::shared_ptr<TemporaryFolder>& folder,
                                                const Map& more = {}) {
    auto made = std::make_unique<DatabaseRig>();
    made->folder = folder;
    made->storage = std::make_shared<MemoryObjects>();
    made->rig = std::make_unique<TargetsRig>(folder->path());
    Map settings = more;
    settings.insert({"path", "app.db"});
    settings.insert({"backups", "storage/backups"});
    settings.insert({"busy_timeout", 0.3});
    settings.insert({"decrypt_with", make_secret(shared_age_key().identity)});
    made->rig->services().open_secret = open_by_name;
    made->rig->add(made->target, database_family, sqlite_kind, settings);
    Family none{.name = "storage", .doc = "", .operations = {}, .records = {}};
    static const Family storage = none;
    made->rig->add("storage/backups", storage, memory_driver(made->storage));
    return made;
}

inline std::string path_of(const DatabaseRig& rig) { return rig.folder->path("app.db"); }

// Makes an empty database with a journal mode.
inline std::unique_ptr<DatabaseRig> make_sqlite(const std::string& journal_mode,
                                                const Map& more = {}) {
    auto made = open_sqlite(std::make_shared<TemporaryFolder>(), more);
    stock(path_of(*made), "pragma journal_mode = " + journal_mode +
                              "; create table made (x); "
                              "drop table made;");
    return made;
}

}  // namespace perilune::test
