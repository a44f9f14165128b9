// A deploy target of this machine with real instances (app.py), and proof that none is left.
#pragma once

#include <csignal>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interpreter/base/files.h"
#include "interpreter/base/json.h"
#include "interpreter/base/kept.h"
#include "tests/bindings/deploy/deploy_conformance.h"
#include "tests/support/eventually.h"

namespace perilune::test {

inline bool is_free(int port) {
    const Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// The first of ten free ports below those that the system hands out by itself.
inline int find_ports() {
    for (int tries = 0; tries < 1000; ++tries) {
        const std::string bytes = random_bytes(2);
        const int high = static_cast<unsigned char>(bytes[0]);
        const int first = 10000 + (high * 256 + static_cast<unsigned char>(bytes[1])) % 20000;
        bool all = true;
        for (int i = 0; i < 10; ++i) all = all && is_free(first + i);
        if (all) return first;
    }
    throw std::runtime_error("no free ports");
}

// One answer of an instance as a value; nil where it does not answer.
inline Value get(int port, const std::string& path) {
    const Descriptor made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    timeval within{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &within, sizeof within);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return {};
    const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
    ::send(made.get(), request.data(), request.size(), MSG_NOSIGNAL);
    std::string answer;
    char piece[4096];
    for (ssize_t got = 0; (got = ::recv(made.get(), piece, sizeof piece, 0)) > 0;)
        answer.append(piece, static_cast<std::size_t>(got));
    const auto body = answer.find("\r\n\r\n");
    if (body == std::string::npos) return {};
    const auto value = from_json(answer.substr(body + 4));
    return value ? *value : Value();
}

class LocalWorld {
public:
    explicit LocalWorld(int instances = 1, Value more = {}) : port(find_ports()) {
        for (const char* version : {"v1", "v2", "v3", "bad-1", "crashing-1"}) build(version);
        const char* source = std::getenv("PERILUNE_SOURCE");
        const auto sources =
            source ? std::filesystem::path(source) : std::filesystem::current_path();
        const std::string app = (sources / "tests/bindings/deploy/app.py").string();
        settings = std::move(more);
        settings.set("folder", root()).set("artifacts", folder.path() + "/artifacts");
        settings.set("command", list_of({"/usr/bin/python3", app, "{port}"}));
        settings.set("port", port).set("health", "/health").set("instances", instances);
        if (!settings.has("starts_within")) settings.set("starts_within", "5s");
    }

    ~LocalWorld() {
        if (::access((root() + "/state.json").c_str(), F_OK) == 0) {
            DriverRig rig = make_rig();
            CHECK(rig.change("stop").ok());
        }
        if (const int pid = supervisor(); pid > 0) ::kill(pid, SIGTERM);
        CHECK_MESSAGE(eventually([&] { return processes().empty(); }),
                      "something was left running");
        for (const int pid : processes()) ::kill(pid, SIGKILL);
    }

    std::string root() const { return folder.path() + "/target"; }

    void build(const std::string& version) {
        const std::string path = folder.path() + "/artifacts/" + version;
        REQUIRE(make_folders(path + "/static").ok());
        REQUIRE(write_file_durably(path + "/version", version + "\n").ok());
        REQUIRE(write_file_durably(path + "/static/page", std::string(1000, 'x')).ok());
    }

    DriverRig make_rig(const std::string& state = "/state") const {
        return DriverRig(deploy_family, deploy_local_kind, "deploy/web", settings,
                         folder.path() + state);
    }

    // The living supervisor's process id, or 0.
    int supervisor() const {
        const auto text = read_file(root() + "/supervisor/place.json");
        if (!text || !kept_is_held(root() + "/supervisor")) return 0;
        return static_cast<int>((*from_canonical_json(*text))["pid"].integer());
    }

    KeptStatus keeper(int number) const {
        const auto status = read_kept_status(root() + "/run/" + std::to_string(number));
        REQUIRE(status.ok());
        REQUIRE(status->has_value());
        return **status;
    }

    // Every process that has this world's folder in its command line or works in it.
    std::vector<int> processes() const {
        std::vector<int> found;
        std::error_code code;
        for (const auto& entry : std::filesystem::directory_iterator("/proc", code)) {
            const int pid = std::atoi(entry.path().filename().c_str());
            if (pid <= 0 || pid == ::getpid()) continue;
            const auto line = read_file(entry.path().string() + "/cmdline");
            const auto place = std::filesystem::read_symlink(entry.path() / "cwd", code).string();
            if ((line && line->find(folder.path()) != std::string::npos) ||
                place.starts_with(folder.path()))
                found.push_back(pid);
        }
        return found;
    }

    Value answer(int number, const std::string& path = "/") const {
        return get(port + number - 1, path);
    }

    TemporaryFolder folder;
    int port;
    Value settings;
};

}  // namespace perilune::test
