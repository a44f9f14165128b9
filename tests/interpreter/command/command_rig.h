// The built program executed as a person would, in a library and a state folder of the test's own.
#pragma once

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <string>
#include <vector>

#include <stdlib.h>
#include <unistd.h>

#include "interpreter/base/child.h"
#include "interpreter/base/json.h"
#include "tests/support/program_path.h"

namespace perilune::test {

// A file of the repository.
inline std::string source_path(const std::string& name) {
    const char* folder = std::getenv("PERILUNE_SOURCE");
    return folder ? std::string(folder) + "/" + name : name;
}

inline bool holds(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

class CommandRig {
public:
    using Words = std::vector<std::string>;

    CommandRig() {
        std::string name = std::filesystem::temp_directory_path() / "perilune-command-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        write("library/perilune.yaml", "name: demo\nversion: 1.2.3\nsummary: For tests\n");
    }
    ~CommandRig() {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    CommandRig(const CommandRig&) = delete;
    CommandRig& operator=(const CommandRig&) = delete;

    std::string at(const std::string& name) const { return folder_ + "/" + name; }
    void write(const std::string& name, std::string_view text) const {
        std::filesystem::create_directories(std::filesystem::path(at(name)).parent_path());
        std::ofstream(at(name), std::ios::binary) << text;
    }
    void add_environment(const std::string& more = "") const {
        write("library/environments/local.yaml",
              "kind: development\ntargets:\n"
              "  storage/files: { driver: folder, path: files }\n"
              "  dns/site: { driver: zone_file, path: site.zone, zone: example.org }\n" +
                  more);
        write("library/site.zone",
              "$ORIGIN example.org.\n$TTL 300\n"
              "@ IN SOA ns.example.org. root.example.org. 1 1h 1h 1d 5m\n"
              "@ IN NS ns.example.org.\nns IN A 192.0.2.1\n");
        std::filesystem::create_directories(at("library/files"));
    }
    // The runbook `wait` goes on until there is a file `go` among the files.
    void add_waiting_runbook() const {
        write("library/runbooks/wait.lua", R"(return runbook {
  summary = "Waits for a file",
  targets = { ["storage/files"] = {}, ["dns/site"] = { "upsert" } },
  parameters = { value = { type = "string", default = "192.0.2.7" } },
  locks = { "traffic/site" },
  run = function(params)
    step("Point the name", function()
      dns("site"):upsert { name = "app", type = "A", value = params.value, ttl = "1m" }
    end)
    step("Wait for the file", function()
      wait_until("the file is there", { within = "1m", every = "20ms" }, function()
        return storage("files"):head { key = "go" }
      end)
    end)
  end,
}
)");
    }
    void let_go() const { write("library/files/go", "go"); }

    // Executes the program to its end; a minute is for ever. `spoke` tells when it first said
    // something.
    Ended run(const Words& words, std::atomic<bool>* spoke = nullptr) const {
        Program program;
        program.argv = {program_path("perilune")};
        program.argv.insert(program.argv.end(), words.begin(), words.end());
        program.folder = at("library");
        program.environment = {"HOME=" + folder_, "PERILUNE_STATE=" + at("state"), "LANG=C.UTF-8"};
        program.on_output = [spoke](std::string_view) {
            if (spoke) *spoke = true;
        };
        const auto loop = Loop::make();
        Ended ended;
        loop->post([&] {
            auto task = run_program(*loop, std::move(program), std::make_shared<Cancel>(),
                                    boot_now_s() + 240);
            start_task(std::move(task), [&](Ended value) {
                ended = std::move(value);
                loop->stop();
            });
        });
        loop->run();
        return ended;
    }
    std::future<Ended> start(const Words& words, std::atomic<bool>* spoke = nullptr) const {
        return std::async(std::launch::async, [this, words, spoke] { return run(words, spoke); });
    }
    // What a command prints with --json.
    Value json(Words words) const {
        words.emplace_back("--json");
        auto read = from_json(run(words).output);
        return read ? *read : Value();
    }
    // Looks again and again, at most for half a minute.
    static bool wait_until(const std::function<bool()>& is_so) {
        const double until = boot_now_s() + 30;
        while (boot_now_s() < until) {
            if (is_so()) return true;
            ::usleep(20000);
        }
        return false;
    }

private:
    std::string folder_;
};

}  // namespace perilune::test
