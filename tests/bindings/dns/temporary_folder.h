// A folder of a test's own, removed with everything in it when the test ends.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "interpreter/base/files.h"

namespace perilune::test {

class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "perilune-XXXXXX").string();
        if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp failed");
        path_ = pattern;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }
    std::string path(const std::string& name) const { return path_ + "/" + name; }

    void write(const std::string& name, std::string_view bytes) const {
        const auto written = write_file_durably(path(name), bytes);
        if (!written) throw std::runtime_error(written.error().message);
    }
    std::string read(const std::string& name) const {
        const auto bytes = read_file(path(name));
        if (!bytes) throw std::runtime_error(bytes.error().message);
        return *bytes;
    }

private:
    std::string path_;
};

}  // namespace perilune::test
