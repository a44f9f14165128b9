#include "tests/services/journal.h"

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <doctest/doctest.h>

namespace perilune::test {

namespace {

constexpr const char* journald = "/lib/systemd/systemd-journald";

std::string machine_id() {
    std::ifstream file("/etc/machine-id");
    std::string id;
    file >> id;
    return id;
}

}  // namespace

bool has_journal() {
    if (!has_program(journald) || !has_program("journalctl")) return false;
    static const std::string problem = [] {
        if (::getuid() != 0 || machine_id().empty())
            return std::string("it needs root, and an /etc/machine-id");
        try {
            const Journal trial;
        } catch (const std::exception& thrown) {  // A container may forbid it.
            return std::string(thrown.what());
        }
        return std::string();
    }();
    if (!problem.empty()) MESSAGE("skipped: a journal of one's own: " << problem);
    return problem.empty();
}

Journal::Journal() : name_("perilune" + std::to_string(::getpid())) {
    service_.start({journald, name_}, [this] { return std::filesystem::exists(socket()); });
}

Journal::~Journal() {
    service_.stop();
    std::error_code code;
    std::filesystem::remove_all("/run/systemd/journal." + name_, code);
    for (const char* folder : {"/var/log/journal/", "/run/log/journal/"})
        std::filesystem::remove_all(folder + machine_id() + "." + name_, code);
}

}  // namespace perilune::test
