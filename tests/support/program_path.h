// Where the programs are that were built together with a test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace perilune::test {

inline std::string program_path(const std::string& name) {
    if (const char* folder = std::getenv("PERILUNE_BIN")) return std::string(folder) + "/" + name;
    return std::filesystem::read_symlink("/proc/self/exe").replace_filename(name).string();
}

}  // namespace perilune::test
