#include "tests/services/ssh_server.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace perilune::test {

namespace {

constexpr const char* privilege_folder = "/run/sshd";  // Which Debian's service would make.

void make_key(const std::string& path) {
    const auto made =
        run_to_end({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path});
    if (made.code != 0) throw std::runtime_error("ssh-keygen: " + made.output);
}

// 0 would be every process of the group.
void send(int pid, int signal) {
    if (pid > 0) ::kill(pid, signal);
}

// The name of a process's program and the number of its parent; empty where it is gone.
std::pair<std::string, int> name_and_parent(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    std::string text;
    std::getline(file, text);
    const auto open = text.find('(');
    const auto close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) return {};
    return {text.substr(open + 1, close - open - 1), std::atoi(text.c_str() + close + 4)};
}

// The process that listens, known by its configuration; 0 where there is none.
int listener(const std::string& config) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "cmdline", std::ios::binary);
        const std::string words((std::istreambuf_iterator<char>(file)), {});
        if (words.find(config) != std::string::npos)
            return std::atoi(entry.path().filename().c_str());
    }
    return 0;
}

}  // namespace

SshServer::SshServer(const std::string& more) {
    if (::getuid() == 0) ::mkdir(privilege_folder, 0755);
    make_key(folder_.at("host"));
    make_key(folder_.at("client"));
    folder_.write("authorized_keys", folder_.read("client.pub"), 0600);
    folder_.write("known_hosts", host_line(folder_.at("host")));
    folder_.write("config", "Port " + std::to_string(port_) +
                                "\nListenAddress 127.0.0.1\nHostKey " + folder_.at("host") +
                                "\nAuthorizedKeysFile " + folder_.at("authorized_keys") +
                                "\nPidFile none\nStrictModes no\nUsePAM no\n"
                                "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                                "PermitRootLogin prohibit-password\nMaxStartups 100\n" +
                                more + "\n");
    start();
}

SshServer::~SshServer() { cut_off(); }

void SshServer::start() {
    service_.start({"/usr/sbin/sshd", "-D", "-e", "-f", folder_.at("config")},
                   [this] { return accepts(port_); });
}

std::string SshServer::user() const { return ::getpwuid(::getuid())->pw_name; }

std::string SshServer::other_key() const {
    if (!std::filesystem::exists(folder_.at("other"))) make_key(folder_.at("other"));
    return folder_.at("other");
}

std::string SshServer::host_line(const std::string& path) const {
    std::ifstream file(path + ".pub");
    std::string kind;
    std::string key;
    file >> kind >> key;
    return "[127.0.0.1]:" + std::to_string(port_) + " " + kind + " " + key + "\n";
}

void SshServer::let_in(const std::string& path) const {
    std::ifstream file(path + ".pub");
    std::string line;
    std::getline(file, line);
    folder_.write("authorized_keys", folder_.read("authorized_keys") + line + "\n", 0600);
}

std::vector<int> SshServer::processes() const {
    std::vector<int> found = {listener(folder_.at("config"))};
    for (std::size_t known = 0; known != found.size();) {
        known = found.size();
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            const int pid = std::atoi(entry.path().filename().c_str());
            const auto [name, parent] = name_and_parent(entry.path().filename());
            if (pid > 0 && name.starts_with("sshd") &&
                std::find(found.begin(), found.end(), parent) != found.end() &&
                std::find(found.begin(), found.end(), pid) == found.end())
                found.push_back(pid);
        }
    }
    return found;
}

void SshServer::cut_off() {
    if (!service_.running()) return;
    // Stopped first, so that none starts another while they are ended one by one.
    const auto all = processes();
    for (const int pid : all) send(pid, SIGSTOP);
    for (const int pid : processes()) send(pid, SIGKILL);
    service_.kill();
}

void SshServer::freeze() const {
    for (const int pid : processes()) send(pid, SIGSTOP);
}

void SshServer::thaw() const {
    for (const int pid : processes()) send(pid, SIGCONT);
}

}  // namespace perilune::test
