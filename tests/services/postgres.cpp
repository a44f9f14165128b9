#include "tests/services/postgres.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>

#include <pwd.h>
#include <unistd.h>

namespace perilune::test {

namespace {

namespace fs = std::filesystem;

constexpr const char* system_user = "postgres";

// The newest version's programs; Debian keeps each version's in a folder of its own.
std::string programs() {
    std::string newest;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", code))
        if (fs::exists(entry.path() / "bin/postgres", code))
            newest = std::max(newest, (entry.path() / "bin").string());
    return newest;
}

// The command line that executes a program as the server's user.
std::vector<std::string> as_server(std::vector<std::string> argv) {
    argv[0] = postgres_program(argv[0]);
    if (::geteuid() != 0) return argv;
    // Another user means that the kernel forgets to end it with the test, unless it is told again.
    std::vector<std::string> all = {"setpriv",     "--reuid",   system_user,
                                    "--regid",     system_user, "--init-groups",
                                    "--pdeathsig", "KILL",      "--"};
    all.insert(all.end(), argv.begin(), argv.end());
    return all;
}

void must(const std::string& what, const ProgramEnd& ended) {
    if (ended.code != 0) throw std::runtime_error(what + ": " + ended.output);
}

void give_to_server(const std::string& path) {
    if (::geteuid() != 0) return;
    const passwd* user = ::getpwnam(system_user);
    if (!user || ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("The folder of a PostgreSQL server cannot be given to its user.");
}

// Kills the processes that work in a folder; false where there are none.
bool kill_all_in(const std::string& folder) {
    bool found = false;
    std::error_code code;
    for (const auto& entry : fs::directory_iterator("/proc", code)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        if (fs::read_symlink(entry.path() / "cwd", code) != folder) continue;
        ::kill(std::stoi(name), SIGKILL);
        found = true;
    }
    return found;
}

std::string percent_encoded(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == ' ' ? "%20" : c == '\'' ? "%27" : std::string(1, c);
    return out;
}

}  // namespace

std::string postgres_program(const std::string& name) { return programs() + "/" + name; }

bool has_postgres() {
    return has_program(programs().empty() ? "/usr/lib/postgresql/15/bin/postgres"
                                          : postgres_program("postgres"));
}

PostgresServer::PostgresServer(const Options& options) {
    give_to_server(folder_.path());
    data_ = folder_.at("data");
    folder_.write("password", std::string(superuser_password) + "\n", 0600);
    give_to_server(folder_.at("password"));
    must("initdb", run_to_end(as_server({"initdb", "-D", data_, "-U", superuser, "--auth",
                                         "scram-sha-256", "--pwfile", folder_.at("password"), "-E",
                                         "UTF8", "--locale", "C.UTF-8", "--no-sync"})));
    write_settings(options);
    start();
}

PostgresServer::PostgresServer(const PostgresServer& primary, Copy) {
    give_to_server(folder_.path());
    data_ = folder_.at("data");
    must("pg_basebackup",
         run_to_end(as_server({"pg_basebackup", "-d", primary.url("postgres"), "-D", data_, "-R",
                               "--checkpoint=fast", "--no-sync"})));
    write_settings({});
    start();
}

std::unique_ptr<PostgresServer> PostgresServer::make_replica(const PostgresServer& primary) {
    return std::unique_ptr<PostgresServer>(new PostgresServer(primary, Copy{}));
}

PostgresServer::~PostgresServer() { kill(); }

void PostgresServer::write_settings(const Options& options) {
    std::string text = "port = " + std::to_string(port_) +
                       "\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '" +
                       folder_.path() +
                       "'\nfsync = off\nsynchronous_commit = on\nwal_log_hints = on\n"
                       "max_connections = 40\nmax_prepared_transactions = 4\n"
                       "wal_keep_size = '128MB'\nwal_receiver_timeout = '5s'\n"
                       "wal_receiver_status_interval = '1s'\nautovacuum_naptime = '1d'\n"
                       "lc_messages = 'C'\n" +
                       options.settings + "\n";
    if (!options.certificate.empty()) {
        folder_.write("server.crt", options.certificate, 0644);
        folder_.write("server.key", options.key, 0600);
        give_to_server(folder_.at("server.key"));
        text += "ssl = on\nssl_cert_file = '" + folder_.at("server.crt") + "'\nssl_key_file = '" +
                folder_.at("server.key") + "'\n";
    }
    folder_.write("data/conf.d.conf", text);
    give_to_server(folder_.at("data/conf.d.conf"));
    const std::string own = folder_.read("data/postgresql.conf");
    if (own.find("conf.d.conf") == std::string::npos)
        folder_.write("data/postgresql.conf", own + "\ninclude 'conf.d.conf'\n", 0600);
    give_to_server(folder_.at("data/postgresql.conf"));
}

void PostgresServer::start() {
    service_.start(as_server({"postgres", "-D", data_}), [this] { return accepts_connections(); });
}

bool PostgresServer::accepts_connections() const {
    return run_to_end({postgres_program("pg_isready"), "-q", "-h", "127.0.0.1", "-p",
                       std::to_string(port_)})
               .code == 0;
}

void PostgresServer::stop() {
    run_to_end(as_server({"pg_ctl", "-D", data_, "-m", "fast", "-w", "stop"}));
    service_.stop();
}

// Its children are groups of their own, and one cannot start again before all of them are gone.
void PostgresServer::kill() {
    service_.kill();
    while (kill_all_in(data_)) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

std::string PostgresServer::log() const { return service_.log(); }

std::string PostgresServer::url(const std::string& database, const std::string& user,
                                const std::string& password) const {
    return "postgresql://" + user + ":" + percent_encoded(password) +
           "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

std::string PostgresServer::psql(const std::string& database, const std::string& sql,
                                 const std::string& user) const {
    std::string printed =
        run_to_end({postgres_program("psql"), "-X", "-A", "-t", "-q", "-d", url(database, user)},
                   {{"PGCONNECT_TIMEOUT", "5"}}, sql)
            .output;
    while (!printed.empty() && printed.back() == '\n') printed.pop_back();
    return printed;
}

std::string PostgresServer::make_database() const {
    static std::atomic<int> made = 0;
    const std::string name = "test_" + std::to_string(::getpid()) + "_" + std::to_string(++made);
    const std::string said = psql("postgres", "create database " + name);
    if (!said.empty()) throw std::runtime_error("A database could not be made: " + said);
    return name;
}

}  // namespace perilune::test
