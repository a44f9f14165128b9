// The programs of local_rig.h on a real sshd of the test's own.
#pragma once

#include <thread>

#include "tests/bindings/process/local_rig.h"
#include "tests/services/ssh_server.h"

namespace perilune::test {

inline bool has_sshd() { return has_program("sshd") && has_program("ssh"); }

inline std::string state_there(const TemporaryFolder& folder) { return folder.path() + "/there"; }

inline Value ssh_settings(const SshServer& server, const TemporaryFolder& folder) {
    Value settings = declared(folder.path());
    settings.set("host", "127.0.0.1").set("port", server.port()).set("user", server.user());
    settings.set("identity", server.identity()).set("known_hosts", server.known_hosts());
    settings.set("config", "/dev/null").set("state_folder", state_there(folder));
    return settings;
}

inline DriverRig make_ssh_rig(Value settings, const TemporaryFolder& folder) {
    return DriverRig(process_family, process_ssh_kind, "process/there", std::move(settings),
                     folder.path() + "/here");
}

inline DriverRig make_ssh_rig(const SshServer& server, const TemporaryFolder& folder) {
    return make_ssh_rig(ssh_settings(server, folder), folder);
}

// The folder of an intent's run.
inline std::string run_there(const TemporaryFolder& folder, const std::string& key) {
    for (const auto& machine : std::filesystem::directory_iterator(state_there(folder)))
        return machine.path().string() + "/runs/" + to_hex(sha256(key)).substr(0, 32);
    return "";
}

// An sshd, a driver, and the program "marks" as one intent, which goes on until it is let go.
struct Trouble {
    TemporaryFolder folder;
    SshServer server;
    DriverRig rig;
    std::string mark = folder.path() + "/mark";
    std::string key = to_hex(random_bytes(16));

    explicit Trouble(const std::string& more = "")
        : server(more), rig(make_ssh_rig(server, folder)) {}

    // Acts on "marks"; once the program has begun, `then` is done from another thread.
    Changed run_and(const std::function<void()>& then, const std::string& timeout = "60s") {
        std::thread other([&] {
            CHECK(eventually([&] { return content(mark).find("begun") != std::string::npos; }));
            then();
        });
        Changed made = rig.change("run", call().set("timeout", timeout), key);
        other.join();
        return made;
    }
    Value call() const { return program("marks", {mark}); }
    void let_go() const { CHECK(write_file_durably(mark + ".go", "").ok()); }
    int process() const { return std::atoi(content(run_there(folder, key) + "/program").c_str()); }
};

}  // namespace perilune::test
