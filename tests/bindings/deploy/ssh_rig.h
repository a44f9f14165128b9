// A deploy target of three hosts: an sshd each on an address of this machine, units under Debian's
// systemctl for machines without systemd, and real instances (app.py).
#pragma once

#include <memory>

#include "tests/bindings/deploy/local_rig.h"
#include "tests/services/journal.h"
#include "tests/services/ssh_server.h"

namespace perilune::test {

inline std::string sources() {
    const char* source = std::getenv("PERILUNE_SOURCE");
    return (source ? std::filesystem::path(source) : std::filesystem::current_path()).string();
}

inline std::string systemctl_program() { return sources() + "/.build/systemctl/usr/bin/systemctl"; }

inline bool has_fleet() {
    return has_program("sshd") && has_program("ssh") && has_program("curl") &&
           has_program(systemctl_program());
}

class FleetWorld {
public:
    // `journal`: where units write; null: to a file of this systemctl.
    explicit FleetWorld(int at_once = 1, int hosts = 3, const Journal* journal = nullptr)
        : port(find_ports()), journal_(journal) {
        for (const char* version : {"v1", "v2", "v3", "bad-1", "crashing-1"}) {
            const std::string path = folder.path() + "/artifacts/" + version;
            REQUIRE(make_folders(path + "/static").ok());
            REQUIRE(write_file_durably(path + "/version", std::string(version) + "\n").ok());
            REQUIRE(write_file_durably(path + "/static/page", std::string(1000, 'x')).ok());
        }
        std::string known;
        List names;
        for (int number = 1; number <= hosts; ++number) {
            servers.push_back(
                std::make_unique<SshServer>("ListenAddress " + address(number) + "\n"));
            const SshServer& server = *servers.back();
            names.push_back(server.user() + "@" + address(number) + ":" +
                            std::to_string(server.port()));
            known += address_line(server, number);
            servers.back()->let_in(servers.front()->identity());
            write_unit(number);
        }
        REQUIRE(write_file_durably(folder.path() + "/known_hosts", known).ok());
        // A third of a session's time is another key exchange.
        REQUIRE(write_file_durably(folder.path() + "/config", "KexAlgorithms curve25519-sha256\n")
                    .ok());
        settings.set("hosts", names).set("identity", servers.front()->identity());
        settings.set("known_hosts", folder.path() + "/known_hosts")
            .set("config", folder.path() + "/config");
        settings.set("folder", folder.path() + "/{host}");
        settings.set("artifacts", folder.path() + "/artifacts").set("unit", "shop-{host}.service");
        List systemctl = {"/usr/bin/env", "HOME=" + folder.path() + "/there",
                          "XDG_RUNTIME_DIR=" + folder.path() + "/runtime"};
        for (const auto& word :
             {std::string("/usr/bin/python3"), systemctl_program(), std::string("--user")})
            systemctl.push_back(word);
        settings.set("systemctl", systemctl).set("at_once", at_once);
        settings.set("health", list_of({"curl", "-fsS", "-o", "/dev/null",
                                        "http://{host}:" + std::to_string(port) + "/health"}));
        if (journal)
            settings.set("journalctl", list_of({"journalctl", "--namespace=" + journal->name()}));
        settings.set("starts_within", "10s").set("endpoint", "shop.example.net");
    }

    ~FleetWorld() {
        for (const int pid : processes()) ::kill(pid, SIGKILL);
        CHECK(eventually([&] { return processes().empty(); }));
    }

    static std::string address(int number) { return "127.0.0." + std::to_string(number); }
    std::string root(int number) const { return folder.path() + "/" + address(number); }

    DriverRig make_rig() const {
        return DriverRig(deploy_family, deploy_ssh_kind, "deploy/shop", settings,
                         folder.path() + "/state");
    }

    // What the host's instance says; nil where it does not answer.
    Value answer(int number, const std::string& path = "/") const {
        const auto got =
            run_to_end({"curl", "-sS", "--max-time", "5",
                        "http://" + address(number) + ":" + std::to_string(port) + path});
        const auto value = from_json(got.output);
        return value ? *value : Value();
    }
    std::string version(int number) const { return answer(number)["version"].text(); }

    // The instances.
    std::vector<int> processes() const {
        std::vector<int> found;
        std::error_code code;
        for (const auto& entry : std::filesystem::directory_iterator("/proc", code)) {
            const int pid = std::atoi(entry.path().filename().c_str());
            const auto place = std::filesystem::read_symlink(entry.path() / "cwd", code).string();
            if (pid > 0 && pid != ::getpid() && place.starts_with(folder.path()))
                found.push_back(pid);
        }
        return found;
    }

    TemporaryFolder folder;
    int port;
    std::vector<std::unique_ptr<SshServer>> servers;
    Value settings;

private:
    const Journal* journal_;

    static std::string address_line(const SshServer& server, int number) {
        // The first host's key stands for it under every name.
        std::string line = server.host_line(host_key_of(server));
        line.replace(line.find("127.0.0.1"), 9, address(number));
        return line;
    }
    static std::string host_key_of(const SshServer& server) {
        return std::filesystem::path(server.identity()).parent_path().string() + "/host";
    }

    std::string into_journal(int number) const {
        if (!journal_) return "";
        return "/usr/bin/python3 " + sources() + "/tests/bindings/deploy/into_journal.py " +
               journal_->socket() + " shop-" + address(number) + ".service ";
    }

    void write_unit(int number) const {
        const std::string path = folder.path() + "/there/.config/systemd/user";
        REQUIRE(make_folders(path).ok());
        REQUIRE(make_folders(folder.path() + "/runtime").ok());
        REQUIRE(make_folders(root(number)).ok());
        const std::string app = sources() + "/tests/bindings/deploy/app.py";
        // Asked by a signal, this systemctl looks a second later whether it has ended.
        const std::string text =
            "[Unit]\nDescription=A shop\n[Service]\nType=simple\nWorkingDirectory=" + root(number) +
            "/current\nEnvironmentFile=-" + root(number) +
            "/current.env\nExecStart=" + into_journal(number) + "/usr/bin/python3 " + app + " " +
            std::to_string(port) + " " + address(number) +
            "\nExecStop=/bin/sh -c 'kill -9 $MAINPID; sleep 0.05'\n";
        REQUIRE(write_file_durably(path + "/shop-" + address(number) + ".service", text).ok());
    }
};

}  // namespace perilune::test
