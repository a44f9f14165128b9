#include "tests/services/service.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

namespace perilune::test {

namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr auto start_within = std::chrono::seconds(20);
constexpr auto stop_within = std::chrono::seconds(5);
constexpr auto look_every = std::chrono::milliseconds(20);
constexpr int port_first = 20000;
constexpr int port_last = 32000;

int bind_port(int kind, int port) {
    const int fd = ::socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
    ::close(fd);
    return -1;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> all;
    for (auto& word : words) all.push_back(word.data());
    all.push_back(nullptr);
    return all;
}

// This process's environment with other settings.
std::vector<std::string> settings_with(const std::map<std::string, std::string>& others) {
    std::vector<std::string> all;
    for (char** each = environ; *each; ++each)
        if (const std::string setting = *each;
            !others.contains(setting.substr(0, setting.find('='))))
            all.push_back(setting);
    for (const auto& [name, value] : others) all.push_back(name + "=" + value);
    return all;
}

// Starts a program as a group of its own that is killed with the thread that started it. By
// posix_spawn: a child of fork may wait forever for what another thread of the test has locked, and
// would hold the test's own output open. A program that is not there ends with 127.
int spawn(const std::vector<std::string>& argv, const std::map<std::string, std::string>& others,
          int input, int output) {
    std::vector<std::string> words = {"setpriv", "--pdeathsig", "KILL", "--"};
    words.insert(words.end(), argv.begin(), argv.end());
    std::vector<std::string> settings = settings_with(others);
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    // Every signal as a shell would start it: of its own two, glibc would else leave them ignored.
    sigset_t all;
    std::memset(&all, 0xff, sizeof all);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    pid_t pid = -1;
    const int failed_with = ::posix_spawnp(&pid, words[0].c_str(), &actions, &attributes,
                                           pointers(words).data(), pointers(settings).data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    ::close(input);
    ::close(output);
    if (failed_with != 0) throw std::runtime_error(argv[0] + ": " + std::strerror(failed_with));
    return pid;
}

}  // namespace

bool has_program(const std::string& program) {
    std::istringstream folders("/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin:" +
                               std::string(std::getenv("PATH") ? std::getenv("PATH") : ""));
    for (std::string folder; std::getline(folders, folder, ':');)
        if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
    if (program.starts_with("/") && ::access(program.c_str(), X_OK) == 0) return true;
    const char* ci = std::getenv("CI");
    if (ci && std::string(ci) == "true") FAIL_CHECK(program << " is not installed");
    MESSAGE("skipped: " << program << " is not installed");
    return false;
}

ServiceFolder::ServiceFolder() {
    path_ = fs::temp_directory_path() / "perilune-service-XXXXXX";
    if (!::mkdtemp(path_.data())) throw std::runtime_error("There is no temporary folder.");
}

ServiceFolder::~ServiceFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void ServiceFolder::write(const std::string& name, const std::string& text, int mode) const {
    fs::create_directories(fs::path(at(name)).parent_path());
    std::ofstream(at(name), std::ios::binary) << text;
    ::chmod(at(name).c_str(), static_cast<mode_t>(mode));
}

std::string ServiceFolder::read(const std::string& name) const {
    std::ifstream file(at(name), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// Below the range from which the kernel takes ports for connections: between the look here and the
// server's own bind, no connection can take it, and none can be made to itself.
int free_port() {
    static std::mt19937 random{std::random_device{}()};
    for (int tries = 0; tries < 100; ++tries) {
        const int port = std::uniform_int_distribution(port_first, port_last)(random);
        const int udp = bind_port(SOCK_DGRAM, port);
        const int tcp = bind_port(SOCK_STREAM, port);
        if (udp >= 0) ::close(udp);
        if (tcp >= 0) ::close(tcp);
        if (udp >= 0 && tcp >= 0) return port;
    }
    throw std::runtime_error("There is no free port.");
}

bool accepts(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const bool well = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return well;
}

ProgramEnd run_to_end(const std::vector<std::string>& argv,
                      const std::map<std::string, std::string>& environment,
                      const std::string& input) {
    const ServiceFolder folder;
    folder.write("input", input);
    const int in = ::open(folder.at("input").c_str(), O_RDONLY | O_CLOEXEC);
    const int out =
        ::open(folder.at("output").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    const int pid = spawn(argv, environment, in, out);
    int status = 0;
    ::waitpid(pid, &status, 0);
    return {.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
            .output = folder.read("output")};
}

Service::~Service() { kill(); }

void Service::start(const std::vector<std::string>& argv, const std::function<bool()>& ready,
                    const std::map<std::string, std::string>& environment) {
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int out =
        ::open(folder_.at("log").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    pid_ = spawn(argv, environment, in, out);
    const auto give_up_at = steady_clock::now() + start_within;
    while (!ready()) {
        int status = 0;
        const bool ended = ::waitpid(pid_, &status, WNOHANG) == pid_;
        if (ended) pid_ = -1;
        if (ended || steady_clock::now() > give_up_at)
            throw std::runtime_error(argv[0] + " did not start: " + log());
        std::this_thread::sleep_for(look_every);
    }
}

void Service::stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    const auto give_up_at = steady_clock::now() + stop_within;
    while (::waitpid(pid_, nullptr, WNOHANG) != pid_) {
        if (steady_clock::now() > give_up_at) return kill();
        std::this_thread::sleep_for(look_every);
    }
    pid_ = -1;
}

void Service::kill() {
    if (pid_ <= 0) return;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

std::string Service::log() const { return folder_.read("log"); }

}  // namespace perilune::test
