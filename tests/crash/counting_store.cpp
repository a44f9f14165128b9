#include "tests/crash/counting_store.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <unistd.h>

#include "interpreter/base/files.h"

namespace perilune {

namespace {

std::optional<std::string> read_all(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return std::nullopt;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace

void CountingStore::commit(const std::string& operation, const std::string& name,
                           const std::string& key) {
    const std::string line = operation + " " + name + " " + (key.empty() ? "-" : key) + "\n";
    const std::string path = folder_ + "/acts";
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const bool written =
        fd >= 0 && ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size()) &&
        ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (!written) throw std::runtime_error("The act could not be counted in " + path);
}

std::vector<CountingStore::Act> CountingStore::acts() const {
    std::istringstream lines(read_all(folder_ + "/acts").value_or(""));
    std::vector<Act> found;
    Act act;
    while (lines >> act.operation >> act.name >> act.key) found.push_back(act);
    return found;
}

std::string CountingStore::take_fault(const std::string& name) {
    const std::string path = folder_ + "/fault." + name;
    const auto fault = read_all(path);
    if (!fault) return "";
    std::filesystem::remove(path);
    return *fault;
}

std::optional<std::string> CountingStore::value(const std::string& name) const {
    return read_all(folder_ + "/value." + name);
}

void CountingStore::keep(const std::string& name, const std::optional<std::string>& value) {
    const std::string path = folder_ + "/value." + name;
    if (!value) {
        std::filesystem::remove(path);
    } else if (const auto kept = write_file_durably(path, *value); !kept) {
        throw std::runtime_error(kept.error().message);
    }
}

}  // namespace perilune
