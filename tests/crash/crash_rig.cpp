#include "tests/crash/crash_rig.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interpreter/base/json.h"
#include "interpreter/journal/writer.h"

namespace perilune::test {

namespace {

namespace fs = std::filesystem;

constexpr int at_once = 4;

const std::string& programs() {
    static const std::string folder = [] {
        const char* given = std::getenv("PERILUNE_BIN");
        return given ? std::string(given)
                     : fs::read_symlink("/proc/self/exe").parent_path().string();
    }();
    return folder;
}

std::string read_file_at(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::unique_ptr<Store> open_store(const std::string& folder) {
    auto store = Store::open(folder);
    if (!store) throw std::runtime_error(store.error().message);
    return std::move(*store);
}

int run_program(std::vector<std::string> argv, std::vector<std::string> variables,
                const std::string& output, const std::string& errors) {
    for (char** one = environ; *one; ++one)
        if (!std::string(*one).starts_with("PERILUNE_")) variables.emplace_back(*one);
    std::vector<char*> words;
    for (auto& word : argv) words.push_back(word.data());
    words.push_back(nullptr);
    std::vector<char*> names;
    for (auto& name : variables) names.push_back(name.data());
    names.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    constexpr int writing = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), writing, 0600);
    posix_spawn_file_actions_addopen(&actions, 2, errors.c_str(), writing, 0600);
    pid_t pid = 0;
    const int failed =
        ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), names.data());
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("The program " + argv[0] + " could not be started.");
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

CrashWorld::CrashWorld() {
    std::string name = fs::temp_directory_path() / "perilune-crash-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error("There is no temporary folder.");
    folder_ = name;
    write("library/perilune.yaml", "name: crash\nversion: 1.0.0\n");
    environment("");
}

CrashWorld::~CrashWorld() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void CrashWorld::write(const std::string& path, const std::string& text) const {
    fs::create_directories(fs::path(at(path)).parent_path());
    std::ofstream(at(path), std::ios::binary) << text;
}

std::string CrashWorld::read(const std::string& path) const { return read_file_at(at(path)); }

void CrashWorld::body(const std::string& text, const std::string& head) const {
    write("library/runbooks/book.lua",
          "return runbook {\n  summary = \"A case\",\n  targets = {\n"
          "    [\"counting/shop\"] = { \"again\", \"keyed\", \"looked\", \"left\", \"asked\", "
          "\"set\", \"unset\" },\n    [\"http/site\"] = { \"post\", \"put\" },\n  },\n" +
              head + "  run = function(params)\n    local shop, site = counting(\"shop\"), " +
              "http(\"site\")\n" + text + "\n  end,\n}\n");
}

void CrashWorld::environment(const std::string& targets) const {
    const bool site = targets.find("http/site") != std::string::npos;
    write("library/environments/here.yaml",
          "kind: development\ntargets:\n  counting/shop: { driver: folder, folder: ../shop }\n" +
              targets +
              (site ? "" : "  http/site: { driver: http, url: \"http://127.0.0.1:9\" }\n"));
}

Executed CrashWorld::perilune(const std::string& words, const Moment& moment) const {
    std::vector<std::string> argv = {"timeout", "-s", "KILL", "60", programs() + "/perilune-crash"};
    std::istringstream split(words);
    for (std::string word; split >> word;) argv.push_back(word);
    for (const char* one : {"--library", "library", "--state", "state"})
        argv.push_back(one[0] == '-' ? one : at(one));
    std::vector<std::string> variables = {"PERILUNE_CRASH_COUNT=" + at("moments")};
    if (moment.number > 0)
        variables.push_back("PERILUNE_CRASH_AT=" + std::to_string(moment.number));
    if (!moment.name.empty()) variables.push_back("PERILUNE_CRASH_POINT=" + moment.name);
    for (const auto& [name, value] : variables_) variables.push_back(name + "=" + value);
    const std::string base = at("program" + std::to_string(++executed_));
    Executed executed;
    executed.code = run_program(argv, variables, base + ".out", base + ".err");
    executed.output = read_file_at(base + ".out");
    executed.errors = read_file_at(base + ".err");
    return executed;
}

Executed CrashWorld::start(const Moment& moment) const {
    return perilune("run book --environment here --no-input --json --run-id case", moment);
}

Executed CrashWorld::resume(const Moment& moment) const {
    return perilune("resume case --no-input --json", moment);
}

int CrashWorld::count_moments() const {
    start();
    return std::atoi(read("moments").c_str());
}

void CrashWorld::fault(const std::string& name, const std::string& what) const {
    write("shop/fault." + name, what);
}

std::vector<std::string> CrashWorld::act_lines() const {
    std::istringstream lines(read("shop/acts"));
    std::vector<std::string> found;
    for (std::string line; std::getline(lines, line);) found.push_back(line);
    return found;
}

int CrashWorld::acts(const std::string& name) const {
    int found = 0;
    for (const auto& line : act_lines())
        if (line.find(" " + name + " ") != std::string::npos) ++found;
    return found;
}

bool CrashWorld::has_run(const std::string& run) const {
    const auto row = open_store(at("state"))->run(run);
    return row && row->has_value();
}

RunRow CrashWorld::row(const std::string& run) const {
    const auto found = open_store(at("state"))->run(run);
    if (!found || !*found) throw std::runtime_error("There is no run " + run + ".");
    return **found;
}

std::vector<Value> CrashWorld::records(const std::string& run) const {
    const auto rows = open_store(at("state"))->records(run);
    if (!rows) throw std::runtime_error(rows.error().message);
    std::vector<Value> records;
    for (const auto& one : *rows) records.push_back(*from_canonical_json(one.body));
    return records;
}

int CrashWorld::count(const std::string& kind, const std::string& run) const {
    int found = 0;
    for (const auto& record : records(run))
        if (record["kind"].text() == kind) ++found;
    return found;
}

Value CrashWorld::last(const std::string& kind, const std::string& run) const {
    Value found;
    for (const auto& record : records(run))
        if (record["kind"].text() == kind) found = record;
    return found;
}

std::string CrashWorld::broken(const std::string& run) const {
    const auto store = open_store(at("state"));
    const auto found = store->run(run);
    const auto rows = store->records(run);
    if (!found || !*found || !rows) return "The run or its records cannot be read.";
    return verify_chain(*rows, (*found)->head, (*found)->seq);
}

std::string for_each_at_once(int count, const std::function<std::string(int)>& work) {
    std::atomic<int> next = 0;
    std::mutex mutex;
    std::string problems;
    std::vector<std::thread> threads;
    for (int i = 0; i < std::min(count, at_once); ++i)
        threads.emplace_back([&] {
            for (int number = ++next; number <= count; number = ++next) {
                std::string problem;
                try {
                    problem = work(number);
                } catch (const std::exception& thrown) {
                    problem = thrown.what();
                }
                if (problem.empty()) continue;
                const std::lock_guard guard(mutex);
                problems += std::to_string(number) + ": " + problem + "\n";
            }
        });
    for (auto& thread : threads) thread.join();
    return problems;
}

}  // namespace perilune::test
